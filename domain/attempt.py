"""One attempt: what was asked, its tries, what was reported, and the status that follows from the set of all that."""

from datetime import datetime
from enum import StrEnum

import msgspec

from domain.reasons import reason as describe
from domain.reports import BuyerResponse, DeliveryReport, Standing, highest, standing
from domain.status import (
    ARRIVED,
    HANDED_OVER,
    LEAST_GOOD,
    LOST,
    STARTED,
    WAITING,
    Precedence,
    Status,
    Weight,
    precedence,
)
from domain.values import Actor, HandedMessage, Order, Personal, Recipient, Role


class TryOutcome(StrEnum):
    STARTED = "started"
    HANDED_OVER = "handed_over"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REFUSED = "refused"


class Try(msgspec.Struct, omit_defaults=True):
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
        return any(m.message_id == message_id and m.recipient in (None, recipient) for m in self.messages)


class Heard(msgspec.Struct, omit_defaults=True):
    """The report that stands for one recipient and one provider message."""

    recipient: int
    message_id: str | None
    standing: Standing


class Outcome(msgspec.Struct, frozen=True):
    """What one recipient, or the attempt as a whole, shows."""

    status: Status
    reason: str | None = None
    at: datetime | None = None
    actor: Actor | None = None
    detail: Personal | None = None
    diagnostic_code: str | None = None


class Times(msgspec.Struct, omit_defaults=True):
    """The earliest moment at which each was so, by the provider's clock; `sent` by ours."""

    sent: datetime | None = None
    delivered: datetime | None = None
    read: datetime | None = None
    failed: datetime | None = None
    complained: datetime | None = None


