"""What a user would pick instead: the eventsourcing library as its documentation shows, with the same facts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event


class PlainInvoice(Aggregate):
    """Three events a send, as ours has, with plain values."""

    @event("Created")
    def __init__(self, number: str) -> None:
        self.number = number
        self.status = "new"

    @event("Revised")
    def revise(self, total: str, currency: str, customer: str) -> None:
        self.details = (total, currency, customer)

    @event("SendAttempted")
    def send(self, attempt_id: str, recipient: str, subject: str, text: str) -> None:
        self.order, self.status = (attempt_id, recipient, subject, text), "queued"

    @event("Reported")
    def report(self, attempt_id: str, status: str, message_id: str) -> None:
        self.told, self.status = (attempt_id, message_id), status


def plain_invoice(number: int) -> PlainInvoice:
    made = PlainInvoice(f"2026-{number}")
    made.revise("121.00", "EUR", "Payer Ltd")
    made.send(f"a-{number}", f"ap{number}@payer.example", f"Invoice {number}", "Please find the invoice attached.")
    return made


def delivered_invoice(number: int) -> PlainInvoice:
    made = plain_invoice(number)
    for status in ("sending", "sent", "delivered"):
        made.report(f"a-{number}", status, f"m-{number}")
    return made


def environment(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path[1:],
        "POSTGRES_HOST": unquote(parse_qs(parts.query)["host"][0]),
        "POSTGRES_PORT": "5432",
        "POSTGRES_USER": parts.username or "",
        "POSTGRES_PASSWORD": "-",
        "POSTGRES_POOL_SIZE": "20",
    }


@contextmanager
def application(url: str) -> Iterator[Application[UUID]]:
    made: Application[Any] = Application(environment(url))
    try:
        yield made
    finally:
        made.close()
