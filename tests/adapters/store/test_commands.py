"""Commands of many threads are carried out together: each is recorded once, or refused without a trace."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from adapters.bootstrap import Installation
from adapters.database import arrays
from adapters.database.prepared import Steps
from adapters.database.session import Write
from adapters.store import batch
from adapters.store.communications import Communications
from adapters.store.errors import BusyError, VersionConflictError
from domain.communication import InvoiceCommunication
from tests.adapters.store import commands
from tests.adapters.store.commands import TENANT, RefusedError, Seen, place, sending
from tests.support.eventually import eventually


class Submitted:
    """How many commands threads have given to the loop."""

    really = staticmethod(asyncio.run_coroutine_threadsafe)

    def __init__(self) -> None:
        self.count = 0

    def run_coroutine_threadsafe(self, *given: Any) -> "Future[Any]":
        future: Future[Any] = self.really(*given)
        self.count += 1
        return future


def together(store: Communications, *asked: Callable[[], Any]) -> "list[Future[Any]]":
    """Asked while a command runs, so that they go into the next transaction together; all are done."""
    inside, go_on, submitted = threading.Event(), threading.Event(), Submitted()

    def held(_: InvoiceCommunication | None) -> tuple[None, None]:
        inside.set()
        assert go_on.wait(20)
        return None, None

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(len(asked) + 1) as threads:
        patch.setattr(asyncio, "run_coroutine_threadsafe", submitted.run_coroutine_threadsafe)
        threads.submit(store.change, uuid4(), held, tenant=TENANT)
        assert inside.wait(20)
        waiting = []
        for one in asked:
            waiting.append(threads.submit(one))
            eventually(lambda: submitted.count == len(waiting) + 1)
        go_on.set()
    return waiting


@pytest.fixture(autouse=True)
def _whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is not parted, so that it is known what goes together."""
    monkeypatch.setattr("adapters.merging.PARTED", 1000)


