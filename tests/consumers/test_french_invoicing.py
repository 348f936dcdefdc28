"""An e-invoice to a French buyer: deposited, then asked after until it is paid, because nobody calls."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from adapters.keys import customer_ref
from adapters.simulator.config import Config
from adapters.simulator.server import Running, running
from consumers.dispatcher import Dispatcher
from consumers.reconciler import Reconciler
from domain.attempt import Attempt
from domain.communication import InvoiceCommunication
from domain.reports import BuyerResponse
from domain.status import Status
from domain.values import Cause, Channel, Document, DocumentFormat, Order
from tests.adapters.simulator.french import AFNOR_ACCOUNT, CHORUS_ACCOUNT, KEY, SECRET, document
from tests.consumers.hooks import Hooks, Sent, hooks
from tests.support.eventually import eventually

NAMES = ("choruspro", "afnor")
EVERY = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Hooks]:
    with hooks(database_url, tmp_path) as found:
        yield found


@pytest.fixture
def simulator(world: Hooks) -> Iterator[Running]:
    with running(Config(delay=0.01, late=3600, hang=0.5, retries=()), world.clock) as found:
        for account in (CHORUS_ACCOUNT, AFNOR_ACCOUNT):
            httpx.post(f"{found.url}/_control/accounts", json=account).raise_for_status()
        yield found


def connected(name: str, world: Hooks, url: str) -> UUID:
    settings = {
        "choruspro": {"api_url": url, "oauth_url": url, "login": "TECH_1@cpro.example"},
        "afnor": {"api_url": f"{url}/flow-service", "token_url": f"{url}/auth-service/token"},
    }[name]
    secrets = {"client_secret": SECRET} | ({"password": SECRET} if name == "choruspro" else {})
    return world.owner.connections.add(
        world.tenant, uuid4().hex, name, Channel.E_INVOICING, world.clock(),
        settings=settings | {"client_id": KEY}, secrets=secrets,
    ).id  # fmt: skip


def sent(name: str, digits: str, world: Hooks, simulator: Running) -> Sent:
    """Dispatched, to the buyer that the invoice names."""
    connection, now, number = connected(name, world, simulator.url), world.clock(), uuid4().hex[:8]
    key = world.worker.keys.customer(world.tenant, customer_ref(None, "invoice", number), now)
    content = document(digits)
    sha256 = world.worker.documents.put(key, content)
    paper = Document(str(uuid4()), DocumentFormat.UBL, key.seal("i.xml"), sha256, len(content), key.id)
    communication = InvoiceCommunication(world.tenant, "invoice", number, timestamp=now)  # type: ignore[arg-type]
    order = Order(
        str(uuid4()), Cause.FIRST, Channel.E_INVOICING, documents=[paper], connection_id=str(connection), provider=name
    )
    communication.send(order, now)
    world.worker.communications.record([communication])
    assert Dispatcher(world.worker).run_once() == 1
    return Sent(communication.id, order.attempt_id, "", [])


def resent(world: Hooks, first: Sent) -> Sent:
    communication = world.worker.communications.get(first.communication_id)
    known = communication.attempt(first.attempt_id).order
    order = Order(
        str(uuid4()), Cause.RESEND, Channel.E_INVOICING, previous_attempt_id=first.attempt_id,
        connection_id=known.connection_id, provider=known.provider,
    )  # fmt: skip
    communication.resend(order, world.clock(), timedelta(days=90))
    world.worker.communications.record([communication])
    assert Dispatcher(world.worker).run_once() == 1
    return Sent(communication.id, order.attempt_id, "", [])


def asked(world: Hooks, made: Sent) -> Attempt:
    """After an hour, in which everything is asked that is due."""
    world.clock.forward(seconds=timedelta(hours=1).total_seconds())
    Reconciler(world.worker, pace=0).run_once()
    return world.attempt(made)


@EVERY
def test_from_the_deposit_to_the_payment(name: str, world: Hooks, simulator: Running) -> None:
    made = sent(name, "1006", world, simulator)
    assert world.attempt(made).outcome().status is Status.SENT
    eventually(lambda: asked(world, made).buyer_response is BuyerResponse.ACCEPTED)
    attempt = world.attempt(made)
    assert (attempt.outcome().status, attempt.times.delivered is not None) == (Status.READ, True)
    heard = len(attempt.report_ids)
    assert len(asked(world, made).report_ids) == heard, "the same is not heard twice"

    def hurried() -> bool:
        httpx.post(f"{simulator.url}/_control/hurry").raise_for_status()
        return asked(world, made).buyer_response is BuyerResponse.PAID

    eventually(hurried)
    assert world.rows("SELECT * FROM work.asking") == [], "nothing is left to ask"


@EVERY
def test_a_refusal_by_the_buyer(name: str, world: Hooks, simulator: Running) -> None:
    made = sent(name, "1004", world, simulator)
    eventually(lambda: asked(world, made).buyer_response is BuyerResponse.REJECTED)
    outcome = world.attempt(made).outcome()
    assert (outcome.status, outcome.reason) == (Status.READ, "buyer_refused")


@EVERY
def test_a_rejection_by_the_platform(name: str, world: Hooks, simulator: Running) -> None:
    made = sent(name, "2001", world, simulator)
    eventually(lambda: asked(world, made).outcome().status is Status.REJECTED)
    assert world.attempt(made).outcome().reason == "validation"


@EVERY
def test_a_lost_answer_is_asked_for_and_not_sent_again(name: str, world: Hooks, simulator: Running) -> None:
    made = sent(name, "0501", world, simulator)
    assert world.attempt(made).outcome().status is Status.UNKNOWN
    eventually(lambda: asked(world, made).outcome().status is Status.DELIVERED)
    messages = httpx.get(f"{simulator.url}/_control/messages").json()["messages"]
    assert [m["id"] for m in messages] == [world.attempt(made).tries[0].messages[0].message_id]


def test_a_second_attempt_with_the_same_invoice_never_hides_the_first(world: Hooks, simulator: Running) -> None:
    first = sent("choruspro", "6789", world, simulator)
    eventually(lambda: asked(world, first).outcome().status is Status.DELIVERED)
    second = sent("choruspro", "6789", world, simulator)
    outcome = world.attempt(second).outcome()
    assert (outcome.status, outcome.reason) == (Status.REJECTED, "duplicate")
    assert not world.attempt(second).replaces_earlier(outcome)


def test_of_an_invoice_sent_twice_each_attempt_hears_its_own(world: Hooks, simulator: Running) -> None:
    """A platform takes an invoice again that it rejected; its life-cycle messages name the invoice alone."""
    first = sent("afnor", "2001", world, simulator)
    eventually(lambda: asked(world, first).outcome().status is Status.REJECTED)
    heard = world.attempt(first).report_ids
    world.clock.forward(hours=1)
    second = resent(world, first)
    assert world.attempt(second).outcome().status is Status.SENT
    eventually(lambda: asked(world, second).outcome().status is Status.REJECTED)
    assert world.attempt(first).report_ids == heard
    assert len(world.attempt(second).report_ids) == len(heard)
    assert not heard & world.attempt(second).report_ids


def test_the_loop_asks_by_itself(world: Hooks, simulator: Running) -> None:
    made = sent("choruspro", "6789", world, simulator)
    stop = threading.Event()
    loop = threading.Thread(target=Reconciler(world.worker, pace=0).run, args=(stop,))
    loop.start()
    try:

        def later() -> bool:
            world.clock.forward(minutes=5)
            return world.attempt(made).outcome().status is Status.DELIVERED

        eventually(later)
    finally:
        stop.set()
        loop.join()
