"""Letters from their dispatch to what the post says of them, with a provider that takes recipients one by one."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from adapters.keys import customer_ref
from adapters.simulator.config import Config
from adapters.simulator.server import Running, running
from consumers.dispatcher import Dispatcher
from domain.communication import InvoiceCommunication
from domain.status import Status
from domain.values import Cause, Channel, Document, DocumentFormat, Order, Recipient
from tests.adapters.simulator.pages import pdf
from tests.consumers.hooks import Hooks, Sent, hooks
from tests.support.eventually import eventually

PATIENCE = 15.0
SECRET = "s3cret of the tests"
ADDRESSES = ["Ada Payer, Main Street 7, 1000 Brussels", "Grace Payer, Side Street 9, 1000 Brussels"]


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Hooks]:
    with hooks(database_url, tmp_path) as found:
        yield found


@pytest.fixture
def simulator(world: Hooks) -> Iterator[Running]:
    """Its webhooks are taken from what it keeps, since nobody listens here."""
    with running(Config(delay=0.01, retries=(), hang=0.2), world.clock) as found:
        account = {"provider": "pingen", "key": "client-1", "token": SECRET, "webhook_url": "http://127.0.0.1:9/"}
        httpx.post(f"{found.url}/_control/accounts", json=account).raise_for_status()
        yield found


def connected(world: Hooks, simulator: Running) -> UUID:
    return world.owner.connections.add(
        world.tenant, "letters", "pingen", Channel.POST, world.clock(),
        settings={
            "client_id": "client-1", "organisation_id": "o-1", "delivery_product": "registered",
            "api_url": simulator.url, "identity_url": simulator.url,
        },
        secrets={"client_secret": SECRET, "signing_key": SECRET},
    ).id  # fmt: skip


def asked(world: Hooks, connection: UUID, name: str, addresses: list[str]) -> Sent:
    """A send that waits, of a page whose address says `c/o name`."""
    now, number = world.clock(), uuid4().hex[:8]
    key = world.worker.keys.customer(world.tenant, customer_ref(None, "invoice", number), now)
    communication = InvoiceCommunication(world.tenant, "invoice", number, timestamp=now)  # type: ignore[arg-type]
    page = pdf(["Ada Payer", f"c/o {name}", "Main Street 7", "1000 Brussels"])
    sha256 = world.worker.documents.put(key, page)
    paper = Document(str(uuid4()), DocumentFormat.PDF, key.seal("i.pdf"), sha256, len(page), key.id)
    people = [Recipient(n, key.seal(a), key.fingerprint(a)) for n, a in enumerate(addresses, 1)]
    order = Order(
        str(uuid4()), Cause.FIRST, Channel.POST, people, documents=[paper],
        connection_id=str(connection), provider="pingen",
    )  # fmt: skip
    communication.send(order, now)
    world.worker.communications.record([communication])
    return Sent(communication.id, order.attempt_id, order.attempt_id, [])


def hear(world: Hooks, simulator: Running, connection: UUID, count: int) -> None:
    """Take in the webhooks, once there are so many."""

    def bodies() -> list[str]:
        kept = httpx.get(f"{simulator.url}/_control/callbacks").json()["callbacks"]
        return [one["body"] for one in reversed(kept)]

    eventually(lambda: len(bodies()) >= count, PATIENCE)
    world.put(*(body.encode() for body in bodies()), connection=connection)
    world.consume()


def letters(simulator: Running) -> int:
    kept = httpx.get(f"{simulator.url}/_control/messages").json()["messages"]
    return sum(message["taken"] for message in kept)


@pytest.mark.parametrize(
    ("name", "count", "status", "reason"),
    [
        ("anyone", 2, Status.DELIVERED, None),
        ("returned", 2, Status.FAILED, "returned"),
        ("inspected", 1, Status.REJECTED, "validation"),
        ("unpaid", 3, Status.DELIVERED, None),
    ],
)
def test_from_the_dispatch_to_the_letter_box(
    name: str, count: int, status: Status, reason: str | None, world: Hooks, simulator: Running
) -> None:
    connection = connected(world, simulator)
    sent = asked(world, connection, name, ADDRESSES[:1])
    assert Dispatcher(world.worker).run_once() == 1
    assert world.attempt(sent).outcome().status is Status.SENT
    hear(world, simulator, connection, count)
    outcome = world.attempt(sent).outcome()
    assert (outcome.status, outcome.reason) == (status, reason)


def test_every_recipient_gets_a_letter_of_his_own(world: Hooks, simulator: Running) -> None:
    """Under one key for the whole attempt, the second would be taken for a repetition of the first."""
    connection = connected(world, simulator)
    sent = asked(world, connection, "anyone", ADDRESSES)
    Dispatcher(world.worker).run_once()
    messages = [m for tried in world.attempt(sent).tries for m in tried.messages]
    assert [m.recipient for m in messages] == [1, 2]
    assert len({m.message_id for m in messages}) == letters(simulator) == 2
    hear(world, simulator, connection, 4)
    assert world.attempt(sent).outcome().status is Status.DELIVERED


def test_a_lost_answer_is_tried_again_and_nothing_is_printed_twice(world: Hooks, simulator: Running) -> None:
    connection = connected(world, simulator)
    sent = asked(world, connection, "crash", ADDRESSES[:1])
    Dispatcher(world.worker).run_once()
    waiting = world.attempt(sent).outcome()
    assert (waiting.status, waiting.reason) == (Status.QUEUED, "provider_outage")
    world.clock.forward(minutes=1)
    Dispatcher(world.worker).run_once()
    assert world.attempt(sent).outcome().status is Status.SENT
    assert letters(simulator) == 1
