"""Tries: the calls to the provider inside one attempt, and what each alone lets us claim."""

from datetime import datetime
from enum import StrEnum

import msgspec

from domain.reasons import reason as describe
from domain.reports import Standing
from domain.status import HANDED_OVER, LOST, STARTED, WAITING, Precedence, Status, timeless
from domain.values import HandedMessage, Personal


class TryOutcome(StrEnum):
    """`failed` is tried again, `refused` is given up."""

    STARTED = "started"
    HANDED_OVER = "handed_over"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REFUSED = "refused"


class Try(msgspec.Struct, omit_defaults=True, gc=False):
    """One call to the provider: for `recipients` (numbers), begun at `at`."""

    number: int
    at: datetime
    recipients: list[int]
    outcome: TryOutcome = TryOutcome.STARTED
    ended_at: datetime | None = None
    next_at: datetime | None = None
    status: Status | None = None
    """Where we gave up: `failed`, or `rejected` when the provider refused it."""
    reason: str | None = None
    detail: Personal | None = None
    messages: list[HandedMessage] = []

    def knows(self, message_id: str, recipient: int) -> bool:
        return bool([m for m in self.messages if m.message_id == message_id and m.recipient in (None, recipient)])

    def sent_as(self, message_id: str) -> bool:
        return any(m.message_id == message_id for m in self.messages)

    def names(self, message_id: str | None, recipient: int) -> bool:
        """Whether the message id is this recipient's alone."""
        return any(m.message_id == message_id and m.recipient == recipient for m in self.messages)

    def claim(self, recipient: int) -> Standing:
        """What we know of it without the provider's reports.

        It weighs little even where we gave up: a report about a message that we believe was refused proves that it
        was not. Handed over without a message id for this recipient is no proof that it was taken.
        """
        outcome, reason = self.outcome, self.reason
        if outcome is TryOutcome.HANDED_OVER and not [m for m in self.messages if m.recipient in (None, recipient)]:
            outcome, reason = TryOutcome.UNKNOWN, "outcome_unknown"
        status, given = _CLAIMS[outcome]
        at = self.ended_at or self.at
        actor = describe(reason).actor if outcome is TryOutcome.REFUSED else None
        return Standing(self.status or status, given, at, reason, actor, self.detail)


_CLAIMS: dict[TryOutcome, tuple[Status, Precedence]] = {
    TryOutcome.STARTED: (Status.SENDING, timeless(STARTED)),
    TryOutcome.FAILED: (Status.QUEUED, timeless(WAITING)),
    TryOutcome.REFUSED: (Status.FAILED, timeless(WAITING)),
    TryOutcome.UNKNOWN: (Status.UNKNOWN, timeless(LOST)),
    TryOutcome.HANDED_OVER: (Status.SENT, timeless(HANDED_OVER)),
}
