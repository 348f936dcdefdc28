"""Commands of coroutines are carried out in their event loop: each is recorded once, or refused without a trace."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest

from adapters.bootstrap import Installation
from adapters.database.session import Write
from domain.communication import InvoiceCommunication
from tests.adapters.store.commands import (
    TENANT,
    RefusedError,
    Seen,
    kill_sessions,
    place,
    send,
    sending,
    together,
)
from tests.support.eventually import eventually


@pytest.fixture(autouse=True)
def _whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.merging.PARTED", 1000)


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
