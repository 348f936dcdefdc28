"""Steps carried out in an event loop, and by a thread that waits: trips are transactions, and nothing is left open."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from psycopg.errors import DivisionByZero, ProgrammingError, UniqueViolation

from adapters.bootstrap import Installation
from adapters.database import arrays
from adapters.database.loop import MustWaitError
from adapters.database.pipeline import Ask, LostError, prepared
from adapters.database.pool import connect
from adapters.database.prepared import BEGIN, COMMIT, Steps, asking
from adapters.database.session import Database
from tests.support.installation import installed

T = TypeVar("T")
CarryOut = Callable[[Database, Steps[Any]], Any]
PUT = "INSERT INTO events.tracking (name, position) SELECT n, 1 FROM unnest(%b::text[]) AS n"
NAMES = Ask("SELECT name FROM events.tracking ORDER BY name")
DIVIDED = Ask("SELECT 1 / n FROM unnest(%b::int8[]) AS n", (arrays.bigints([0]),))


def put(*names: str) -> Ask:
    return Ask(PUT, (arrays.texts(names),))


async def in_loop(database: Database, steps: Steps[T]) -> T:
    ended: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def done(found: T | None, error: Exception | None) -> None:
        if error is not None:
            ended.set_exception(error)
        else:
            ended.set_result(found)  # type: ignore[arg-type]

    database.carry_out_in_loop(steps, done)
    return await ended


def by_loop(database: Database, steps: Steps[T]) -> T:
    return asyncio.run(in_loop(database, steps))


def by_thread(database: Database, steps: Steps[T]) -> T:
    return database.carry_out(steps)


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    installation: Installation
    with installed(database_url, tmp_path, "sendtrail_worker") as installation:
        yield installation.database


@pytest.fixture(params=[by_loop, by_thread])
def carry_out(request: pytest.FixtureRequest) -> CarryOut:
    found: CarryOut = request.param
    return found


def test_a_trip_is_one_transaction(database: Database, carry_out: CarryOut) -> None:
    with pytest.raises(DivisionByZero):
        carry_out(database, asking(put("a"), DIVIDED, put("b")))
    assert carry_out(database, asking(NAMES)) == [[]]
    # what was passed over is prepared when it is asked again
    assert carry_out(database, asking(put("a"), put("b"), NAMES)) == [[], [], [("a",), ("b",)]]
    assert carry_out(database, asking(NAMES, NAMES)) == [[("a",), ("b",)]] * 2


def test_steps_may_go_on_behind_what_was_refused(database: Database, carry_out: CarryOut) -> None:
    def steps() -> Steps[list[str]]:
        yield [put("a")]
        try:
            yield [put("b"), put("a")]
        except UniqueViolation:
            (rows,) = yield [NAMES]
        return [name for (name,) in rows]

    assert carry_out(database, steps()) == ["a"]


def test_what_cannot_be_sent_leaves_the_connection_as_it_was(database: Database, carry_out: CarryOut) -> None:
    def steps() -> Steps[list[Any]]:
        yield [NAMES]
        try:
            yield [put("a"), Ask("SELECT %s::text", (object(),))]
        except ProgrammingError:
            return (yield [NAMES, NAMES])
        raise AssertionError("it was sent")

    assert carry_out(database, steps()) == [[], []]


def test_a_transaction_of_several_trips_is_never_left_open(database: Database, carry_out: CarryOut) -> None:
    def steps(last: list[Ask], error: Exception | None = None) -> Steps[None]:
        yield [BEGIN, put("a")]
        if error:
            raise error
        yield last

    for broken in (steps([DIVIDED, COMMIT]), steps([], ValueError("ours"))):
        with pytest.raises((DivisionByZero, ValueError)):
            carry_out(database, broken)
        assert carry_out(database, asking(NAMES)) == [[]]
    carry_out(database, steps([put("b"), COMMIT]))
    assert carry_out(database, asking(NAMES)) == [[("a",), ("b",)]]


def test_what_does_not_fit_into_the_socket_does_not_hang(database: Database, carry_out: CarryOut) -> None:
    """Both ways at once: PostgreSQL answers the first while the next are still being sent."""
    large = Ask("SELECT b FROM unnest(%b::bytea[]) AS b", (arrays.byteas([b"x" * 4_000_000]),))
    found = carry_out(database, asking(large, large, large))
    assert [len(rows[0][0]) for rows in found] == [4_000_000] * 3


@pytest.mark.parametrize("together", [False, True])
def test_a_lost_connection_is_told_and_the_next_is_another(
    database: Database, database_url: str, carry_out: CarryOut, together: bool
) -> None:
    def steps() -> Steps[None]:
        ((pid,),) = (yield [Ask("SELECT pg_backend_pid()")])[0]
        with connect(database_url, autocommit=True) as killer:
            killer.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
        yield [put("a"), put("b")] if together else [put("a")]

    with pytest.raises(LostError):
        carry_out(database, steps())
    assert carry_out(database, asking(NAMES)) == [[]]


@pytest.mark.parametrize("dropped", ["DEALLOCATE ALL", "DEALLOCATE {}"])
def test_statements_that_were_dropped_are_prepared_again(database: Database, carry_out: CarryOut, dropped: str) -> None:
    """psycopg drops all of a connection's after a rollback of its own. Beside those that were not, and new ones."""
    name = f"{prepared(NAMES.sql)[0].decode()}_0"

    def steps() -> Steps[list[Any]]:
        yield [put("a"), NAMES]
        yield [Ask(dropped.format(name))]
        yield [Ask("SELECT 1"), NAMES]
        return (yield [put("b"), Ask("SELECT 1"), NAMES])

    assert carry_out(database, steps()) == [[], [(1,)], [("a",), ("b",)]]


@pytest.mark.parametrize("left", ["SELECT pg_sleep(600)", "SELECT 1"])
def test_what_a_loop_leaves_behind_is_given_back(database: Database, left: str) -> None:
    """Under way or kept for a moment, and also where nobody knows the loop any more."""

    async def leaving() -> None:
        database.carry_out_in_loop(asking(Ask(left)), lambda _, __: None)
        await asyncio.sleep(0.01)

    for _ in range(database.pool.max_size + 1):
        asyncio.run(leaving())
        gc.collect()
    assert by_loop(database, asking(NAMES)) == [[]]


def test_nothing_waits_for_the_database_inside_the_loop(database: Database) -> None:
    def steps() -> Steps[None]:
        yield [NAMES]
        database.ask("SELECT 1", ())

    with pytest.raises(MustWaitError):
        by_loop(database, steps())
    by_thread(database, steps())


def test_many_at_once_have_a_connection_each(database: Database) -> None:
    pool = database.pool

    async def told() -> list[Any]:
        return await asyncio.gather(
            *(
                in_loop(database, asking(Ask("SELECT pg_backend_pid(), pg_sleep(0.05)")))
                for _ in range(pool.max_size * 2)
            )
        )

    found = [rows[0][0][0] for rows in asyncio.run(told())]
    assert len(found) == pool.max_size * 2
    assert len(set(found)) > 1
