"""One status vocabulary, and the order-free rule that picks the status that stands (DESIGN.md section 4)."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from domain.reasons import reason as describe


class Status(StrEnum):
    COLLECTING = "collecting"
    QUEUED = "queued"
    NEEDS_ACTION = "needs_action"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    SKIPPED = "skipped"
    FAILED = "failed"
    REJECTED = "rejected"
    COMPLAINED = "complained"
    UNKNOWN = "unknown"


class Group(StrEnum):
    HIDDEN = "hidden"
    NOT_SENT = "not_sent"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"


class Look(NamedTuple):
    group: Group
    color: str


LOOK: dict[Status, Look] = {
    Status.COLLECTING: Look(Group.HIDDEN, "grey"),
    Status.QUEUED: Look(Group.NOT_SENT, "grey"),
    Status.NEEDS_ACTION: Look(Group.NOT_SENT, "amber"),
    Status.SENDING: Look(Group.IN_PROGRESS, "blue"),
    Status.SENT: Look(Group.COMPLETED, "green"),
    Status.DELIVERED: Look(Group.COMPLETED, "green"),
    Status.READ: Look(Group.COMPLETED, "green"),
    Status.SKIPPED: Look(Group.COMPLETED, "green"),
    Status.FAILED: Look(Group.FAILED, "red"),
    Status.REJECTED: Look(Group.FAILED, "red"),
    Status.COMPLAINED: Look(Group.FAILED, "red"),
    Status.UNKNOWN: Look(Group.IN_PROGRESS, "grey"),
}

ARRIVED = frozenset({Status.DELIVERED, Status.READ, Status.COMPLAINED})
"""Statuses that only a message which arrived can have."""

LEAST_GOOD = (
    Status.FAILED, Status.REJECTED, Status.COMPLAINED, Status.UNKNOWN, Status.NEEDS_ACTION, Status.COLLECTING,
    Status.QUEUED, Status.SENDING, Status.SENT, Status.DELIVERED, Status.READ, Status.SKIPPED,
)  # fmt: skip
"""From worst to best: of several recipients, the attempt shows the first of these."""


class Weight(NamedTuple):
    """Class and rank of DESIGN.md's table: the higher one stands."""

    cls: int
    rank: int = 0


WAITING, STARTED, LOST, HANDED_OVER = Weight(0), Weight(1), Weight(2), Weight(3)
BUYER_ANSWERED = Weight(8)
TIME_COUNTS_FROM = 4
_TIMELESS = datetime.min.replace(tzinfo=UTC)


def weight(status: Status, reason: str | None) -> Weight | None:
    """The weight of a provider's report; None for what never counts (a word that nobody mapped)."""
    if status is Status.FAILED:
        return Weight(7) if describe(reason).final else Weight(5)
    if status is Status.SENT:
        return Weight(4, 0 if reason == "processing" else 1)
    return _WEIGHTS.get(status)


_WEIGHTS: dict[Status, Weight] = {
    Status.SENDING: Weight(4, 2),
    Status.DELIVERED: Weight(5, 1),
    Status.READ: Weight(6),
    Status.REJECTED: Weight(7, 1),
    Status.COMPLAINED: Weight(9),
}

Precedence = tuple[int, datetime, int, tuple[tuple[int, int, str], ...]]


def precedence(given: Weight, at: datetime, report_id: str) -> Precedence:
    """(class, provider time where time counts, rank, report id compared number-aware): a total order."""
    return given.cls, at if given.cls >= TIME_COUNTS_FROM else _TIMELESS, given.rank, natural(report_id)


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """'h-9' before 'h-10': runs of digits compare as numbers, all else as text."""
    parts = re.findall(r"[0-9]+|[^0-9]+", text)
    return tuple((0, int(p), p) if p.isdecimal() and p.isascii() else (1, 0, p) for p in parts)
