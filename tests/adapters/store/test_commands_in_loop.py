"""Commands of coroutines are carried out in their event loop: each is recorded once, or refused without a trace."""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.bootstrap import Installation
from adapters.database.prepared import Ask, Steps
from adapters.database.session import Write
from adapters.store.communications import Communications
from domain.communication import InvoiceCommunication
from tests.adapters.store.test_commands import (
    ENDS,
    TENANT,
    Command,
    RefusedError,
    Seen,
    kill_sessions,
    place,
    sending,
)
from tests.support.eventually import eventually


@pytest.fixture(autouse=True)
def _whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.loop_merging.PARTED", 1000)


def send(
    store: Communications, number: int = 0, command: Command | None = None, **given: Any
) -> Coroutine[Any, Any, tuple[Seen, int]]:
    asked = command or sending(str(uuid4()), number)
    return store.change_async(place(number), asked, tenant=TENANT, **given)


def together(*asked: Coroutine[Any, Any, Any]) -> list[Any]:
    """Results and errors of what is asked in one turn of a loop."""

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(all_of_them())


def test_what_is_asked_together_is_one_commit_and_a_refusal_spoils_no_other(api: Installation) -> None:
    store = api.communications
    half_way = sending(str(uuid4()), 1, ends="half-way")
    done = together(send(store), send(store, 1), send(store, 1, half_way), send(store), send(store, 1))
    assert type(done.pop(2)) is RefusedError
    assert [seen.version for seen, _ in done] == [2, 2, 3, 3]
    with api.database.transaction(TENANT) as connection:
        commits = connection.execute("SELECT count(DISTINCT xmin::text) FROM work.attempt").fetchone()
    assert commits == (1,)
    loaded = store.load([place(0), place(1)], TENANT)
    assert loaded.positions == {place(0): done[2][1], place(1): done[3][1]}


def test_a_conflict_in_a_merged_call_is_met_again_by_each_alone(api: Installation, other: Installation) -> None:
    store = api.communications
    together(send(store))
    meddled: list[int] = []

    def command(found: InvoiceCommunication | None) -> tuple[InvoiceCommunication | None, Seen]:
        if not meddled:
            meddled.append(1)
            with ThreadPoolExecutor(1) as thread:  # another process writes between the read and the commit
                thread.submit(asyncio.run, send(other.communications)).result()
        return sending(str(uuid4()))(found)

    done = together(send(store, 0, command), send(store), send(store, 1))
    assert sorted(seen.version for seen, _ in done) == [2, 4, 5]
    assert (len(store.get(place(), TENANT).attempts), len(store.get(place(1), TENANT).attempts)) == (4, 1)


def test_what_cannot_be_written_spoils_no_other(api: Installation) -> None:
    store = api.communications
    broken = [Write("DELETE FROM work.queue WHERE attempt_id = ANY (%s::uuid[])", [("no id",)])]
    done = together(send(store), send(store, writes=broken), send(store, 1))
    assert type(done.pop(1)) is psycopg.errors.InvalidTextRepresentation
    assert [seen.version for seen, _ in done] == [2, 2]


def test_what_else_is_written_knows_the_position_and_shares_the_commit(api: Installation) -> None:
    store, told = api.communications, []

    def also(seen: Seen, position: int) -> list[Write]:
        told.append((seen, position))
        return [Write("DELETE FROM work.queue WHERE communication_id = ANY (%s::uuid[])", [(place(len(told) - 1),)])]

    def failing(*_: object) -> list[Write]:
        raise RefusedError

    done = together(send(store, also=also), send(store, 1, also=also), send(store, 2))
    assert told == done[:2]
    with api.database.transaction(TENANT) as connection:
        rows = connection.execute("SELECT communication_id FROM work.queue").fetchall()
    assert rows == [(place(2),)]
    refused, other = together(send(store, 3, also=failing), send(store, 4))
    assert type(refused) is RefusedError
    assert other[0].version == 2
    assert place(3) not in store.load([place(3)], TENANT).found


def test_a_command_that_asks_the_database_itself_runs_in_a_thread(api: Installation) -> None:
    store = api.communications
    loops: list[bool] = []

    def asking(found: InvoiceCommunication | None) -> tuple[InvoiceCommunication | None, Seen]:
        loops.append(_in_loop())
        api.keys.customer(TENANT, "customer:1", api.clock())
        return sending(str(uuid4()))(found)

    done = together(send(store), send(store, 0, asking), send(store))
    assert loops == [True, False]
    assert sorted(seen.version for seen, _ in done) == [2, 3, 4]


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def test_a_connection_that_dies_while_nobody_uses_it_is_not_used(api: Installation, database_url: str) -> None:
    store = api.communications

    async def told() -> list[int]:
        first, _ = await send(store)
        await asyncio.to_thread(kill_sessions, database_url)
        second, _ = await send(store)
        return [first.version, second.version]

    assert asyncio.run(told()) == [2, 3]