@pytest.fixture
def commits(api: Installation, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events each transaction of the API recorded."""
    found: list[int] = []
    inserting = api.communications.recorder.inserting

    def counting(events: Sequence[Any], **given: Any) -> Steps[list[int]]:
        ids = yield from inserting(events, **given)
        found.append(len(ids))
        return ids

    monkeypatch.setattr(api.communications.recorder, "inserting", counting)
    return found


def send(store: Communications, number: int = 0, ends: str = "", **given: Any) -> Callable[[], Any]:
    return lambda: store.change(place(number), sending(str(uuid4()), number, ends=ends), tenant=TENANT, **given)


def test_what_waits_is_one_commit_and_each_sees_those_before_it(api: Installation, commits: list[int]) -> None:
    store = api.communications
    done = [one.result() for one in together(store, *(send(store, number % 2) for number in range(8)))]
    assert commits == [10]
    assert [seen.version for seen, _ in done] == [2, 2, 3, 3, 4, 4, 5, 5]
    assert len({position for _, position in done}) == 8
    assert store.load([place(0), place(1)], TENANT).positions == {place(0): done[6][1], place(1): done[7][1]}


def test_a_refusal_half_way_leaves_nothing_and_spoils_no_other(api: Installation, commits: list[int]) -> None:
    store = api.communications
    asked = [
        send(store),
        send(store, ends="half-way"),
        send(store, ends="refused"),
        send(store),
        send(store, 1, "half-way"),
    ]
    done = together(store, *asked)
    assert [type(one.exception()) for one in done] == [type(None), RefusedError, RefusedError, type(None), RefusedError]
    assert commits == [3]
    assert done[3].result()[0] == Seen(3, tuple(store.get(place(), TENANT).attempts))
    assert place(1) not in store.load([place(1)], TENANT).found


def test_what_cannot_be_written_spoils_no_other(api: Installation) -> None:
    store = api.communications
    broken = [Write("DELETE FROM work.queue WHERE attempt_id = ANY (%s::uuid[])", [("no id",)])]
    done = together(store, send(store), send(store, writes=broken), send(store, 1))
    assert [type(one.exception()) for one in done] == [type(None), psycopg.errors.InvalidTextRepresentation, type(None)]
    assert (len(store.get(place(), TENANT).attempts), len(store.get(place(1), TENANT).attempts)) == (1, 1)


def test_a_conflict_is_met_again_by_each_alone(api: Installation, other: Installation, commits: list[int]) -> None:
    """Somebody else writes between the read and the commit."""
    store = api.communications
    send(store)()
    commits.clear()

    def meddled(found: InvoiceCommunication | None) -> tuple[InvoiceCommunication | None, Seen]:
        if found and found.version == 2:
            with ThreadPoolExecutor(1) as thread:  # this one is the loop's
                thread.submit(asyncio.run, commands.send(other.communications)).result()
        return sending(str(uuid4()))(found)

    done = together(store, lambda: store.change(place(), meddled, tenant=TENANT), send(store), send(store, 1))
    assert [one.exception() for one in done] == [None] * 3
    assert sorted(commits) == [1, 1, 2]
    assert (len(store.get(place(), TENANT).attempts), len(store.get(place(1), TENANT).attempts)) == (4, 1)


def test_what_else_is_written_knows_the_position_and_shares_the_commit(api: Installation) -> None:
    store, told = api.communications, []

    def also(seen: Seen, position: int) -> list[Write]:
        told.append((seen, position))
        return [Write("DELETE FROM work.queue WHERE communication_id = ANY (%s::uuid[])", [(place(len(told) - 1),)])]

    def failing(*_: object) -> list[Write]:
        raise RefusedError

    done = together(store, send(store, also=also), send(store, 1, also=also), send(store, 2))
    assert told == [one.result() for one in done[:2]]
    with api.database.transaction(TENANT) as connection:
        rows = connection.execute("SELECT communication_id FROM work.queue").fetchall()
    assert rows == [(place(2),)]
    with pytest.raises(RefusedError):
        send(store, 3, also=failing)()
    assert place(3) not in store.load([place(3)], TENANT).found


def test_a_transaction_is_bounded(api: Installation, commits: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MOST_EVENTS", 4)
    store = api.communications
    done = [one.result() for one in together(store, *(send(store, number) for number in range(9)))]
    assert commits == [4, 4, 4, 4, 2]
    assert len({position for _, position in done}) == 9


def test_a_lost_commit_answer_records_each_once(api: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    store = api.communications
    lost: list[int] = []
    inserting = store.recorder.inserting

    def losing(*given: Any, **more: Any) -> Steps[list[int]]:
        ids = yield from inserting(*given, **more)
        if not lost:
            lost.extend(ids)
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return ids

    monkeypatch.setattr(store.recorder, "inserting", losing)
    done = [one.result() for one in together(store, *(send(store, number) for number in range(5)))]
    assert sorted(position for _, position in done) == lost[1::2]


def test_endless_conflicts_of_one_do_not_hold_up_the_others(api: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    store, inserting = api.communications, api.communications.recorder.inserting
    refused: list[int] = []

    def refusing(events: Sequence[arrays.Column], **given: Any) -> Steps[list[int]]:
        if place(0).bytes in events[0].data:
            refused.append(sum(place(number).bytes in events[0].data for number in range(6)))
            raise VersionConflictError
        return (yield from inserting(events, **given))

    monkeypatch.setattr(store.recorder, "inserting", refusing)
    monkeypatch.setattr("adapters.store.communications.PATIENCE", 0.2)
    done = together(store, send(store, 0), *(send(store, number) for number in range(1, 6)))
    assert type(done[0].exception()) is BusyError
    assert refused[0] == 6
    assert set(refused[1:]) == {1}
    assert [one.exception() for one in done[1:]] == [None] * 5
