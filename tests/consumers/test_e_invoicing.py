"""An e-invoice from its dispatch to the buyer's answer: over an access point of one's own, whose webhooks are XML."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from adapters.keys import customer_ref
from adapters.keys.ring import KeyRing
from adapters.simulator.config import Config
from adapters.simulator.server import Running, running
from consumers.dispatcher import Dispatcher
from domain.attempt import Attempt
from domain.communication import InvoiceCommunication
from domain.reports import BuyerResponse
from domain.status import Status
from domain.values import Cause, Channel, Document, DocumentFormat, Order, Recipient
from tests.adapters.providers.kit_peppol import INVOICE_RESPONSE, NUMBER, answer, application_response, invoice
from tests.consumers.hooks import Hooks, Sent, hooks
from tests.support.eventually import eventually

PATIENCE = 15.0


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Hooks]:
    with hooks(database_url, tmp_path) as found:
        yield found


@pytest.fixture
def simulator(world: Hooks) -> Iterator[Running]:
    """Its webhooks are taken from what it keeps, since nobody listens here."""
    with running(Config(delay=0.01, retries=()), world.clock) as found:
        account = {"provider": "phoss_ap", "key": "token-1", "webhook_url": "http://127.0.0.1:9/?secret=x"}
        httpx.post(f"{found.url}/_control/accounts", json=account).raise_for_status()
        yield found


def connected(world: Hooks, simulator: Running) -> UUID:
    return world.owner.connections.add(
        world.tenant, "peppol", "phoss_ap", Channel.E_INVOICING, world.clock(),
        settings={"api_url": simulator.url}, secrets={"token": "token-1", "webhook_password": "a-long-password"},
    ).id  # fmt: skip


def asked(world: Hooks, connection: UUID, document: bytes | None, address: str | None = None) -> Sent:
    """A send that waits; without an address the invoice itself names the buyer."""
    now, number = world.clock(), uuid4().hex[:8]
    key = world.worker.keys.customer(world.tenant, customer_ref(None, "invoice", number), now)
    communication = InvoiceCommunication(world.tenant, "invoice", number, timestamp=now)  # type: ignore[arg-type]
    papers = []
    if document is not None:
        sha256 = world.worker.documents.put(key, document)
        papers.append(Document(str(uuid4()), DocumentFormat.UBL, key.seal("i.xml"), sha256, len(document), key.id))
    people = [Recipient(1, key.seal(address), key.fingerprint(address))] if address else []
    order = Order(
        str(uuid4()), Cause.FIRST, Channel.E_INVOICING, people, documents=papers,
        connection_id=str(connection), provider="phoss_ap",
    )  # fmt: skip
    communication.send(order, now)
    world.worker.communications.record([communication])
    return Sent(communication.id, order.attempt_id, order.attempt_id, [])


def called_back(simulator: Running, count: int) -> list[bytes]:
    def bodies() -> list[str]:
        kept = httpx.get(f"{simulator.url}/_control/callbacks").json()["callbacks"]
        return [one["body"] for one in reversed(kept)]

    eventually(lambda: len(bodies()) >= count, PATIENCE)
    return [body.encode() for body in bodies()]


def refresh(world: Hooks, connection: UUID, sent: Sent, status: Status) -> Attempt:
    """Until asking the access point says so."""
    chosen = world.owner.connections.get(connection)
    assert chosen is not None
    url = chosen.settings["api_url"] + f"/api/outbound/status/{sent.attempt_id}"

    def told() -> set[Status | None]:
        body = httpx.get(url, headers={"X-Token": "token-1"}).content
        world.put(body, connection=connection)
        world.consume()
        return {world.attempt(sent).outcome().status}

    eventually(lambda: status in told(), PATIENCE)
    return world.attempt(sent)


@pytest.mark.parametrize("address", [None, "0208:0123451005"])
def test_from_the_dispatch_to_the_buyers_answer(address: str | None, world: Hooks, simulator: Running) -> None:
    connection = connected(world, simulator)
    sent = asked(world, connection, invoice(buyer="0208:0123451005"), address)
    assert Dispatcher(world.worker).run_once() == 1
    assert world.attempt(sent).outcome().status is Status.SENT
    assert refresh(world, connection, sent, Status.DELIVERED).buyer_response is None
    world.put(*called_back(simulator, 1), connection=connection)
    world.consume()
    attempt = world.attempt(sent)
    assert (attempt.buyer_response, attempt.outcome().status) == (BuyerResponse.ACCEPTED, Status.READ)


def test_a_refusal_by_the_buyer_is_his_and_not_the_networks(world: Hooks, simulator: Running) -> None:
    connection = connected(world, simulator)
    sent = asked(world, connection, invoice(buyer="0208:0123451004"))
    Dispatcher(world.worker).run_once()
    world.put(*called_back(simulator, 1), connection=connection)
    world.consume()
    attempt = world.attempt(sent)
    assert (attempt.buyer_response, attempt.outcome().status) == (BuyerResponse.REJECTED, Status.READ)
    assert attempt.outcome().reason == "buyer_refused"


def test_another_invoices_answer_stays_parked(world: Hooks, simulator: Running) -> None:
    connection = connected(world, simulator)
    sent = asked(world, connection, invoice("F-other", buyer="0208:0123456789"))
    Dispatcher(world.worker).run_once()
    asked(world, connection, invoice(buyer="0208:0123451004"))
    Dispatcher(world.worker).run_once()
    (answer,) = called_back(simulator, 1)
    world.put(answer.replace(b"F-2026-17", b"F-unknown"), connection=connection)
    world.consume()
    assert world.attempt(sent).buyer_response is None
    assert world.count("work.parked_report") == 1


@pytest.mark.parametrize(
    ("document", "status", "reason"),
    [
        (None, Status.FAILED, "document_missing"),
        (invoice(buyer=None), Status.FAILED, "missing_contact"),
        (invoice(buyer="0208:0123454004"), Status.REJECTED, "not_registered"),
        (invoice(buyer="0208:0123454022"), Status.REJECTED, "validation"),
    ],
)
def test_what_is_refused_says_why(
    document: bytes | None, status: Status, reason: str, world: Hooks, simulator: Running
) -> None:
    sent = asked(world, connected(world, simulator), document)
    Dispatcher(world.worker).run_once()
    outcome = world.attempt(sent).outcome()
    assert (outcome.status, outcome.reason) == (status, reason)
    assert (outcome.detail is not None) == (document is not None)


def resent(world: Hooks, first: Sent) -> Sent:
    communication, now = world.worker.communications.get(first.communication_id), world.clock()
    known = communication.attempt(first.attempt_id).order
    order = Order(
        str(uuid4()), Cause.RESEND, Channel.E_INVOICING, previous_attempt_id=first.attempt_id,
        connection_id=known.connection_id, provider=known.provider,
    )  # fmt: skip
    communication.resend(order, now, timedelta(days=90))
    world.worker.communications.record([communication])
    assert Dispatcher(world.worker).run_once() == 1
    return Sent(communication.id, order.attempt_id, order.attempt_id, [])


def response(word: str, at: datetime, name: str) -> bytes:
    return application_response(
        answer(word, NUMBER), kind=INVOICE_RESPONSE, name=name, day=f"{at:%Y-%m-%d}", time=f"{at:%H:%M:%S}Z"
    )


@pytest.mark.parametrize("late_first", [True, False])
def test_an_answer_after_a_resend_is_about_the_newest_that_was_sent_by_then(
    late_first: bool, world: Hooks, simulator: Running
) -> None:
    """It names the invoice alone, and both attempts were sent under that name."""
    connection = connected(world, simulator)
    first = asked(world, connection, invoice())
    assert Dispatcher(world.worker).run_once() == 1
    between = world.clock()
    world.clock.forward(hours=1)
    second = resent(world, first)
    after = world.clock.forward(hours=1)
    said = [response("UQ", between, "r-1"), response("AP", after, "r-2")]
    world.put(*(reversed(said) if late_first else said), connection=connection)
    world.consume()
    assert world.attempt(first).buyer_response is BuyerResponse.UNDER_QUERY
    assert world.attempt(second).buyer_response is BuyerResponse.ACCEPTED


@pytest.mark.parametrize("late_first", [True, False])
def test_what_a_buyer_says_after_a_refusal_is_kept_and_does_not_count(
    late_first: bool, world: Hooks, simulator: Running
) -> None:
    connection = connected(world, simulator)
    sent = asked(world, connection, invoice())
    assert Dispatcher(world.worker).run_once() == 1
    said = [
        response("RE", world.clock.forward(minutes=1), "r-1"),
        response("AP", world.clock.forward(minutes=1), "r-2"),
    ]
    world.put(*(reversed(said) if late_first else said), connection=connection)
    world.consume()
    attempt = world.attempt(sent)
    assert (attempt.buyer_response, attempt.outcome().reason) == (BuyerResponse.REJECTED, "buyer_refused")
    assert len(attempt.report_ids) == 2


def test_whose_data_was_erased_is_sent_nothing(world: Hooks, simulator: Running) -> None:
    connection = connected(world, simulator)
    sent = asked(world, connection, invoice(), "0208:0123456789")
    communication = world.worker.communications.get(sent.communication_id)
    ref = customer_ref(None, "invoice", communication.external_id)
    keys = world.worker.keys.living(world.tenant, ref)
    world.worker.communications.record([], writes=[KeyRing.destruction(keys, world.clock())])
    world.worker.keys.forget()
    Dispatcher(world.worker).run_once()
    assert world.attempt(sent).outcome().reason == "erased"
