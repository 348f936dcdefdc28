"""InvoiceCommunication: everything sent about one subject. Commands decide and may refuse; events only record."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate, MetaAggregate, OriginatorVersionError, event
from msgspec.structs import replace

from domain import errors, events, rules
from domain.attempt import Attempt, View
from domain.identity import communication_id
from domain.reports import DeliveryReport
from domain.status import Status
from domain.tries import TryOutcome
from domain.values import (
    Cause,
    Channel,
    Document,
    DocumentFormat,
    HandedMessage,
    Order,
    Person,
    Personal,
    SubjectDetails,
    SubjectType,
)


class _Made(MetaAggregate["InvoiceCommunication"]):
    def __call__(
        self, tenant_id: UUID, subject_type: SubjectType, external_id: str, timestamp: datetime
    ) -> "InvoiceCommunication":
        """As the library does it, without looking up what the constructor takes."""
        facts = {"tenant_id": tenant_id, "subject_type": subject_type, "external_id": external_id}
        return self._create(InvoiceCommunication.Created, timestamp=timestamp, **facts)


class InvoiceCommunication(Aggregate, metaclass=_Made):
    """Every attempt to send one subject, and what became of each."""

    TOPIC = "InvoiceCommunication"

    class Created(Aggregate.Created):
        TOPIC = "InvoiceCommunication.Created"
        tenant_id: UUID
        subject_type: SubjectType
        external_id: str

        def mutate(self, aggregate: Any) -> Any:
            """As the library does it, without looking up what the constructor takes. Raises OriginatorVersionError."""
            if aggregate is not None:
                raise OriginatorVersionError(self.originator_version, aggregate.version + 1)
            made: Any = InvoiceCommunication.__new__(InvoiceCommunication)
            made.__base_init__(self.originator_id, self.originator_version, self.timestamp)
            made.__init__(self.tenant_id, self.subject_type, self.external_id, self.timestamp)
            return made

    @event(Created)
    def __init__(
        self,
        tenant_id: UUID,
        subject_type: SubjectType,
        external_id: str,
        timestamp: datetime,  # noqa: ARG002  (the library puts it into the event)
    ) -> None:
        self.tenant_id = tenant_id
        self.subject_type = subject_type if subject_type.__class__ is SubjectType else SubjectType(subject_type)
        self.external_id = external_id
        self.details = SubjectDetails()
        self.documents: dict[DocumentFormat, Document] = {}
        self.attempts: dict[str, Attempt] = {}
        self.ignored = False

    @classmethod
    def _create(cls, event_class: Any, **facts: Any) -> Any:  # noqa: ARG003  (there is one)
        """As the library does it, without looking up what each method takes."""
        place = cls.create_id(facts["tenant_id"], facts["subject_type"], facts["external_id"])
        created = cls.Created(originator_id=place, originator_version=1, originator_topic=cls.TOPIC, **facts)
        made = created.mutate(None)
        made._pending_events.append(created)
        return made

    @staticmethod
    def create_id(tenant_id: UUID, subject_type: str, external_id: str) -> UUID:
        return communication_id(tenant_id, subject_type, external_id)

    # what the owner system says

    def revise_subject(self, details: SubjectDetails, at: datetime) -> None:
        if details != self.details:
            self._record(events.SubjectRevised, at, details=details)

    def add_document(self, document: Document, at: datetime) -> None:
        known = self.documents.get(document.format)
        if known is None or (known.sha256, known.key) != (document.sha256, document.key):
            self._record(events.DocumentAdded, at, document=document)

    # asking for a send

    def send(self, order: Order, at: datetime) -> None:
        """Open an attempt. The same attempt id again changes nothing.

        Raises AttemptOpenError on a double click, AttemptNotFoundError for one that follows none, MalformedOrderError.
        """
        if order.attempt_id in self.attempts:
            return
        if order.previous_attempt_id:
            self.attempt(order.previous_attempt_id)
        self._open(events.SendAttempted, order, at)

    def resend(self, order: Order, at: datetime, window: timedelta) -> None:
        """Send an earlier attempt again, whatever became of it, as long as it is recent enough.

        Documents, message and language are the earlier ones unless the order has its own.
        Raises AttemptNotFoundError, TooOldError, AttemptOpenError, MalformedOrderError.
        """
        if order.attempt_id in self.attempts:
            return
        original = self.attempt(order.previous_attempt_id or "")
        if at >= original.created_at + window:
            raise errors.TooOldError(f"It was asked for on {original.created_at:%Y-%m-%d}.")
        self._open(events.Resent, rules.as_resend(order, original.order), at)

    def mark_as_sent(self, attempt_id: str, person: Person, sent_at: datetime, how: Personal, at: datetime) -> None:
        """A person says that it went out by hand. Raises UnprovenError without a name, NotManualError otherwise."""
        if not (person.id or person.name):
            raise errors.UnprovenError
        known = self.attempts.get(attempt_id)
        if known is not None and known.marked_sent_at:
            return
        if known is not None and known.outcome().status is not Status.NEEDS_ACTION:
            raise errors.NotManualError
        order = None if known else Order(attempt_id, Cause.FIRST, Channel.MANUAL, requested_by=person)
        if order is not None:
            self._restore_for(order, at)
        self._record(
            events.MarkedAsSent, at, attempt_id=attempt_id, person=person, sent_at=sent_at, how=how, order=order
        )

    def skip(self, attempt_id: str, reason: str, at: datetime) -> None:
        self._refuse_if_left(attempt_id)
        self._record(events.AttemptSkipped, at, attempt_id=attempt_id, reason=reason)

    def cancel(self, attempt_id: str, person: Person | None, at: datetime) -> None:
        self._refuse_if_left(attempt_id)
        self._record(events.AttemptCancelled, at, attempt_id=attempt_id, person=person)

    # what the dispatcher does

    def start_dispatch(self, attempt_id: str, recipients: list[int], at: datetime) -> int:
        """Record that the provider is about to be called for these recipients, before it is.

        Returns the number of the try. Raises DispatchRefusedError unless all of them wait for their turn.
        """
        attempt = self.attempt(attempt_id)
        running = {n for t in attempt.tries if t.outcome is TryOutcome.STARTED for n in t.recipients}
        ready = {r.number for r in attempt.unsent()} - running
        if attempt.waiting is not Status.QUEUED or not recipients or not set(recipients) <= ready:
            raise errors.DispatchRefusedError
        number = len(attempt.tries) + 1
        self._record(events.DispatchStarted, at, attempt_id=attempt_id, number=number, recipients=list(recipients))
        return number

    def hand_over(self, attempt_id: str, number: int, messages: list[HandedMessage], at: datetime) -> None:
        """The provider took it, also when we had given up on its answer. Raises UnprovenError without a message id."""
        if not messages or not all(m.message_id for m in messages):
            raise errors.UnprovenError
        if self._outcome_of(attempt_id, number) in (TryOutcome.STARTED, TryOutcome.UNKNOWN):
            self._record(events.HandedOver, at, attempt_id=attempt_id, number=number, messages=list(messages))

    def fail_try(
        self,
        attempt_id: str,
        number: int,
        reason: str,
        at: datetime,
        *,
        next_at: datetime | None = None,
        status: Status | None = None,
        detail: Personal | None = None,
    ) -> None:
        """The provider did not take it: again at `next_at`, or given up as `status` (failed unless it says rejected).

        A try whose outcome we called unknown may still turn out as refused, but is never repeated by itself:
        somebody may have sent it again since.
        """
        if status not in (None, Status.FAILED, Status.REJECTED):
            raise errors.UnprovenError
        known = self._outcome_of(attempt_id, number)
        if known is not TryOutcome.STARTED and not (known is TryOutcome.UNKNOWN and next_at is None):
            return
        ended = None if next_at else status or Status.FAILED
        facts = {"reason": reason, "next_at": next_at, "status": ended, "detail": detail}
        self._record(events.TryFailed, at, attempt_id=attempt_id, number=number, **facts)

    def lose_outcome(self, attempt_id: str, number: int, reason: str, at: datetime, detail: Personal | None) -> None:
        """The call was made and its answer is lost."""
        if self._outcome_of(attempt_id, number) is TryOutcome.STARTED:
            facts = {"reason": reason, "detail": detail}
            self._record(events.OutcomeUnknown, at, attempt_id=attempt_id, number=number, **facts)

    # what providers say

    def record_report(self, report: DeliveryReport, at: datetime) -> None:
        """Record one report once, by its report id. Raises AttemptNotFoundError."""
        if report.report_id in self.attempt(report.attempt_id).report_ids:
            return
        kind = events.BuyerResponded if report.buyer_response else events.StatusReported
        self._record(kind, at, report=report)

    # what people mark

    def ignore(self, person: Person | None, reason: Personal | None, at: datetime) -> None:
        if not self.ignored:
            self._record(events.Ignored, at, person=person, reason=reason)

    def restore(self, person: Person | None, reason: Personal | None, at: datetime) -> None:
        if self.ignored:
            self._record(events.Restored, at, person=person, reason=reason)

    # what it shows

    def attempt(self, attempt_id: str) -> Attempt:
        """Raises AttemptNotFoundError."""
        try:
            return self.attempts[attempt_id]
        except KeyError:
            raise errors.AttemptNotFoundError from None

    def views(self) -> dict[str, View]:
        """What each attempt shows, by id."""
        return {attempt_id: attempt.view() for attempt_id, attempt in self.attempts.items()}

    def shown(self, views: Mapping[str, View]) -> Attempt | None:
        """The attempt that the overview shows: the newest-asked that counts, else the newest."""
        if len(self.attempts) > 1:
            for attempt_id, attempt in reversed(self.attempts.items()):
                if attempt.replaces_earlier(views[attempt_id].outcome):
                    return attempt
        return next(reversed(self.attempts.values()), None)

    # how events change it

    def open(self, order: Order, at: datetime) -> None:
        """An attempt that needs a person takes the documents that are there; any other waits for those it lacks."""
        attempt = Attempt(order, at, Status.COLLECTING)
        self.attempts[order.attempt_id] = attempt
        self.collect(attempt)
        if order.channel is Channel.MANUAL or order.needs_action:
            attempt.waiting, attempt.reason = Status.NEEDS_ACTION, order.needs_action or "manual_channel"

    def collect(self, attempt: Attempt) -> None:
        """Give the attempt the documents that it asks for, or let it wait for them: until then none is settled."""
        order = attempt.order
        if not order.formats:
            attempt.waiting, attempt.reason = Status.QUEUED, None
            return
        given = {d.format for d in order.documents}
        found = [self.documents[f] for f in order.formats if f not in given and f in self.documents]
        complete = given | {d.format for d in found} >= set(order.formats)
        if found and (complete or order.channel is Channel.MANUAL or order.needs_action):
            attempt.order = replace(order, documents=[*order.documents, *found])
        attempt.waiting = Status.QUEUED if complete else Status.COLLECTING
        attempt.reason = None if complete else "document_missing"

    def _record(self, kind: type[events.CommunicationEvent], at: datetime, **facts: Any) -> None:
        """As the library's `trigger_event`, without looking the topic up each time."""
        made = kind(originator_id=self._id, originator_version=self._version + 1, timestamp=at, **facts)
        made.mutate(self)
        self._pending_events.append(made)  # type: ignore[arg-type]

    def _open(self, kind: type[events.SendAttempted | events.Resent], order: Order, at: datetime) -> None:
        rules.check_order(order, resend=kind is events.Resent)
        rules.refuse_if_open(self.attempts.values(), order)
        self._restore_for(order, at)
        self._record(kind, at, order=order)

    def _restore_for(self, order: Order, at: datetime) -> None:
        """A new send brings an ignored communication back."""
        if self.ignored:
            self._record(events.Restored, at, person=order.requested_by, reason=None)

    def _refuse_if_left(self, attempt_id: str) -> None:
        attempt = self.attempt(attempt_id)
        if attempt.has_left or attempt.skipped_at:
            raise errors.AlreadyEndedError

    def _outcome_of(self, attempt_id: str, number: int) -> TryOutcome | None:
        return next((t.outcome for t in self.attempt(attempt_id).tries if t.number == number), None)
