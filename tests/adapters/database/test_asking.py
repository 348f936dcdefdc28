"""One message a question: what it names does not outlive it; whatever becomes of a connection, the next is answered."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, LiteralString
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Error
from psycopg.errors import DivisionByZero, QueryCanceled

from adapters.database import pipeline
from adapters.database.asking import Asker
from adapters.database.pool import Role, sync_pool
from tests.support.read_rows import OTHER_TENANT, TENANT

ROLE: Role = "sendtrail_api"
WHO: LiteralString = "SELECT config.current_tenant(), current_setting('plan_cache_mode')"
ECHO = """SELECT %(none)s::text, %(text)s::text, %(whole)s::int8, %(at)s::timestamptz, %(id)s::uuid, %(texts)s::text[],
    %(text)s::text"""
Story = Callable[[Asker], Awaitable[Any]]
Tell = Callable[[Story], Any]


@pytest.fixture
def tell(database_url: str) -> Iterator[Tell]:
    """Carries a story out on a pool of one connection."""
    with asyncio.Runner() as runner, sync_pool(database_url, ROLE, max_size=1, statement_timeout="5s") as pool:
        asker = Asker(pool)
        yield lambda story: runner.run(_told(story, asker))
        asker.close()


def said(asker: Asker, sql: LiteralString) -> list[Any]:
    """On the connection that questions are asked on, beside them."""
    asker.close()
    with asker.pool.connection() as same:
        found = same.execute(sql)
        return found.fetchall() if found.description else []


async def _told(story: Story, asker: Asker) -> Any:
    return await story(asker)


texts = st.text(st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]), max_size=20)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=texts | st.sampled_from(["NULL", "", '"', "\\", "{}", "a,b", "%(id)s"]),
    whole=st.integers(-(2**63), 2**63 - 1),
    at=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone(timedelta(hours=5.5)))),  # noqa: DTZ001
    names=st.lists(texts, max_size=4),
)
def test_values_arrive_as_they_are(tell: Tell, text: str, whole: int, at: datetime, names: list[str]) -> None:
    values = {"none": None, "text": text, "whole": whole, "at": at, "id": TENANT, "texts": names}
    rows = tell(lambda asker: asker.ask(TENANT, ECHO, values))
    assert rows == [(None, text, whole, at.astimezone(UTC), TENANT, names, text)]


def test_a_question_names_its_tenant_and_how_it_is_planned_and_takes_both_along(tell: Tell) -> None:
    async def story(asker: Asker) -> list[Any]:
        seen: list[Any] = []
        for tenant in (TENANT, OTHER_TENANT):
            seen += await asker.ask(tenant, WHO, {})
            seen += said(asker, WHO)
        return seen

    once, none = "force_generic_plan", (None, "auto")
    assert tell(story) == [(TENANT, once), none, (OTHER_TENANT, once), none]


def test_a_question_that_fails_leaves_nothing_and_hinders_nobody(tell: Tell) -> None:
    async def story(asker: Asker) -> list[Any]:
        for _ in range(2):
            with pytest.raises(DivisionByZero):
                await asker.ask(TENANT, "SELECT 1 / %(by)s::int8", {"by": 0})
            assert said(asker, WHO) == [(None, "auto")]
        return await asker.ask(OTHER_TENANT, WHO, {})

    assert tell(story) == [(OTHER_TENANT, "force_generic_plan")]


def test_whatever_becomes_of_a_connection_the_next_question_is_answered(tell: Tell) -> None:
    async def given_up(asker: Asker) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await asker.ask(TENANT, "SELECT pg_sleep(4)", {})

    async def forgets(asker: Asker) -> None:
        said(asker, "DEALLOCATE ALL")

    async def is_killed(asker: Asker) -> None:
        with pytest.raises(Error):
            await asker.ask(TENANT, "SELECT pg_terminate_backend(pg_backend_pid())", {})

    async def takes_too_long(asker: Asker) -> None:
        with pytest.raises(QueryCanceled):
            await asker.ask(TENANT, "SELECT set_config('statement_timeout', '1ms', true), pg_sleep(9)", {})

    async def story(asker: Asker) -> None:
        for happens in (given_up, forgets, is_killed, forgets, takes_too_long, given_up):
            assert await asker.ask(TENANT, "SELECT %(n)s::int8", {"n": 7}) == [(7,)]
            await happens(asker)
            assert await asker.ask(TENANT, "SELECT %(n)s::int8", {"n": 8}) == [(8,)]
            assert await asker.ask(OTHER_TENANT, WHO, {}) == [(OTHER_TENANT, "force_generic_plan")]

    tell(story)


def test_more_at_once_than_there_are_connections_wait_for_one_another(
    tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for the pool, which would have none to give."""
    monkeypatch.setattr("adapters.database.loop.KEPT", 1000)

    async def story(asker: Asker) -> list[Any]:
        return await asyncio.gather(*(asker.ask(TENANT, "SELECT %(n)s::int8", {"n": n}) for n in range(20)))

    assert tell(story) == [[(n,)] for n in range(20)]


def test_what_was_given_up_before_its_turn_is_never_asked(tell: Tell) -> None:
    async def story(asker: Asker) -> list[Any]:
        locks = "SELECT pg_advisory_lock(77), pg_sleep(0.2)"
        first = asyncio.create_task(asker.ask(TENANT, "SELECT pg_sleep(0.1)", {}))
        others = [asyncio.create_task(asker.ask(TENANT, locks, {})) for _ in range(3)]
        await asyncio.sleep(0)
        for one in others:
            one.cancel()
        assert await first
        return await asker.ask(TENANT, "SELECT objid FROM pg_locks WHERE locktype = 'advisory'", {})

    assert tell(story) == []


def test_a_connection_keeps_the_latest_statements_alone(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "MOST_PREPARED", 5)

    async def story(asker: Asker) -> list[Any]:
        for n in (*range(9), 0, 7, 0):
            assert await asker.ask(TENANT, f"SELECT {n}, %(n)s::int8", {"n": n}) == [(n, n)]
        sql = "SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%%, $1::int8'"
        return sorted(await asker.ask(TENANT, sql.replace("%%", "%"), {}))

    # The fifth names the tenant; for this question one goes once it was asked.
    assert tell(story) == [(f"SELECT {n}, $1::int8",) for n in (0, 6, 7, 8)]


def test_answers_larger_than_any_buffer_come_whole(tell: Tell) -> None:
    rows = tell(lambda asker: asker.ask(TENANT, "SELECT repeat('x', 3000000), n FROM generate_series(1, 3) AS n", {}))
    assert [(len(text), n) for text, n in rows] == [(3_000_000, 1), (3_000_000, 2), (3_000_000, 3)]


def test_a_value_of_a_kind_that_nobody_asks_with_is_refused(tell: Tell) -> None:
    with pytest.raises(TypeError):
        tell(lambda asker: asker.ask(UUID(int=1), "SELECT %(odd)s", {"odd": object()}))