class Attempt(msgspec.Struct, omit_defaults=True):
    """Never changed, only followed by events; every field here is a fold over them."""

    order: Order
    created_at: datetime
    waiting: Status
    reason: str | None = None
    tries: list[Try] = []
    heard: list[Heard] = []
    report_ids: set[str] = set()
    times: Times = msgspec.field(default_factory=Times)
    shipped_at: datetime | None = None
    marked_sent_at: datetime | None = None
    how: str | None = None
    buyer_response: BuyerResponse | None = None
    buyer_precedence: Precedence | None = None

    def hear(self, report: DeliveryReport) -> None:
        """Reports come late, twice and in any order: the highest one stands, whoever was first."""
        self.report_ids.add(report.report_id)
        if (claim := standing(report)) is None:
            return
        self._remember_time(report)
        self._remember_buyer(report, claim)
        recipient = self._named(report)
        if recipient is None:
            return
        for place, known in enumerate(self.heard):
            if (known.recipient, known.message_id) == (recipient, report.message_id):
                stands = highest(known.standing, claim) or claim
                self.heard[place] = Heard(recipient, report.message_id, stands)
                return
        self.heard.append(Heard(recipient, report.message_id, claim))

    def outcome(self) -> Outcome:
        """The least good of the `to` recipients; before the first try, what it waits for."""
        shown = [self.recipient_outcome(r.number) for r in self.order.recipients if r.role is Role.TO]
        return min(shown, key=lambda o: LEAST_GOOD.index(o.status)) if shown else self._whole()

    def recipient_outcome(self, number: int) -> Outcome:
        """Each provider message is one try: any arrival wins, else the last try stands."""
        tries = [t for t in self.tries if number in t.recipients]
        if not tries or (self.waiting is Status.SKIPPED and self._unsettled(number)):
            return self._whole()
        shown = [self._try_standing(t, number, last=t is tries[-1]) for t in tries]
        arrived = [s for s in shown if s.status in ARRIVED]
        return _as_outcome(max(arrived, key=lambda s: s.precedence) if arrived else shown[-1])

    @property
    def replaces_earlier(self) -> bool:
        """Whether the overview shows it instead of an earlier attempt (DESIGN.md section 4)."""
        if self.tries or self.marked_sent_at:
            shown = self.outcome()
            return not (shown.status is Status.REJECTED and shown.reason == "duplicate")
        later = self.waiting is Status.QUEUED and self.order.scheduled_at is not None
        return not later and self.waiting not in (Status.COLLECTING, Status.SKIPPED)

    @property
    def is_open(self) -> bool:
        """Waiting or being sent: until each recipient's message is handed over or given up."""
        if not self.tries:
            return self.waiting in (Status.COLLECTING, Status.QUEUED)
        return self.waiting is Status.QUEUED and bool(self.unsent())

    def unsent(self) -> list[Recipient]:
        """The recipients whose last try is still running or to be repeated; those never tried too."""
        return [r for r in self.order.recipients if self._unsettled(r.number)]

    def last_try(self, number: int) -> Try | None:
        return next((t for t in reversed(self.tries) if number in t.recipients), None)

    def handed_over(self) -> bool:
        return any(t.outcome is TryOutcome.HANDED_OVER for t in self.tries)

    def _unsettled(self, number: int) -> bool:
        last = self.last_try(number)
        return last is None or last.outcome in (TryOutcome.STARTED, TryOutcome.FAILED)

    def _whole(self) -> Outcome:
        if self.marked_sent_at:
            return Outcome(Status.SENT, None, self.marked_sent_at)
        return Outcome(self.waiting, self.reason, self.created_at)

    def _named(self, report: DeliveryReport) -> int | None:
        numbers = [r.number for r in self.order.recipients]
        if report.recipient is not None:
            return report.recipient if report.recipient in numbers else None
        return numbers[0] if len(numbers) == 1 else None

    def _try_standing(self, one: Try, number: int, *, last: bool) -> Standing:
        stands = _own_claim(one)
        for heard in self.heard:
            if heard.recipient == number and self._belongs(heard.message_id, one, number, last=last):
                stands = highest(stands, heard.standing) or stands
        return stands

    def _belongs(self, message_id: str | None, one: Try, number: int, *, last: bool) -> bool:
        """A message id that no try was given is the last one's: its answer may have been lost."""
        if message_id is not None and any(t.knows(message_id, number) for t in self.tries):
            return one.knows(message_id, number)
        return last

    def _remember_time(self, report: DeliveryReport) -> None:
        name = _TIME_OF.get(report.status) if report.status else None
        if name is not None:
            before = getattr(self.times, name)
            setattr(self.times, name, min(before or report.occurred_at, report.occurred_at))

    def _remember_buyer(self, report: DeliveryReport, claim: Standing) -> None:
        later = self.buyer_precedence is None or claim.precedence > self.buyer_precedence
        if report.buyer_response and later:
            self.buyer_response, self.buyer_precedence = report.buyer_response, claim.precedence


_TIME_OF = {
    Status.DELIVERED: "delivered",
    Status.READ: "read",
    Status.FAILED: "failed",
    Status.REJECTED: "failed",
    Status.COMPLAINED: "complained",
}

_OWN: dict[TryOutcome, tuple[Status, Weight]] = {
    TryOutcome.STARTED: (Status.SENDING, STARTED),
    TryOutcome.FAILED: (Status.QUEUED, WAITING),
    TryOutcome.REFUSED: (Status.REJECTED, WAITING),
    TryOutcome.UNKNOWN: (Status.UNKNOWN, LOST),
    TryOutcome.HANDED_OVER: (Status.SENT, HANDED_OVER),
}


def _own_claim(one: Try) -> Standing:
    """What we know of a try without the provider's reports."""
    status, given = _OWN[one.outcome]
    at = one.ended_at or one.at
    actor = describe(one.reason).actor if one.outcome is TryOutcome.REFUSED else None
    return Standing(one.status or status, precedence(given, at, ""), at, one.reason, actor, one.detail)


def _as_outcome(stands: Standing) -> Outcome:
    return Outcome(stands.status, stands.reason, stands.at, stands.actor, stands.detail, stands.diagnostic_code)
