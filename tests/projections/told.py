"""A communication's story, told by commands, and what the read models make of it. Sealed values are their own text."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from domain.communication import InvoiceCommunication
from domain.reports import DeliveryReport
from domain.status import Status
from domain.values import (
    Cause,
    Channel,
    Document,
    DocumentFormat,
    HandedMessage,
    Order,
    Person,
    Personal,
    Recipient,
    SubjectType,
)
from projections import attempt_log, overview, timeline
from projections.engine import Happened, fold, rows
from projections.telling import told
from projections.timeline import Entry

TENANT = UUID("0e3b8a34-5a0f-4d57-9f0e-0c8f3a1f2b01")
KEY = "3f0c7f0e-5b1e-4a55-8d59-1c2f3a4b5c6d"
A1, A2, A3 = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
CONNECTION = "00000000-0000-4000-8000-0000000000cc"
ANNA = Person("u-7", Personal(KEY, "Anna Berg"), "api-1")


def at(minute: float) -> datetime:
    """Minutes after 15 January 2026, 09:00 UTC."""
    return datetime(2026, 1, 15, 9, tzinfo=UTC) + timedelta(minutes=minute)


def z(minute: float) -> str:
    """The same as the answers write it; whole seconds."""
    return at(minute).strftime("%Y-%m-%dT%H:%M:%SZ")


def seal(text: str) -> Personal:
    return Personal(KEY, text)


def to(number: int = 1, address: str = "AP@Payer.example", **facts: Any) -> Recipient:
    return Recipient(number, seal(address), f"hash of {address}", **facts)


def order(attempt_id: str = A1, **facts: Any) -> Order:
    """An e-mail to one recipient, unless told otherwise."""
    known = {"cause": Cause.FIRST, "channel": Channel.EMAIL, "recipients": [to()]}
    return Order(attempt_id, **(known | facts))


def pdf() -> Document:
    return Document("d-1", DocumentFormat.PDF, seal("Invoice 12345.pdf"), "ab" * 32, 1234, KEY)


def report(status: Status | None, minute: float = 5, **facts: Any) -> DeliveryReport:
    known = {"report_id": f"{status}-{minute}", "attempt_id": A1, "provider_event": "their word"}
    return DeliveryReport(**(known | {"occurred_at": at(minute), "status": status} | facts))


def invoice(external_id: str = "12345") -> InvoiceCommunication:
    return InvoiceCommunication(TENANT, SubjectType.INVOICE, external_id, timestamp=at(-1))


def handed(communication: InvoiceCommunication, asked: Order, minute: float = 1) -> InvoiceCommunication:
    """Asked for, tried once, and taken by the provider a minute later as message m."""
    communication.send(asked, at(minute - 1))
    numbers = [r.number for r in asked.recipients] or [1]
    number = communication.start_dispatch(asked.attempt_id, numbers, at(minute))
    communication.hand_over(asked.attempt_id, number, [HandedMessage("m")], at(minute + 1))
    return communication


class Shown(NamedTuple):
    """The rows, and their docs as a reader gets them."""

    row: overview.Row
    doc: dict[str, Any]
    attempt_rows: dict[str, attempt_log.Row]
    attempts: dict[str, dict[str, Any]]
    entries: list[Entry]
    timeline: list[dict[str, Any]]


def shown(communication: InvoiceCommunication, texts: dict[str, str] | None = None) -> Shown:
    """Events get the positions 1, 2, 3 ...; `texts` are what sealed values read as, where not as themselves."""
    happened = [Happened(place, event) for place, event in enumerate(communication.collect_events(), start=1)]
    changed, entries = fold(happened, {}), told(h.event for h in happened)

    def plain(value: Personal) -> str:
        return (texts or {}).get(value.sealed, value.sealed)

    made, opened = rows(changed, plain), {value: plain(value) for value in timeline.sealed(entries)}
    attempt_rows = {str(row.attempt_id): row for row in made.attempts}
    return Shown(
        made.overview[0],
        json.loads(made.overview[0].doc),
        attempt_rows,
        {key: json.loads(row.doc) for key, row in attempt_rows.items()},
        entries,
        [json.loads(timeline.doc(entry, opened)) for entry in entries],
    )
