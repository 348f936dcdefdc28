"""When a provider is asked what became of an attempt by itself, and when there is nothing left to ask."""

from datetime import datetime, timedelta

from domain.attempt import Attempt
from domain.reasons import reason as describe
from domain.reports import BuyerResponse
from domain.status import Status

ASKABLE = timedelta(days=25)
"""After an attempt was shipped; some providers forget after 30 days."""
WAITS = (timedelta(minutes=10), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6), timedelta(days=1))
"""Before the first question and between the next; the last one from then on."""
PULL_ASKABLE = timedelta(days=365)
PULL_WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
"""The same for a provider that never calls back: there is no other way to hear that an invoice was paid."""

_FAILED = frozenset({Status.FAILED, Status.REJECTED})
_OPEN = frozenset({Status.SENDING, Status.SENT, Status.UNKNOWN})
_NEVER_CALLED = frozenset({Status.SKIPPED, Status.NEEDS_ACTION})
_LAST_ANSWERS = frozenset({BuyerResponse.PAID, BuyerResponse.REJECTED})


def askable_until(shipped_at: datetime, *, pull_only: bool) -> datetime:
    return shipped_at + (PULL_ASKABLE if pull_only else ASKABLE)


def next_question(asked: int, at: datetime, shipped_at: datetime, *, pull_only: bool) -> datetime | None:
    """When to ask again after `asked` questions, the last one at `at`; None: it has been too long."""
    waits = PULL_WAITS if pull_only else WAITS
    late = at > shipped_at + ASKABLE
    again = at + (WAITS[-1] if late else waits[min(asked, len(waits) - 1)])
    return again if again <= askable_until(shipped_at, pull_only=pull_only) else None


def open_recipients(attempt: Attempt, *, pull_only: bool) -> set[int]:
    """The numbers of the recipients of whom the provider may still tell the end."""
    numbers = [r.number for r in attempt.order.recipients] or [1]
    return {n for n in numbers if _is_open(attempt, n, pull_only=pull_only)}


def _is_open(attempt: Attempt, number: int, *, pull_only: bool) -> bool:
    """What calls back tells of late bounces and answers by itself; of what never does, they are asked for."""
    shown = attempt.recipient_outcome(number)
    if not pull_only or shown.status in _OPEN:
        return shown.status in _OPEN
    if attempt.buyer_response in _LAST_ANSWERS or shown.status in _NEVER_CALLED:
        return False
    return shown.status not in _FAILED or not describe(shown.reason).final
