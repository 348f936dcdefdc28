"""What a provider's answer does to an attempt, and when a try that failed is made again."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from adapters.providers.port import Answer, Refused, Taken, TryLater, Unknown
from domain.attempt import Attempt
from domain.communication import InvoiceCommunication
from domain.reports import DeliveryReport
from domain.status import Status
from domain.values import HandedMessage, Personal

Seal = Callable[[str], Personal | None]

FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(hours=24)
"""How long a provider's outage is waited out before the attempt counts as failed."""


def apply_answer(
    communication: InvoiceCommunication, attempt_id: str, number: int, answer: Answer, seal: Seal, at: datetime
) -> None:
    """Record how try `number` ended."""
    match answer:
        case Taken():
            _taken(communication, attempt_id, number, answer, seal, at)
        case Refused(reason=reason, detail=detail, status=status):
            communication.fail_try(attempt_id, number, reason, at, status=status, detail=seal(detail))
        case TryLater(reason=reason, detail=detail, after=after):
            again = next_try(communication.attempt(attempt_id), at, after)
            shown = reason if again else "provider_outage"
            communication.fail_try(attempt_id, number, shown, at, next_at=again, detail=seal(detail))
        case Unknown(detail=detail):
            communication.lose_outcome(attempt_id, number, "outcome_unknown", at, seal(detail))


def take(
    communication: InvoiceCommunication, attempt_id: str, number: int, messages: list[HandedMessage], at: datetime
) -> None:
    """Record that try `number` was taken under these ids. Of a call for one recipient alone, they are that one's."""
    tried = next(t for t in communication.attempt(attempt_id).tries if t.number == number)
    if len(tried.recipients) == 1:
        messages = [HandedMessage(m.message_id, tried.recipients[0]) for m in messages]
    communication.hand_over(attempt_id, number, messages, at)


def next_try(attempt: Attempt, at: datetime, after: float | None) -> datetime | None:
    """When to try again, None to give up: doubling pauses with jitter, never sooner than the provider asks."""
    begun = attempt.shipped_at or at
    doubled = min(FIRST_PAUSE * 2 ** min(len(attempt.tries) - 1, 16), LONGEST_PAUSE)
    pause = max(doubled * random.uniform(0.8, 1.2), timedelta(seconds=after or 0))
    return at + pause if at + pause < begun + GIVE_UP_AFTER else None


def _taken(
    communication: InvoiceCommunication, attempt_id: str, number: int, answer: Taken, seal: Seal, at: datetime
) -> None:
    take(communication, attempt_id, number, answer.messages, at)
    for recipient, refused in answer.refused:
        report = DeliveryReport(
            report_id=f"try:{attempt_id}:{number}:{recipient}",
            attempt_id=attempt_id,
            provider_event="refused at hand-over",
            occurred_at=at,
            status=Status(refused.status),
            reason=refused.reason,
            recipient=recipient,
            detail=seal(refused.detail),
        )
        communication.record_report(report, at)
