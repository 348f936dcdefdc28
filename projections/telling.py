"""What each event says in the time line: one small function an event. It is asked right after the event was applied."""

from collections.abc import Collection, Iterable
from functools import singledispatch
from typing import Any

from domain import events as e
from domain.attempt import Attempt
from domain.communication import InvoiceCommunication
from domain.reasons import REASONS
from domain.reasons import reason as describe
from domain.reports import DeliveryReport
from domain.status import Status
from domain.values import Actor, Person, Personal
from projections.errors import UnprojectedEventError
from projections.timeline import Entry

Communication = InvoiceCommunication


@singledispatch
def tell(event: object, communication: Communication) -> Entry:
    raise UnprojectedEventError(f"the time line has no words for {type(event).__qualname__} of {communication.id}")


def told(events: Iterable[Any]) -> list[Entry]:
    """What each event of one communication says, from the first on."""
    communication: Any = None
    entries: list[Entry] = []
    for event in events:
        communication = event.mutate(communication)
        entries.append(tell(event, communication))
    return entries


def is_told(kind: type) -> bool:
    return tell.dispatch(kind) is not tell.dispatch(object)


@tell.register
def _created(event: InvoiceCommunication.Created, _: Communication) -> Entry:
    return _entry(event, "created")


@tell.register
def _revised(event: e.SubjectRevised, _: Communication) -> Entry:
    return _entry(event, "subject_revised", detail=(event.details.document_status,))


@tell.register
def _document(event: e.DocumentAdded, _: Communication) -> Entry:
    return _entry(event, "document_added", detail=(event.document.filename,))


@tell.register
def _asked(event: e.SendAttempted, communication: Communication) -> Entry:
    return _opened(event, "send_attempted", communication.attempts[event.order.attempt_id])


@tell.register
def _resent(event: e.Resent, communication: Communication) -> Entry:
    return _opened(event, "resent", communication.attempts[event.order.attempt_id])


@tell.register
def _marked(event: e.MarkedAsSent, communication: Communication) -> Entry:
    attempt, detail = communication.attempts[event.attempt_id], (_who(event.person), event.how)
    return _about(event, "marked_as_sent", attempt, status=Status.SENT, detail=detail, at=event.sent_at)


@tell.register
def _skipped(event: e.AttemptSkipped, communication: Communication) -> Entry:
    attempt = communication.attempts[event.attempt_id]
    return _about(event, "attempt_skipped", attempt, status=Status.SKIPPED, reason=event.reason)


@tell.register
def _cancelled(event: e.AttemptCancelled, communication: Communication) -> Entry:
    attempt, detail = communication.attempts[event.attempt_id], (_who(event.person),)
    return _about(event, "attempt_cancelled", attempt, status=Status.SKIPPED, reason="cancelled", detail=detail)


@tell.register
def _started(event: e.DispatchStarted, communication: Communication) -> Entry:
    attempt = communication.attempts[event.attempt_id]
    return _about(event, "dispatch_started", attempt, event.recipients, status=Status.SENDING)


@tell.register
def _handed_over(event: e.HandedOver, communication: Communication) -> Entry:
    attempt = communication.attempts[event.attempt_id]
    named = [m.recipient for m in event.messages if m.recipient]
    return _about(event, "handed_over", attempt, named, status=Status.SENT, actor=Actor.PROVIDER)


@tell.register
def _failed(event: e.TryFailed, communication: Communication) -> Entry:
    status = Status.QUEUED if event.next_at else event.status or Status.FAILED
    return _ended(event, "try_failed", communication, status)


@tell.register
def _lost(event: e.OutcomeUnknown, communication: Communication) -> Entry:
    return _ended(event, "outcome_unknown", communication, Status.UNKNOWN)


@tell.register
def _reported(event: e.StatusReported, communication: Communication) -> Entry:
    report = event.report
    return _heard(event, "status_reported", communication, report.status, _speaker(report), (report.detail,))


@tell.register
def _answered(event: e.BuyerResponded, communication: Communication) -> Entry:
    """Whatever the answer is, whoever gives it has the document."""
    detail = (event.report.buyer_response, event.report.detail)
    return _heard(event, "buyer_responded", communication, Status.READ, Actor.RECIPIENT, detail)


@tell.register
def _ignored(event: e.Ignored, _: Communication) -> Entry:
    return _entry(event, "ignored", detail=(_who(event.person), event.reason))


@tell.register
def _restored(event: e.Restored, _: Communication) -> Entry:
    return _entry(event, "restored", detail=(_who(event.person), event.reason))


def _entry(event: Any, kind: str, **more: Any) -> Entry:
    more = {"at": event.timestamp, **more}
    return Entry(
        communication_id=event.originator_id,
        version=event.originator_version,
        recorded_at=event.timestamp,
        kind=kind,
        **more,
    )


def _about(event: Any, kind: str, attempt: Attempt, numbers: Collection[int] = (), **more: Any) -> Entry:
    return _entry(event, kind, attempt_id=attempt.order.attempt_id, recipient=_address(attempt, numbers), **more)


def _opened(event: Any, kind: str, attempt: Attempt) -> Entry:
    who = _who(attempt.order.requested_by)
    return _about(event, kind, attempt, status=attempt.waiting, reason=attempt.reason, detail=(who,))


def _ended(event: e.TryFailed | e.OutcomeUnknown, kind: str, communication: Communication, status: Status) -> Entry:
    attempt = communication.attempts[event.attempt_id]
    called = next(t.recipients for t in attempt.tries if t.number == event.number)
    what = {"status": status, "reason": event.reason, "actor": describe(event.reason).actor, "detail": (event.detail,)}
    return _about(event, kind, attempt, called, **what)


def _heard(
    event: e.StatusReported | e.BuyerResponded,
    kind: str,
    communication: Communication,
    status: Status | None,
    actor: Actor,
    detail: tuple[Personal | str | None, ...],
) -> Entry:
    """What never counts (an opening by a machine, a word that nobody mapped) is told without a status."""
    report = event.report
    attempt = communication.attempts[report.attempt_id]
    return _entry(
        event,
        kind,
        at=report.occurred_at,
        attempt_id=report.attempt_id,
        recipient=_address(attempt, (report.recipient,))
        if report.recipient or len(attempt.order.recipients) == 1
        else None,
        status=status if report.counts else None,
        reason=report.reason,
        actor=actor,
        provider_event=report.provider_event,
        detail=detail,
    )


def _speaker(report: DeliveryReport) -> Actor:
    """Who stands behind it: as the provider says, else as the reason does, else the provider itself."""
    return report.actor or (REASONS[report.reason].actor if report.reason in REASONS else Actor.PROVIDER)


def _address(attempt: Attempt, numbers: Collection[int | None] = ()) -> Personal | None:
    """Whom it is about: the first of these recipients, or of all. None where no address is shown."""
    addressee = attempt.addressee
    if addressee is None or not numbers or addressee.number in numbers:
        return addressee.address if addressee else None
    return next((r.address for r in attempt.order.recipients if r.number in numbers), addressee.address)


def _who(person: Person | None) -> Personal | str | None:
    return (person.name or person.id) if person else None
