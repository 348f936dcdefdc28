"""One attempt: what was asked, its tries, what was reported, and the status that follows from the set of all that."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from domain.reports import BuyerResponse, DeliveryReport, Standing, highest, last_word, standing
from domain.status import ARRIVED, LEAST_GOOD, Status
from domain.times import Times, earliest, first
from domain.tries import Try as Try
from domain.tries import TryOutcome as TryOutcome
from domain.values import Actor, Channel, Order, Personal, Recipient, Role


class Heard(msgspec.Struct, omit_defaults=True, gc=False):
    """What stands for one recipient (a number; None where reports name none) and one provider message.

    `answers`: all that its buyer said, of which the last word stands.
    """

    recipient: int | None
    message_id: str | None
    standing: Standing
    times: Times
    answers: list[Standing] = []

    def hear(self, claim: Standing) -> None:
        self.standing, self.times = highest(self.standing, claim), earliest([self.times, Times.of(claim)])
        if claim.buyer_response:
            self.answers.append(claim)


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What one recipient, or the attempt as a whole, shows."""

    status: Status
    reason: str | None = None
    at: datetime | None = None
    actor: Actor | None = None
    detail: Personal | None = None
    diagnostic_code: str | None = None


class View(msgspec.Struct, frozen=True, gc=False):
    """All that one attempt shows, worked out once for everybody who shows it; `recipients` by their numbers."""

    outcome: Outcome
    recipients: dict[int, Outcome]
    times: Times
    answer: Standing | None


