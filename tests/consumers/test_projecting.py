"""Batches on a real PostgreSQL: whatever is cut, killed or erased, the rows are those of the events."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, cycle
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.domain import Aggregate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import OperationalError

from adapters.database.pool import connect
from adapters.keys.ring import ERASED, MissingKeyError
from adapters.store.errors import PositionLostError
from consumers.projecting import Projecting
from domain.communication import InvoiceCommunication
from domain.customer import Customer
from domain.status import Status
from domain.values import CustomerRef, Message, Order, Recipient, SubjectDetails, SubjectType
from projections import docs, overview
from projections.errors import ProjectionError, UnprojectedEventError
from projections.personal import collect
from tests.consumers.read_models import ReadModels
from tests.projections.history import ACTS, History
from tests.projections.told import at, handed, order, report
from tests.support.eventually import eventually

ERASE = st.tuples(st.just("erase"), st.integers(0, 1))
STEP = st.one_of(ACTS, ACTS, ACTS, ERASE)
STEPS = st.lists(STEP, max_size=30)


def project(models: ReadModels, sizes: Iterator[int] | None = None) -> None:
    """Everything there is, in batches of these sizes, each by a process that begins with nothing in memory."""
    with models.reading() as connection:
        while True:
            projecting = Projecting(models.database, models.new_keys())
            projecting.begin()
            projecting.limit = next(sizes) if sizes else projecting.limit
            if not projecting.step(connection):
                return


def as_folded_whole(models: ReadModels) -> set[tuple[UUID, str]]:
    """The overview's answers, made of the tenant's aggregates as commands load them."""
    with models.database.transaction() as connection:
        sql = "SELECT DISTINCT originator_id FROM events.event WHERE tenant_id = %s"
        ids = [row[0] for row in connection.execute(sql, (models.tenant,)).fetchall()]
    found = [a for a in models.store.load(ids).found.values() if isinstance(a, InvoiceCommunication)]
    values = collect([[one.details, *(a.order for a in one.attempts.values())] for one in found])
    opened = models.new_keys().open(values)
    return {(one.id, overview.row(one, one.views(), 0, docs.subject(one, opened), opened).doc) for one in found}


def invoice(models: ReadModels, number: int = 1) -> InvoiceCommunication:
    return InvoiceCommunication(models.tenant, SubjectType.INVOICE, f"INV-{number}", timestamp=at(-1))


def asked(models: ReadModels, customer: int = 0, **facts: Any) -> Order:
    key = models.key(customer)
    people = [Recipient(1, key.seal("ap@payer.example"), key.fingerprint("ap@payer.example"), key.seal("Anna"))]
    return order(str(uuid4()), recipients=people, message=Message(key.seal("Invoice")), **facts)


def test_rows_checkpoint_and_search_columns_arrive(models: ReadModels) -> None:
    communication = handed(invoice(models), asked(models))
    communication.revise_subject(
        SubjectDetails(number="N-1", customer=CustomerRef("c-0", models.seal(0, "Payer"))), at(3)
    )
    models.record(communication)
    project(models)
    found = models.rows()
    assert {row[1] for row in found["checkpoint"]} == {models.one("SELECT max(notification_id) FROM events.event")}
    assert [len(found[table]) for table in ("communication", "attempt", "key_use")] == [1, 1, 1]
    assert models.one("SELECT search FROM read.communication") == "n-1\ninv-1\npayer\ninvoice"
    assert models.one("SELECT doc::json ->> 'last_recipient' FROM read.communication") == "ap@payer.example"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, st.lists(st.integers(1, 12), min_size=1, max_size=8), st.booleans())
def test_live_in_any_cut_a_rebuild_and_whole_streams_agree(
    shared: ReadModels, steps: list[tuple[str, int]], sizes: list[int], erased_late: bool
) -> None:
    """`erased_late`: the projector had seen everything before an erasure; else it comes in the middle of a batch."""
    shared.tenant = uuid4()
    old = shared.projector().lag()[0].head
    history = History(shared.tenant, shared.seal)
    shared.record(*history.communications, *history.customers)
    for what, number in steps:
        if what == "erase":
            if erased_late:
                project(shared, cycle(sizes))
            shared.erase(history.customers[number], [UUID(shared.key(number).id)], history.minute)
        else:
            shared.record(history.act(what, number))
    project(shared, cycle(sizes))
    live = shared.rows()
    mine = [overview.Row(*row[: len(overview.Row._fields)]) for row in live["communication"]]
    assert as_folded_whole(shared) == {(r.communication_id, r.doc) for r in mine if r.tenant_id == shared.tenant}
    projector = shared.projector()
    shared.empty()
    projector.run_once()
    assert shared.rows() == live
    shared.empty()
    project(shared, chain([max(1, old)], cycle(reversed(sizes))))
    assert shared.rows() == live


def test_a_session_killed_inside_a_batch_loses_and_doubles_nothing(models: ReadModels) -> None:
    models.record(handed(invoice(models), asked(models)))
    projecting = Projecting(models.database, models.new_keys())
    projecting.begin()
    before = models.rows()
    waits = "wait_event_type = 'Lock' AND query LIKE '%INSERT INTO read.attempt%'"
    with models.reading() as connection, ThreadPoolExecutor(1) as thread:
        with connect(models.url, "sendtrail_owner") as blocker:
            blocker.execute("LOCK TABLE read.attempt")
            step = thread.submit(projecting.step, connection)
            eventually(lambda: models.kill(waits))
        with pytest.raises(OperationalError):
            step.result(10)
        assert models.rows() == before
        projecting.begin()
        assert projecting.step(connection) == 4
    after = models.rows()
    models.empty()
    project(models)
    assert models.rows() == after


def test_whoever_comes_second_writes_nothing_and_goes_on_from_there(models: ReadModels) -> None:
    first, second = (Projecting(models.database, models.new_keys()) for _ in range(2))
    first.begin()
    second.begin()
    models.record(handed(invoice(models), asked(models)))
    with models.reading() as connection:
        assert first.step(connection) == 4
        expected = models.rows()
        with pytest.raises(PositionLostError):
            second.step(connection)
        assert models.rows() == expected
        second.begin()
        assert second.step(connection) == 0


@pytest.mark.parametrize("topic", ["InvoiceCommunication.Telepathy", "Customer"])
def test_an_unknown_event_stops_it_right_there(models: ReadModels, topic: str) -> None:
    """What came before it is shown all the same, and every try stops at the same place."""
    known, after = handed(invoice(models), asked(models)), invoice(models, 2)
    models.record(known)
    with models.database.transaction() as connection:
        columns = ([models.tenant], [uuid4()], [1], [topic], [b"{}"])
        connection.execute("SELECT events.append(%b::uuid[], %b::uuid[], %b::int8[], %b::text[], %b::bytea[])", columns)
    models.record(after)
    for _ in range(2):
        with pytest.raises(UnprojectedEventError, match=rf"{topic}.*position 5:"):
            models.projector().run_once()
        assert {row[1] for row in models.rows()["checkpoint"]} == {4}
    assert len(models.rows()["communication"]) == 1


def test_an_erasure_empties_every_row_of_the_customer_alone(models: ReadModels) -> None:
    hers, his = (handed(invoice(models, n), asked(models, n)) for n in range(2))
    for number, communication in enumerate((hers, his)):
        one = report(
            Status.FAILED, attempt_id=next(iter(communication.attempts)), detail=models.seal(number, "550 ap@")
        )
        communication.record_report(one, at(5))
    customer = Customer(models.tenant, "c-0", timestamp=at(0))
    models.record(hers, his, customer)
    project(models)
    before = models.rows()
    models.erase(customer, [UUID(models.key(0).id)])
    project(models)
    after = models.rows()
    assert "ap@payer" in str(before)
    assert str(before).count("Anna") > str(after).count("Anna") > 0
    for table in ("communication", "attempt"):
        his_rows = [row for row in after[table] if his.id in row]
        assert his_rows == [row for row in before[table] if his.id in row]
        hers_now = str([row for row in after[table] if hers.id in row])
        assert "ap@" not in hers_now
        assert ERASED in hers_now
    position = models.one("SELECT max(notification_id) FROM events.event")
    assert models.one("SELECT position FROM read.communication WHERE communication_id = %s", hers.id) == position
    assert models.one("SELECT position FROM read.attempt WHERE communication_id = %s", hers.id) == position


def test_an_erasure_reaches_a_projector_that_remembers_keys_and_values(models: ReadModels) -> None:
    communication, customer = handed(invoice(models), asked(models)), Customer(models.tenant, "c-0", timestamp=at(0))
    communication.revise_subject(SubjectDetails(customer=CustomerRef("c-0", models.seal(0, "Payer"))), at(3))
    models.record(communication, customer)
    projecting = Projecting(models.database, models.new_keys())
    projecting.begin()
    with models.reading() as connection:
        assert projecting.step(connection) == 6
        models.erase(customer, [UUID(models.key(0).id)])
        assert projecting.step(connection) == 1
        communication.ignore(None, None, at(61))
        models.record(communication)
        assert projecting.step(connection) == 1
    found = models.rows()
    assert [word for word in ("ap@payer", "Anna", "Payer", "Invoice") if word in str(found)] == []
    assert models.one("SELECT doc::json ->> 'last_recipient' FROM read.communication") == ERASED


def test_an_erasure_of_more_than_is_read_at_once(models: ReadModels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.batches.STREAMS_AT_ONCE", 2)
    customer = Customer(models.tenant, "c-0", timestamp=at(0))
    models.record(*(handed(invoice(models, n), asked(models)) for n in range(5)), customer)
    models.erase(customer, [UUID(models.key(0).id)])
    project(models)
    assert models.one("SELECT count(*) FROM read.attempt WHERE search_recipient = %s", ERASED) == 5


def test_a_key_that_is_not_there_stops_it_and_is_never_taken_for_erased(models: ReadModels) -> None:
    models.record(handed(invoice(models), order(str(uuid4()))))
    with pytest.raises(MissingKeyError):
        project(models)
    assert models.rows()["communication"] == []


def test_another_communication_with_the_same_attempt_id_has_a_row_of_its_own(models: ReadModels) -> None:
    one = asked(models)
    changed: list[Aggregate] = [handed(invoice(models, n), one) for n in range(2)]
    models.record(changed[0])
    models.record(changed[1])
    project(models)
    assert {row[2] for row in models.rows()["attempt"]} == {aggregate.id for aggregate in changed}


def test_read_models_at_different_places_are_not_touched(models: ReadModels) -> None:
    models.record(handed(invoice(models), asked(models)))
    project(models)
    with models.database.transaction() as connection:
        connection.execute("UPDATE read.checkpoint SET position = 1 WHERE projection = 'overview'")
    with pytest.raises(ProjectionError, match="rebuild"):
        models.projector().run_once()
    models.empty()
    project(models)
    assert len(models.rows()["communication"]) == 1


def test_batches_grow_while_they_are_quick_and_full(models: ReadModels) -> None:
    models.record(*(handed(invoice(models, n), asked(models)) for n in range(8)))
    projecting = Projecting(models.database, models.new_keys())
    projecting.begin()
    projecting.limit = 4
    with models.reading() as connection:
        assert [projecting.step(connection) for _ in range(5)] == [4, 8, 16, 4, 0]
