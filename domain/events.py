"""What can happen to a communication. Events only record: `apply` runs again on every replay and never refuses.

Topics are fixed names; they outlive any rename of the classes. A stored sample of each lies under tests/.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import msgspec
from eventsourcing.domain import OriginatorIDError, OriginatorVersionError
from eventsourcing.utils import register_topic

from domain.reports import DeliveryReport
from domain.status import Status
from domain.tries import Try, TryOutcome
from domain.values import Document, HandedMessage, Order, Person, Personal, SubjectDetails

if TYPE_CHECKING:
    from domain.communication import InvoiceCommunication


class CommunicationEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One fact about one communication, at `timestamp` (UTC, by our clock).

    A struct and not the library's dataclass: made and read in half the time. Whose it is, and the how manyth, are
    columns of its row; all other fields are its state.
    """

    TOPIC: ClassVar[str]
    originator_id: UUID = UUID(int=0)
    originator_version: int = 0
    timestamp: datetime

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "TOPIC" in vars(cls):
            register_topic(cls.TOPIC, cls)

    def mutate(self, aggregate: Any) -> Any:
        """As the library's events do. Folding is most of what the projector does.

        Raises OriginatorIDError, OriginatorVersionError.
        """
        if aggregate is None:
            raise OriginatorVersionError(self.originator_version, 1)
        if self.originator_id is not aggregate._id and self.originator_id != aggregate._id:
            raise OriginatorIDError(self.originator_id, aggregate.id)
        if self.originator_version != aggregate._version + 1:
            raise OriginatorVersionError(self.originator_version, aggregate.version + 1)
        self.change(aggregate)
        aggregate._version, aggregate._modified_on = self.originator_version, self.timestamp
        return aggregate

    def change(self, communication: "InvoiceCommunication") -> None:
        """Fold this fact into the state."""
        raise NotImplementedError


class SubjectRevised(CommunicationEvent, frozen=True, kw_only=True):
    """The owner system said something new about the subject; `details` are all that it says now."""

    TOPIC = "InvoiceCommunication.SubjectRevised"
    details: SubjectDetails

    def change(self, communication: "InvoiceCommunication") -> None:
        communication.details = self.details


class DocumentAdded(CommunicationEvent, frozen=True, kw_only=True):
    """A file of the subject was stored; attempts that waited for its format have it now."""

    TOPIC = "InvoiceCommunication.DocumentAdded"
    document: Document

    def change(self, communication: "InvoiceCommunication") -> None:
        communication.documents[self.document.format] = self.document
        for attempt in communication.attempts.values():
            if attempt.waiting is Status.COLLECTING:
                communication.collect(attempt)


class SendAttempted(CommunicationEvent, frozen=True, kw_only=True):
    """A send was asked for: first, in bulk, as follow-up or fallback."""

    TOPIC = "InvoiceCommunication.SendAttempted"
    order: Order

    def change(self, communication: "InvoiceCommunication") -> None:
        communication.open(self.order, self.timestamp)


class Resent(CommunicationEvent, frozen=True, kw_only=True):
    """A person asked for an earlier attempt (`order.previous_attempt_id`) to be sent again."""

    TOPIC = "InvoiceCommunication.Resent"
    order: Order

    def change(self, communication: "InvoiceCommunication") -> None:
        communication.open(self.order, self.timestamp)


