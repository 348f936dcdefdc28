"""Events, positions and work rows go into one transaction, and commands run again after a conflict."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from msgspec.structs import replace

from adapters.bootstrap import Installation
from adapters.database.prepared import Steps
from adapters.database.session import Write
from adapters.store.communications import Communications
from adapters.store.errors import BusyError, NotFoundError, PositionLostError, VersionConflictError
from adapters.store.recorder import Advance
from domain.communication import InvoiceCommunication
from domain.errors import AttemptOpenError
from domain.values import Cause, Channel, HandedMessage, Order, Person, Personal, Recipient
from tests.support.installation import START, TestClock, installed

TENANT, OTHER_TENANT = uuid4(), uuid4()


@pytest.fixture
def worker(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    with installed(database_url, tmp_path, "sendtrail_worker", TestClock()) as found:
        yield found


def invoice(tenant: UUID = TENANT, number: str = "12345") -> InvoiceCommunication:
    return InvoiceCommunication(tenant, "invoice", number, timestamp=START)  # type: ignore[arg-type]


def order(attempt_id: str | None = None, address: str = "h1", connection: UUID | None = None) -> Order:
    recipient = Recipient(1, Personal(str(uuid4()), "c2VhbGVk"), address)
    connection_id = str(connection) if connection else None
    return Order(attempt_id or str(uuid4()), Cause.FIRST, Channel.EMAIL, [recipient], connection_id=connection_id)


def queue_of(installation: Installation) -> list[tuple[Any, ...]]:
    with installation.database.transaction() as connection:
        return connection.execute("SELECT attempt_id::text, due_at FROM work.queue ORDER BY due_at").fetchall()


def send_once(store: Communications, attempt_id: str, tenant: UUID | None = None, number: str = "12345") -> int:
    """What an API process does for one first send; returns the position."""

    def command(found: InvoiceCommunication | None) -> tuple[InvoiceCommunication, None]:
        communication = found or invoice(number=number)
        communication.send(order(attempt_id), START)
        return communication, None

    return store.change(invoice(number=number).id, command, tenant=tenant)[1]


def test_what_is_recorded_is_loaded_again_as_it_was(worker: Installation) -> None:
    communication = invoice()
    communication.send(order("0b0e7d3c-3d55-4c53-9a0c-3b6a9f1f5a10"), START)
    assert worker.communications.record([communication]) == 2
    again = worker.communications.get(communication.id)
    assert again == communication


def test_queue_and_correlation_follow_from_the_events(worker: Installation) -> None:
    connection, attempt_id = uuid4(), str(uuid4())
    communication = invoice()
    communication.send(order(attempt_id, connection=connection), START)
    worker.communications.record([communication])
    assert queue_of(worker) == [(attempt_id, START)]
    number = communication.start_dispatch(attempt_id, [1], START)
    communication.hand_over(attempt_id, number, [HandedMessage("msg-7", 1)], START)
    worker.communications.record([communication])
    assert queue_of(worker) == []
    with worker.database.transaction() as found:
        keys = found.execute("SELECT key, recipient_no FROM work.correlation ORDER BY 2 NULLS FIRST").fetchall()
    assert keys == [(attempt_id, None), ("msg-7", 1)]


def test_every_attempt_is_found_by_its_id_whoever_recorded_it(worker: Installation) -> None:
    """At once: a resend must not wait for the read model."""
    sent, again, marked = (str(uuid4()) for _ in range(3))
    communication, somebody = invoice(), Person("u-7")
    communication.send(order(sent), START)
    communication.cancel(sent, somebody, START)
    resent = replace(order(again), cause=Cause.RESEND, previous_attempt_id=sent)
    communication.resend(resent, START, timedelta(days=1))
    communication.mark_as_sent(marked, somebody, START, Personal(str(uuid4()), "c2VhbGVk"), START)
    worker.communications.record([communication])
    with worker.database.transaction() as found:
        rows = found.execute("SELECT attempt_id::text, tenant_id, communication_id FROM work.attempt").fetchall()
    assert sorted(rows) == sorted((one, TENANT, communication.id) for one in (sent, again, marked))


def test_all_or_nothing_with_the_log_position(worker: Installation) -> None:
    store = worker.communications
    store.record([], advance=[Advance("log/0", -1, 10)])
    assert store.recorder.positions(["log/0", "log/1"]) == {"log/0": 10}
    writes = [Write("DELETE FROM work.queue WHERE attempt_id = ANY (%s::uuid[])", [(uuid4(),)])]
    with pytest.raises(PositionLostError):
        store.record([invoice()], advance=[Advance("log/0", 9, 20)], writes=writes)
    with pytest.raises(NotFoundError):
        store.get(invoice().id)
    assert store.recorder.positions(["log/0"]) == {"log/0": 10}


def test_a_version_conflict_records_nothing(worker: Installation) -> None:
    store = worker.communications
    store.record([invoice()])
    one, two = store.get(invoice().id), store.get(invoice().id)
    one.send(order(address="h1"), START)
    two.send(order(address="h2"), START)
    store.record([one])
    with pytest.raises(VersionConflictError):
        store.record([two, invoice(number="9")], advance=[Advance("log/0", -1, 3)])
    assert len(store.get(invoice().id).attempts) == 1
    assert store.recorder.positions(["log/0"]) == {}


def test_sixteen_first_sends_at_once_make_one_attempt(api: Installation) -> None:
    barrier = threading.Barrier(16)

    def send(_: int) -> bool:
        barrier.wait()
        try:
            send_once(api.communications, str(uuid4()), TENANT)
        except AttemptOpenError:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        accepted = list(threads.map(send, range(16)))
    assert accepted.count(True) == 1
    assert len(api.communications.get(invoice().id, TENANT).attempts) == 1


def test_a_commit_whose_answer_is_lost_makes_no_second_attempt(
    worker: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = worker.communications.recorder
    really = recorder.inserting
    lost: list[list[int]] = []

    def inserting(*args: Any, **kwargs: Any) -> Steps[list[int]]:
        ids = yield from really(*args, **kwargs)
        if not lost:
            lost.append(ids)
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return ids

    monkeypatch.setattr(recorder, "inserting", inserting)
    attempt_id = str(uuid4())
    assert send_once(worker.communications, attempt_id) == 2
    assert list(worker.communications.get(invoice().id).attempts) == [attempt_id]


def test_endless_conflicts_end_with_busy(worker: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    def inserting(*_: Any, **__: Any) -> Steps[list[int]]:
        raise VersionConflictError

    monkeypatch.setattr(worker.communications.recorder, "inserting", inserting)
    monkeypatch.setattr("adapters.store.communications.PATIENCE", 0.05)
    with pytest.raises(BusyError):
        send_once(worker.communications, str(uuid4()))


def test_the_api_writes_and_reads_one_tenant_only(api: Installation, worker: Installation) -> None:
    worker.communications.record([invoice(OTHER_TENANT)])
    with pytest.raises(NotFoundError):
        api.communications.get(invoice(OTHER_TENANT).id, TENANT)
    with pytest.raises(ValueError, match="another tenant"):
        api.communications.record([invoice(OTHER_TENANT, "2")], tenant=TENANT)
    with pytest.raises(ValueError, match="one tenant"):
        api.communications.record([invoice(TENANT)])
    with pytest.raises(NotFoundError):
        worker.communications.get(invoice(OTHER_TENANT, "2").id)


def test_a_large_batch_does_not_hang(worker: Installation) -> None:
    batch = [invoice(number=str(n)) for n in range(1500)]
    for communication in batch:
        communication.send(order(), START)
    assert worker.communications.record(batch) == 3000
    assert len(queue_of(worker)) == 1500


def test_opposite_orders_do_not_deadlock(worker: Installation) -> None:
    ids = [invoice(number=str(n)).id for n in range(200)]
    worker.communications.record([invoice(number=str(n)) for n in range(200)])
    barrier = threading.Barrier(2)

    def write(backwards: bool) -> str:
        found = worker.communications.load(ids).found
        mine = [found[i] for i in (reversed(ids) if backwards else ids)]
        for communication in mine:
            communication.send(order(), START)
        barrier.wait()
        try:
            worker.communications.record(mine)
        except VersionConflictError:
            return "conflict"
        return "recorded"

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(write, [True, False])) == ["conflict", "recorded"]