def test_connections_come_back_when_nobody_needs_them_and_when_a_loop_ends(
    api: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, pool = api.communications, api.database.pool
    monkeypatch.setattr("adapters.database.loop.KEPT", 0.01)

    async def told() -> None:
        await send(store)
        assert pool.get_stats()["pool_available"] < pool.get_stats()["pool_size"]
        await asyncio.to_thread(eventually, lambda: pool.get_stats()["pool_available"] == pool.get_stats()["pool_size"])

    asyncio.run(told())
    monkeypatch.setattr("adapters.database.loop.KEPT", 1000)
    for _ in range(pool.max_size + 1):
        together(send(store), *(send(store, number) for number in range(4)))
    assert len(store.get(place(), TENANT).attempts) == 2 * pool.max_size + 3


def test_a_loop_whose_pool_is_empty_waits_beside_everything_else(api: Installation) -> None:
    store, pool = api.communications, api.database.pool
    taken = [pool.getconn() for _ in range(pool.max_size)]

    async def told() -> Seen:
        asked = asyncio.create_task(send(store))
        await asyncio.to_thread(eventually, lambda: pool.get_stats().get("requests_waiting"))
        for one in taken:
            pool.putconn(one)
        return (await asked)[0]

    assert asyncio.run(told()).version == 2


# aggregates that are likely to be new are not read


@pytest.fixture
def reads(api: Installation, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many aggregates each read was for; after four new ones the next are taken for new."""
    found: list[int] = []
    reading = api.communications.recorder.reading

    def counting(ids: Collection[int], tenant: UUID | None = None) -> Ask:
        found.append(len(ids))
        return reading(ids, tenant)

    monkeypatch.setattr(api.communications.recorder, "reading", counting)
    monkeypatch.setattr("adapters.store.batch.LIKELY", 4)
    return found


def in_one_loop(*turns: list[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Results and errors of what is asked turn by turn."""

    async def all_of_them() -> list[Any]:
        return [one for turn in turns for one in await asyncio.gather(*turn, return_exceptions=True)]

    return asyncio.run(all_of_them())


def test_after_many_new_ones_the_next_are_not_read(api: Installation, reads: list[int]) -> None:
    store = api.communications
    done = in_one_loop(*([send(store, 2 * n), send(store, 2 * n + 1)] for n in range(5)))
    assert reads == [2, 2]
    assert [seen.version for seen, _ in done] == [2] * 10
    assert sorted(position for _, position in done) == list(range(2, 21, 2))


def test_one_that_is_not_new_is_read_and_the_next_are_too(api: Installation, reads: list[int]) -> None:
    store = api.communications
    done = in_one_loop(
        [send(store, number) for number in range(4)], [send(store, 4), send(store, 2)], [send(store, 5)], [send(store)]
    )
    assert [seen.version for seen, _ in done] == [2, 2, 2, 2, 2, 3, 2, 3]
    assert reads == [4, 2, 1, 1]


def test_an_old_one_that_was_read_shows_that_not_all_are_new(api: Installation, reads: list[int]) -> None:
    store = api.communications
    in_one_loop([send(store), send(store, 1)], [send(store)], [send(store, 2), send(store, 3)], [send(store, 4)])
    assert reads == [2, 1, 2, 1]


@pytest.mark.parametrize("ends", ["looked", "refused", "half-way"])
def test_what_records_nothing_has_always_read(api: Installation, reads: list[int], ends: str) -> None:
    store = api.communications
    asked = sending(str(uuid4()), 2, ends=ends)
    *_, other, last = in_one_loop([send(store, number) for number in range(4)], [send(store, 4), send(store, 2, asked)])
    assert reads == [4, 2]
    assert other[0].version == 2
    if ends == "looked":
        assert last[0].version == 2
    else:
        assert type(last) is RefusedError
    assert len(store.get(place(2), TENANT).attempts) == 1


def test_a_lost_commit_answer_of_a_new_one_records_it_once(
    api: Installation, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, lost = api.communications, []
    inserting = store.recorder.inserting

    def losing(*given: Any, **more: Any) -> Steps[list[int]]:
        ids = yield from inserting(*given, **more)
        if len(reads) == 1 and len(ids) == 4:
            lost.extend(ids)
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return ids

    monkeypatch.setattr(store.recorder, "inserting", losing)
    done = in_one_loop([send(store, number) for number in range(4)], [send(store, 4), send(store, 5)])
    assert sorted(position for _, position in done[4:]) == lost[1::2]
    assert len(store.get(place(4), TENANT).attempts) == 1


def test_a_wrong_guess_leaves_nothing_of_what_else_was_to_be_written(api: Installation, reads: list[int]) -> None:
    store, told = api.communications, []

    def also(_: Seen, position: int) -> list[Write]:
        told.append(position)
        return []

    done = in_one_loop(
        [send(store, number) for number in range(4)], [send(store, 1, also=also), send(store, 4, also=also)]
    )
    assert reads == [4, 2]
    assert told == [position for _, position in done[4:]]


# any mix, from two loops and from threads, with sessions that die and callers that give up


class Story(NamedTuple):
    """One command: from which loop (2: from a thread), on which subject, how it ends, whether its caller gives up."""

    where: int
    number: int
    ends: str
    gives_up: bool


class Told(NamedTuple):
    story: Story
    seen: Seen | None
    position: int


class Mix:
    def __init__(self, store: Communications, kill: Callable[[], None]) -> None:
        self.store = store
        self.kill = kill
        self.tenant = uuid4()
        self.told: dict[str, Told] = {}
        self.given_up: set[str] = set()

    async def in_loop(self, stories: list[tuple[Story, bool]]) -> None:
        await asyncio.gather(*(self._ask(story, kills) for story, kills in stories))

    async def _ask(self, story: Story, kills: bool) -> None:
        if kills:
            await asyncio.to_thread(self.kill)
        attempt_id, where, command = self._command(story)
        asked = asyncio.create_task(self.store.change_async(where, command, tenant=self.tenant))
        if story.gives_up:
            await asyncio.sleep(0)
            asked.cancel()
        try:
            self.told[attempt_id] = Told(story, *await asked)
        except RefusedError:
            self.told[attempt_id] = Told(story, None, 0)
        except asyncio.CancelledError:
            self.given_up.add(attempt_id)

    def in_thread(self, story: Story) -> None:
        attempt_id, where, command = self._command(story)
        try:
            self.told[attempt_id] = Told(story, *self.store.change(where, command, tenant=self.tenant))
        except RefusedError:
            self.told[attempt_id] = Told(story, None, 0)

    def _command(self, story: Story) -> tuple[str, UUID, Command]:
        attempt_id = str(uuid4())
        return attempt_id, place(story.number, self.tenant), sending(attempt_id, story.number, self.tenant, story.ends)

    def check(self, number: int) -> None:
        """Against the store: each version belongs to the one command that saw it; of those given up, maybe."""
        where = place(number, self.tenant)
        rows = self.store.recorder.streams([where], self.tenant)
        assert [row[1] for row in rows] == list(range(1, len(rows) + 1))
        found = self.store.load([where], self.tenant).found.get(where)
        order = tuple(found.attempts) if found else ()
        mine = {attempt_id: one for attempt_id, one in self.told.items() if one.story.number == number}
        sent = {attempt_id for attempt_id, one in mine.items() if one.story.ends == ""}
        assert sent <= set(order) <= sent | self.given_up
        positions = dict(zip(order, (row[5] for row in rows[1:]), strict=True))
        for story, seen, position in mine.values():
            assert (seen is None) == (story.ends in ("refused", "half-way"))
            if seen is not None:
                assert seen.attempts == order[: len(seen.attempts)]
                assert position == (positions[seen.attempts[-1]] if seen.attempts else 0)


STORIES = st.lists(
    st.builds(Story, st.integers(0, 2), st.integers(0, 2), ENDS, st.integers(0, 3).map(lambda n: n == 0)),
    min_size=1, max_size=60,
)  # fmt: skip


@pytest.mark.parametrize("likely", [1, 3, 1000])
@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(stories=STORIES, kills=st.lists(st.integers(0, 59), max_size=3))
def test_any_mix_is_recorded_as_if_one_came_after_the_other(
    api: Installation,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    likely: int,
    stories: list[Story],
    kills: list[int],
) -> None:
    monkeypatch.setattr("adapters.store.batch.LIKELY", likely)
    mix = Mix(api.communications, partial(kill_sessions, database_url))
    numbered = [(story, count in kills) for count, story in enumerate(stories)]
    with ThreadPoolExecutor(8) as threads:
        loops = [[one for one in numbered if one[0].where == where] for where in (0, 1)]
        running = [threads.submit(asyncio.run, mix.in_loop(mine)) for mine in loops]
        running += [threads.submit(mix.in_thread, story) for story in stories if story.where == 2]
        for one in running:
            one.result()
    for number in range(3):
        mix.check(number)