class MarkedAsSent(CommunicationEvent, frozen=True, kw_only=True):
    """A named person sent it by hand at `sent_at`; opens a manual attempt unless it names one that needs action.

    `how` is free text: the first version had it in clear, and such rows stay as they were recorded.
    """

    TOPIC = "InvoiceCommunication.MarkedAsSent"
    attempt_id: str
    person: Person
    sent_at: datetime
    how: Personal | str
    order: Order | None
    class_version: ClassVar[int] = 2

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Nothing here can seal it."""

    def change(self, communication: "InvoiceCommunication") -> None:
        if self.order is not None:
            communication.open(self.order, self.timestamp)
        attempt = communication.attempts[self.attempt_id]
        attempt.marked_sent_at = attempt.shipped_at = self.sent_at
        attempt.how = self.how


class AttemptSkipped(CommunicationEvent, frozen=True, kw_only=True):
    """It was deliberately not sent; `reason` says why."""

    TOPIC = "InvoiceCommunication.AttemptSkipped"
    attempt_id: str
    reason: str

    def change(self, communication: "InvoiceCommunication") -> None:
        communication.attempts[self.attempt_id].skip(self.reason, self.timestamp)


class AttemptCancelled(CommunicationEvent, frozen=True, kw_only=True):
    """A person called it back before it left us."""

    TOPIC = "InvoiceCommunication.AttemptCancelled"
    attempt_id: str
    person: Person | None

    def change(self, communication: "InvoiceCommunication") -> None:
        communication.attempts[self.attempt_id].skip("cancelled", self.timestamp)


class DispatchStarted(CommunicationEvent, frozen=True, kw_only=True):
    """The provider is about to be called; recorded first, so that a crash in between is visible."""

    TOPIC = "InvoiceCommunication.DispatchStarted"
    attempt_id: str
    number: int
    recipients: list[int]

    def change(self, communication: "InvoiceCommunication") -> None:
        attempt = communication.attempts[self.attempt_id]
        attempt.tries.append(Try(self.number, self.timestamp, self.recipients))
        attempt.shipped_at = attempt.shipped_at or self.timestamp


class _TryEnded(CommunicationEvent, frozen=True, kw_only=True):
    """How one try ended."""

    attempt_id: str
    number: int

    def end(self, communication: "InvoiceCommunication", outcome: TryOutcome) -> Try:
        one, *_ = [t for t in communication.attempts[self.attempt_id].tries if t.number == self.number]
        one.outcome, one.ended_at = outcome, self.timestamp
        return one


class HandedOver(_TryEnded, frozen=True, kw_only=True):
    """The provider took it and named it: `messages` are its ids."""

    TOPIC = "InvoiceCommunication.HandedOver"
    messages: list[HandedMessage]

    def change(self, communication: "InvoiceCommunication") -> None:
        one = self.end(communication, TryOutcome.HANDED_OVER)
        one.messages, one.reason, one.detail = self.messages, None, None


class TryFailed(_TryEnded, frozen=True, kw_only=True):
    """The provider did not take it: try again at `next_at`, or given up as `status` when there is none."""

    TOPIC = "InvoiceCommunication.TryFailed"
    reason: str
    next_at: datetime | None
    status: Status | None
    detail: Personal | None

    def change(self, communication: "InvoiceCommunication") -> None:
        one = self.end(communication, TryOutcome.FAILED if self.next_at else TryOutcome.REFUSED)
        one.reason, one.detail, one.next_at, one.status = self.reason, self.detail, self.next_at, self.status


class OutcomeUnknown(_TryEnded, frozen=True, kw_only=True):
    """Nobody can know whether the provider took it; shown as such until a report says more."""

    TOPIC = "InvoiceCommunication.OutcomeUnknown"
    reason: str
    detail: Personal | None

    def change(self, communication: "InvoiceCommunication") -> None:
        one = self.end(communication, TryOutcome.UNKNOWN)
        one.reason, one.detail = self.reason, self.detail


class StatusReported(CommunicationEvent, frozen=True, kw_only=True):
    """A provider said what became of it."""

    TOPIC = "InvoiceCommunication.StatusReported"
    report: DeliveryReport

    def change(self, communication: "InvoiceCommunication") -> None:
        communication.attempts[self.report.attempt_id].hear(self.report)


class BuyerResponded(CommunicationEvent, frozen=True, kw_only=True):
    """The buyer answered an e-invoice: accepted, refused, paid ..."""

    TOPIC = "InvoiceCommunication.BuyerResponded"
    report: DeliveryReport

    def change(self, communication: "InvoiceCommunication") -> None:
        communication.attempts[self.report.attempt_id].hear(self.report)


class Ignored(CommunicationEvent, frozen=True, kw_only=True):
    """A person took the communication out of lists and counts."""

    TOPIC = "InvoiceCommunication.Ignored"
    person: Person | None
    reason: Personal | None

    def change(self, communication: "InvoiceCommunication") -> None:
        communication.ignored = True


class Restored(CommunicationEvent, frozen=True, kw_only=True):
    """A person put it back."""

    TOPIC = "InvoiceCommunication.Restored"
    person: Person | None
    reason: Personal | None

    def change(self, communication: "InvoiceCommunication") -> None:
        communication.ignored = False
