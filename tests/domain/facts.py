"""What happens to a communication, as values: events without their place in a history, and what they are made of."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from domain import events as e
from domain.reports import BuyerResponse, DeliveryReport
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
    Role,
)

TENANT = UUID("0e3b8a34-5a0f-4d57-9f0e-0c8f3a1f2b01")
PERSON = Person("u-7", Personal("key-1", "UGVyc29u"), "api-1")
WINDOW = timedelta(days=90)


def at(minute: float) -> datetime:
    """Minutes after 15 January 2026, 09:00 UTC."""
    return datetime(2026, 1, 15, 9, tzinfo=UTC) + timedelta(minutes=minute)


def sealed(text: str) -> Personal:
    return Personal("key-1", text)


def to(number: int = 1, who: str = "ap", role: Role = Role.TO) -> Recipient:
    return Recipient(number, sealed(who), f"hash-{who}", role=role)


def order(attempt_id: str = "a-1", **facts: Any) -> Order:
    """An e-mail to one recipient, unless told otherwise."""
    known = {"cause": Cause.FIRST, "channel": Channel.EMAIL, "recipients": [to()]}
    return Order(attempt_id, **(known | facts))


def again(attempt_id: str = "a-2", previous: str = "a-1", **facts: Any) -> Order:
    return order(attempt_id, cause=Cause.RESEND, previous_attempt_id=previous, **facts)


def document(kind: DocumentFormat = DocumentFormat.PDF, version: int = 1) -> Document:
    return Document(f"{kind}-{version}", kind, sealed("name"), f"{version}" * 64, 1000, "key-1")


def report(status: Status | None, minute: float = 5, **facts: Any) -> DeliveryReport:
    """One report on attempt a-1; its id follows from what it says and when."""
    report_id = f"r-{status}-{facts.get('reason')}-{facts.get('recipient')}-{minute}"
    known: dict[str, Any] = {
        "attempt_id": "a-1",
        "provider_event": "their word",
        "occurred_at": at(minute),
        "status": status,
    }
    return DeliveryReport(**{"report_id": report_id, **known, **facts})


def answer(response: BuyerResponse, minute: float = 5, **facts: Any) -> DeliveryReport:
    return report(None, minute, report_id=f"b-{response}-{minute}", buyer_response=response, **facts)


class Fact(NamedTuple):
    """An event without its place in the history."""

    kind: type[e.CommunicationEvent]
    at: datetime
    facts: dict[str, Any]


def sent(asked: Order | None = None, minute: float = 0) -> Fact:
    return Fact(e.SendAttempted, at(minute), {"order": asked or order()})


def resent(asked: Order | None = None, minute: float = 0) -> Fact:
    return Fact(e.Resent, at(minute), {"order": asked or again()})


def started(attempt_id: str = "a-1", number: int = 1, recipients: tuple[int, ...] = (1,), minute: float = 1) -> Fact:
    facts = {"attempt_id": attempt_id, "number": number, "recipients": list(recipients)}
    return Fact(e.DispatchStarted, at(minute), facts)


def handed(attempt_id: str = "a-1", number: int = 1, minute: float = 2, **ids: int | None) -> Fact:
    """`m1=1`: message m1 is recipient 1's; without any, one message m for all of the try."""
    messages = [HandedMessage(name, recipient) for name, recipient in (ids or {"m": None}).items()]
    return Fact(e.HandedOver, at(minute), {"attempt_id": attempt_id, "number": number, "messages": messages})


def failed(
    reason: str, *, attempt_id: str = "a-1", number: int = 1, minute: float = 2, again_at: float | None = None, **f: Any
) -> Fact:
    next_at = None if again_at is None else at(again_at)
    status = None if next_at else f.get("status", Status.FAILED)
    facts = {"attempt_id": attempt_id, "number": number, "reason": reason, "next_at": next_at, "status": status}
    return Fact(e.TryFailed, at(minute), facts | {"detail": None})


def lost(attempt_id: str = "a-1", number: int = 1, minute: float = 2) -> Fact:
    facts = {"attempt_id": attempt_id, "number": number, "reason": "outcome_unknown", "detail": None}
    return Fact(e.OutcomeUnknown, at(minute), facts)


def reported(heard: DeliveryReport, minute: float | None = None) -> Fact:
    kind = e.BuyerResponded if heard.buyer_response else e.StatusReported
    return Fact(kind, heard.occurred_at if minute is None else at(minute), {"report": heard})


def skipped(reason: str = "opted_out", attempt_id: str = "a-1", minute: float = 1) -> Fact:
    return Fact(e.AttemptSkipped, at(minute), {"attempt_id": attempt_id, "reason": reason})


def cancelled(attempt_id: str = "a-1", minute: float = 1) -> Fact:
    return Fact(e.AttemptCancelled, at(minute), {"attempt_id": attempt_id, "person": PERSON})


def marked(attempt_id: str = "a-1", minute: float = 1, sent_at: float = -60, opens: Order | None = None) -> Fact:
    facts = {
        "attempt_id": attempt_id,
        "person": PERSON,
        "sent_at": at(sent_at),
        "how": sealed("by courier"),
        "order": opens,
    }
    return Fact(e.MarkedAsSent, at(minute), facts)


def added(what: Document | None = None, minute: float = 0) -> Fact:
    return Fact(e.DocumentAdded, at(minute), {"document": what or document()})


def ignored(minute: float = 1) -> Fact:
    return Fact(e.Ignored, at(minute), {"person": PERSON, "reason": None})


def restored(minute: float = 1, by: Person | None = PERSON) -> Fact:
    return Fact(e.Restored, at(minute), {"person": by, "reason": None})
