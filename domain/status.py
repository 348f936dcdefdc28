"""One status vocabulary, and the order-free rule that picks the status that stands.

class  what, ranked within from low to high                          shows                time counts
0, 1   waiting at ours; dispatch started                              queued, sending      no
2      outcome lost                                                   unknown              no
3      handed over                                                    sent                 no
4      the provider's own queue, sent on, deferred (it still tries)   sent, sent, sending  yes
5      recoverable failure (`reasons` says which are), delivered      failed, delivered    yes
6      opened by a human                                              read                 yes
7      final failure, rejected                                        failed, rejected     yes
8      the buyer answered, so it arrived                              read                 yes
9      complaint                                                      complained           yes
"""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

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
NEVER_SENT = Look(Group.NOT_SENT, "grey")
"""How a subject without any attempt looks; its status is None."""

ARRIVED = frozenset({Status.DELIVERED, Status.READ, Status.COMPLAINED})
"""Statuses that only a message which arrived can have."""

LEAST_GOOD = (
    Status.FAILED, Status.REJECTED, Status.COMPLAINED, Status.UNKNOWN, Status.NEEDS_ACTION, Status.COLLECTING,
    Status.QUEUED, Status.SENDING, Status.SENT, Status.DELIVERED, Status.READ, Status.SKIPPED,
)  # fmt: skip
"""From worst to best: of several recipients, the attempt shows the first of these."""


class Weight(NamedTuple):
    """Class and rank: the higher one stands."""

    cls: int
    rank: int = 0


WAITING, STARTED, LOST, HANDED_OVER = Weight(0), Weight(1), Weight(2), Weight(3)
BUYER_ANSWERED = Weight(8)
TIME_COUNTS_FROM = 4
_TIMELESS = datetime.min.replace(tzinfo=UTC)
_WEIGHTS: dict[Status, Weight] = {
    Status.SENDING: Weight(4, 2),
    Status.DELIVERED: Weight(5, 1),
    Status.READ: Weight(6),
    Status.REJECTED: Weight(7, 1),
    Status.COMPLAINED: Weight(9),
}


def weight(status: Status | None, reason: str | None) -> Weight | None:
    """The weight of a provider's report; None for what never counts (a word that nobody mapped)."""
    if status is None:
        return None
    if status is Status.FAILED:
        return Weight(7) if describe(reason).final else Weight(5)
    if status is Status.SENT:
        return Weight(4, 0 if reason == "processing" else 1)
    return _WEIGHTS.get(status)


Natural = tuple[tuple[int, int, str], ...]


class Precedence(msgspec.Struct, frozen=True, gc=False):
    """A total order by `outranks`: class, provider time where time counts, rank, report id compared number-aware."""

    cls: int
    at: datetime
    rank: int
    report_id: str

    @property
    def order(self) -> tuple[int, datetime, int, Natural]:
        return self.cls, self.at, self.rank, natural(self.report_id)

    def outranks(self, other: "Precedence") -> bool:
        """Report ids, which are slow to compare, decide only between claims that are alike in all else."""
        if self.cls != other.cls:
            return self.cls > other.cls
        if self.at != other.at:
            return self.at > other.at
        if self.rank != other.rank:
            return self.rank > other.rank
        return natural(self.report_id) > natural(other.report_id)


def precedence(given: Weight, at: datetime, report_id: str) -> Precedence:
    return Precedence(given.cls, at if given.cls >= TIME_COUNTS_FROM else _TIMELESS, given.rank, report_id)


def timeless(given: Weight) -> Precedence:
    """Of what we claim ourselves: no time of ours ever counts."""
    return Precedence(given.cls, _TIMELESS, given.rank, "")


def natural(text: str) -> Natural:
    """'h-9' before 'h-10': runs of digits, however long, compare as numbers, all else as text.

    The whole text comes last, so that two texts are only equal when they are the same ('7' and '07').
    """
    return (*(_part(p) for p in re.findall("[0-9]+|[^0-9]+", text)), (-1, 0, text))


def _part(part: str) -> tuple[int, int, str]:
    if not "0" <= part[0] <= "9":
        return 1, 0, part
    digits = part.lstrip("0")
    return 0, len(digits), digits