class Attempt(msgspec.Struct, omit_defaults=True, gc=False):
    """Never changed, only followed by events; every field here is a fold over them."""

    order: Order
    created_at: datetime
    waiting: Status
    """What it shows before its first try, and between tries: collecting, queued, needs_action, skipped."""
    reason: str | None = None
    tries: list[Try] = []
    heard: list[Heard] = []
    report_ids: set[str] = set()
    shipped_at: datetime | None = None
    skipped_at: datetime | None = None
    marked_sent_at: datetime | None = None
    how: Personal | str | None = None

    def hear(self, report: DeliveryReport) -> None:
        """Reports come late, twice and in any order: the highest one stands, whoever was first."""
        self.report_ids.add(report.report_id)
        if (claim := standing(report)) is None:
            return
        recipient, message_id = report.recipient, report.message_id
        for known in self.heard:
            if known.recipient == recipient and known.message_id == message_id:
                known.hear(claim)
                return
        answers = [claim] if claim.buyer_response else []
        self.heard.append(Heard(recipient, message_id, claim, Times.of(claim), answers))

    def skip(self, reason: str, at: datetime) -> None:
        self.waiting, self.reason, self.skipped_at = Status.SKIPPED, reason, at
        self.shipped_at = self.shipped_at or at

    # what it shows

    def view(self) -> View:
        heard = {r.number: self._heard_for(r.number) for r in self._recipients()}
        outcomes = {number: self._outcome_of(number, known) for number, known in heard.items()}
        if len(outcomes) == 1:
            ((number, outcome),) = outcomes.items()
            return View(outcome, outcomes, self._times_of(heard[number]), self.answer)
        numbers = [r.number for r in self._addressed()]
        times = self._times_of([one for number in numbers for one in heard[number]])
        return View(_least_good([outcomes[number] for number in numbers]), outcomes, times, self.answer)

    def outcome(self) -> Outcome:
        """The least good of the `to` recipients."""
        return _least_good([self.recipient_outcome(r.number) for r in self._addressed()])

    def recipient_outcome(self, number: int) -> Outcome:
        """Each provider message is one try: any arrival wins, else the last try stands. Untried: what it waits for."""
        return self._outcome_of(number, self._heard_for(number))

    @property
    def times(self) -> Times:
        """Of the `to` recipients only. `sent` is the hand-over by our clock, or what a named person states."""
        return self._times_of([h for r in self._addressed() for h in self._heard_for(r.number)])

    @property
    def answer(self) -> Standing | None:
        """What the buyer said of it."""
        answers = [a for h in self.heard for a in h.answers]
        return last_word(answers) if answers else None

    @property
    def buyer_response(self) -> BuyerResponse | None:
        return answer.buyer_response if (answer := self.answer) else None

    @property
    def addressee(self) -> Recipient | None:
        """The first of the `to` recipients; None for e-invoicing and by hand, where no address is shown."""
        nobody = self.order.channel in (Channel.E_INVOICING, Channel.MANUAL) or not self.order.recipients
        return None if nobody else self._addressed()[0]

    def replaces_earlier(self, shown: Outcome) -> bool:
        """Whether the overview shows it, whose outcome is `shown`, instead of an earlier attempt."""
        later = self.order.scheduled_at
        if shown.status is Status.QUEUED and not self.tries:
            return later is None or later <= self.created_at
        duplicate = shown.status is Status.REJECTED and shown.reason == "duplicate"
        return not duplicate and shown.status not in (Status.COLLECTING, Status.SKIPPED)

    # where it stands with us

    @property
    def is_open(self) -> bool:
        """Waiting or being sent: until each recipient's message is handed over or given up."""
        return self.waiting in (Status.COLLECTING, Status.QUEUED) and bool(self.unsent())

    @property
    def has_left(self) -> bool:
        """Whether anybody may have any of it: too late to call it back."""
        tried = any(t.outcome is not TryOutcome.FAILED for t in self.tries)
        return tried or bool(self.tries and self.heard) or self.marked_sent_at is not None

    def unsent(self) -> list[Recipient]:
        """The recipients whose last try is still running or to be repeated; those never tried too.

        A report about a recipient proves that the provider has it, whatever the try said: it is never sent again.
        """
        return [r for r in self._recipients() if not self._is_settled(r.number)]

    def last_try(self, number: int) -> Try | None:
        return next((t for t in reversed(self.tries) if number in t.recipients), None)

    def _recipients(self) -> list[Recipient]:
        """A network that needs no address (e-invoicing) has one recipient all the same: number 1."""
        return self.order.recipients or [Recipient(1)]

    def _addressed(self) -> list[Recipient]:
        """Copies do not set the status, unless there is nothing but copies."""
        everyone = self._recipients()
        if len(everyone) == 1:
            return everyone
        return [r for r in everyone if r.role is Role.TO] or everyone

    def _is_settled(self, number: int) -> bool:
        last = self.last_try(number)
        if last is None:
            return False
        ended = last.outcome not in (TryOutcome.STARTED, TryOutcome.FAILED)
        return ended or bool(self._heard_for(number))

    def _outcome_of(self, number: int, heard: Sequence[Heard]) -> Outcome:
        tries = [t for t in self.tries if number in t.recipients]
        arrived = stands = None
        for one in tries:
            stands = self._try_standing(one, number, heard, last=one is tries[-1])
            if stands.status in ARRIVED:
                arrived = highest(arrived, stands) if arrived else stands
        if arrived is not None:
            return _as_outcome(arrived)
        if stands is None or (self.skipped_at and not self._is_settled(number)):
            return self._whole()
        return _as_outcome(stands)

    def _times_of(self, heard: Sequence[Heard]) -> Times:
        """Without a try of ours, what providers say is about some other sending."""
        told = [h.times for h in heard] if self.tries else []
        sent: datetime | None = None
        for one in self.tries:
            if one.outcome is TryOutcome.HANDED_OVER:
                sent = first((sent, one.ended_at)) if sent else one.ended_at
            elif one.outcome is TryOutcome.REFUSED:
                told.append(Times(failed=one.ended_at))
        known = earliest(told)
        sent = self.marked_sent_at or sent or known.sent
        return Times(sent, known.delivered, known.read, known.failed, known.complained)

    def _whole(self) -> Outcome:
        if self.marked_sent_at:
            return Outcome(Status.SENT, None, self.marked_sent_at)
        return Outcome(self.waiting, self.reason, self.skipped_at or self.created_at)

    def _heard_for(self, number: int) -> list[Heard]:
        """What was reported about one recipient. Of several, one that is not named may follow from the message id."""
        return [h for h in self.heard if h.recipient == number or (h.recipient is None and self._is_about(h, number))]

    def _is_about(self, unnamed: Heard, number: int) -> bool:
        return len(self.order.recipients) <= 1 or any(t.names(unnamed.message_id, number) for t in self.tries)

    def _try_standing(self, one: Try, number: int, heard_for: Sequence[Heard], *, last: bool) -> Standing:
        stands, answers = one.claim(number), []
        for heard in heard_for:
            if self._belongs(heard.message_id, one, number, last=last):
                stands = highest(stands, heard.standing)
                answers += heard.answers
        return (last_word(answers) if stands.buyer_response else None) or stands

    def _belongs(self, message_id: str | None, one: Try, number: int, *, last: bool) -> bool:
        """A message id that no try was given is the last one's: its answer may have been lost."""
        if message_id is None:
            return last
        return one.knows(message_id, number) or (last and not any(t.knows(message_id, number) for t in self.tries))


def _least_good(shown: Sequence[Outcome]) -> Outcome:
    return shown[0] if len(shown) == 1 else min(shown, key=lambda o: LEAST_GOOD.index(o.status))


def _as_outcome(stands: Standing) -> Outcome:
    return Outcome(stands.status, stands.reason, stands.at, stands.actor, stands.detail, stands.diagnostic_code)
