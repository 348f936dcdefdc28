"""Invoices as they really are: sealed recipients, a send, a hand-over and a delivery, in real aggregates."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4, uuid5

from adapters.bootstrap import Installation
from adapters.keys.ring import CustomerKey
from domain.communication import InvoiceCommunication
from domain.reports import DeliveryReport
from domain.status import Status
from domain.values import (
    Cause,
    Channel,
    CustomerRef,
    HandedMessage,
    Message,
    Order,
    Personal,
    Recipient,
    SubjectDetails,
    SubjectType,
)

TENANT, CONNECTION = UUID(int=0xA), UUID(int=0xC)
"""Of whom the histories are where there is one tenant."""
START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
EVENTS = 6
"""Of each whole history."""


class Unsealed(NamedTuple):
    """In place of a customer's key: leaves values in clear, for what cannot open any."""

    id: str

    def seal(self, plain: str) -> Personal:
        return Personal(self.id, plain)

    def fingerprint(self, plain: str) -> str:
        return plain


Key = CustomerKey | Unsealed


def bare(tenant: UUID, _: Key, number: int, __: UUID) -> InvoiceCommunication:
    """A subject of which nothing is said yet: one event."""
    at = START + timedelta(seconds=number % 86_400)
    return InvoiceCommunication(tenant, SubjectType.INVOICE, f"B-{parted(number)}", at)


def named(tenant: UUID, key: Key, number: int, connection: UUID) -> InvoiceCommunication:
    """A subject and its customer, as `PUT /v1/subjects` records them: two events."""
    made = bare(tenant, key, number, connection)
    customer = CustomerRef(f"C-{number % 1000}", key.seal("Payer Ltd"))
    details = SubjectDetails(number=f"2026-{parted(number)}", total="121.00", currency="EUR", customer=customer)
    made.revise_subject(details, made.created_on)
    return made


def asked(tenant: UUID, key: Key, number: int, connection: UUID) -> InvoiceCommunication:
    """An invoice that waits to be sent: three events."""
    made = named(tenant, key, number, connection)
    to = address(number)
    order = Order(
        str(uuid5(tenant, str(number))), Cause.FIRST, Channel.EMAIL,
        [Recipient(1, key.seal(to), key.fingerprint(to))],
        message=Message(key.seal(f"Invoice {parted(number)}"), key.seal("Please find the invoice attached.")),
        connection_id=str(connection), provider="sendgrid",
    )  # fmt: skip
    made.send(order, made.created_on)
    return made


def delivered(made: InvoiceCommunication) -> InvoiceCommunication:
    """Three events more: started, handed over, delivered."""
    for step in (started, handed, heard):
        step(made)
    return made


def started(made: InvoiceCommunication) -> None:
    attempt_id, at = _attempt(made)
    made.start_dispatch(attempt_id, [1], at)


def handed(made: InvoiceCommunication) -> None:
    attempt_id, at = _attempt(made)
    made.hand_over(attempt_id, 1, [HandedMessage(f"m-{attempt_id}")], at)


def heard(made: InvoiceCommunication) -> None:
    attempt_id, at = _attempt(made)
    report = DeliveryReport(f"sendgrid:{attempt_id}", attempt_id, "delivered", at, Status.DELIVERED, recipient=1)
    made.record_report(report, at)


def _attempt(made: InvoiceCommunication) -> tuple[str, datetime]:
    """The only one, and when it was asked for."""
    (attempt_id,) = made.attempts
    return attempt_id, made.attempts[attempt_id].created_at


def store(
    installation: Installation,
    tenant: UUID,
    connection: UUID,
    count: int,
    *,
    whole: bool = True,
    unsealed: bool = False,
) -> list[str]:
    """Record `count` histories, 500 a transaction; returns their attempts' ids."""
    key: Key = installation.keys.customer(tenant, "bench", START)
    if unsealed:
        key = Unsealed(key.id)
    ids: list[str] = []
    for batch in told(tenant, connection, key, count, whole=whole):
        ids += [attempt_id for made in batch for attempt_id in made.attempts]
        installation.communications.record(batch)
    return ids


def store_apart(installation: Installation, tenant: UUID, connection: UUID, count: int) -> None:
    """The same events, but each kind of all histories before the next, as they come when many are under way at once."""
    key = installation.keys.customer(tenant, "bench", START)
    batches = list(told(tenant, connection, key, count, whole=False))
    for step in (lambda _: None, started, handed, heard):
        for batch in batches:
            for made in batch:
                step(made)
            installation.communications.record(batch)


def told(
    tenant: UUID, connection: UUID, key: Key, count: int, *, whole: bool = True
) -> Iterator[list[InvoiceCommunication]]:
    """`count` histories that nobody has recorded yet, 500 at a time."""
    for numbers in _chunks(count, 500):
        batch = [asked(tenant, key, number, connection) for number in numbers]
        yield [delivered(made) for made in batch] if whole else batch


def put(installation: Installation, tenant: UUID, count: int) -> None:
    """Record `count` subjects of a thousand customers of which nothing is sent yet."""
    key = installation.keys.customer(tenant, "bench", START)
    for numbers in _chunks(count, 500):
        installation.communications.record([named(tenant, key, number, uuid4()) for number in numbers])


def address(number: int) -> str:
    """Of whom the invoice of that number is sent to."""
    return f"ap{parted(number)}@payer.example"


def parted(number: int) -> str:
    """Never five digits in a row, which searches would have in letters too and plain SQL would have to make."""
    return f"{number // 1000}-{number % 1000}"


def _chunks(count: int, size: int) -> Iterator[range]:
    for first in range(0, count, size):
        yield range(first, min(first + size, count))
