"""Whatever people, dispatchers and providers do, in any order, history retells it exactly."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from eventsourcing.persistence import StoredEvent
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from adapters.store.mapper import EventMapper
from domain.attempt import Attempt, TryOutcome
from domain.communication import InvoiceCommunication
from domain.errors import CommunicationError
from domain.overview import overview
from domain.reports import DeliveryReport
from domain.status import LOOK, Status
from domain.values import Channel, DocumentFormat, HandedMessage, Role, SubjectType
from tests.domain.facts import (
    PERSON,
    TENANT,
    again,
    at,
    document,
    order,
    sealed,
    to,
)
from tests.domain.strategies import REPORTS

IDS = st.sampled_from(["a-1", "a-1", "a-2", "a-3"])
NUMBERS = st.sampled_from([[1], [2], [1, 2], [1, 2, 3], [], [9]])
FACTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "channel": st.sampled_from([Channel.EMAIL, Channel.EMAIL, Channel.SMS, Channel.E_INVOICING, Channel.MANUAL]),
        "recipients": st.sampled_from([[], [to()], [to(), to(2, "boss")], [to(), to(2, "boss"), to(3, "me", Role.CC)]]),
        "formats": st.sampled_from([[], [], [DocumentFormat.PDF], list(DocumentFormat)]),
        "scheduled_at": st.sampled_from([None, None, at(600)]),
        "needs_action": st.sampled_from([None, None, None, "missing_contact"]),
    }
)
ARRIVED_OR_SENT = {Status.SENT, Status.DELIVERED, Status.READ, Status.COMPLAINED}
LEFT = (TryOutcome.STARTED, TryOutcome.HANDED_OVER, TryOutcome.UNKNOWN, TryOutcome.REFUSED)


class InvoiceStory(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.mapper = EventMapper()
        self.rows: list[StoredEvent] = []
        self.minute = 0
        self.live = InvoiceCommunication(TENANT, SubjectType.INVOICE, "INV-7", timestamp=at(0))

    def now(self) -> datetime:
        self.minute += 1
        return at(self.minute)

    def tell(self, command: Callable[[InvoiceCommunication], object]) -> bool:
        """Whether the rules allowed it. Any exception but theirs fails the story; what is refused records nothing."""
        pending = len(self.live.pending_events)
        try:
            command(self.live)
        except CommunicationError:
            assert len(self.live.pending_events) == pending
            return False
        return True

    @initialize(facts=FACTS)
    def begin(self, facts: dict[str, Any]) -> None:
        self.send("a-1", facts)

    @rule(attempt_id=IDS, facts=FACTS)
    def send(self, attempt_id: str, facts: dict[str, Any]) -> None:
        asked, was_known = order(attempt_id, **facts), attempt_id in self.live.attempts
        if self.tell(lambda c: c.send(asked, self.now())) and not was_known:
            assert not self.live.ignored

    @rule(attempt_id=IDS, previous=IDS, facts=FACTS, window=st.sampled_from([timedelta(days=90), timedelta(minutes=5)]))
    def resend(self, attempt_id: str, previous: str, facts: dict[str, Any], window: timedelta) -> None:
        self.tell(lambda c: c.resend(again(attempt_id, previous, **facts), self.now(), window))

    @precondition(lambda self: bool(self.live.attempts))
    @rule(data=st.data(), wild=NUMBERS, alone=st.booleans())
    def start(self, data: st.DataObject, wild: list[int], alone: bool) -> None:
        attempt = self.live.attempts[data.draw(st.sampled_from(sorted(self.live.attempts)))]
        unsent = [r.number for r in attempt.unsent()]
        numbers = wild if not unsent else unsent[:1] if alone else unsent
        left = [t for t in attempt.tries if t.outcome in LEFT and set(t.recipients) & set(numbers)]
        if self.tell(lambda c: c.start_dispatch(attempt.order.attempt_id, numbers, self.now())):
            assert not left, "sent twice"

    def running(self) -> list[tuple[str, int]]:
        """Tries that may still be answered."""
        tries = ((i, t) for i, a in self.live.attempts.items() for t in a.tries)
        return [(i, t.number) for i, t in tries if t.outcome in (TryOutcome.STARTED, TryOutcome.UNKNOWN)]

    @precondition(lambda self: bool(self.running()))
    @rule(data=st.data(), messages=st.sampled_from([{}, {"": None}, {"m1": 1}, {"m2": None}, {"m1": 1, "m2": 2}]))
    def hand_over(self, data: st.DataObject, messages: dict[str, int | None]) -> None:
        attempt_id, number = data.draw(st.sampled_from(self.running()))
        named = [HandedMessage(name, recipient) for name, recipient in messages.items()]
        self.tell(lambda c: c.hand_over(attempt_id, number, named, self.now()))

    @precondition(lambda self: bool(self.running()))
    @rule(
        data=st.data(),
        again_in=st.sampled_from([None, 7, 7]),
        status=st.sampled_from([None, Status.REJECTED, Status.SENT]),
        reason=st.sampled_from(["validation", "duplicate", "rate_limited"]),
    )
    def fail(self, data: st.DataObject, again_in: int | None, status: Status | None, reason: str) -> None:
        attempt_id, number = data.draw(st.sampled_from(self.running()))
        next_at = at(self.minute + again_in) if again_in else None
        self.tell(lambda c: c.fail_try(attempt_id, number, reason, self.now(), next_at=next_at, status=status))

    @precondition(lambda self: bool(self.running()))
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        attempt_id, number = data.draw(st.sampled_from(self.running()))
        self.tell(lambda c: c.lose_outcome(attempt_id, number, "outcome_unknown", self.now(), None))

    @precondition(lambda self: bool(self.live.attempts))
    @rule(attempt_id=IDS, heard=REPORTS)
    def hear(self, attempt_id: str, heard: DeliveryReport) -> None:
        said = replace(heard, attempt_id=attempt_id)
        if self.tell(lambda c: c.record_report(said, self.now())):
            version = self.live.version
            self.live.record_report(said, self.now())
            assert self.live.version == version, "recorded twice"

    @precondition(lambda self: bool(self.live.attempts))
    @rule(attempt_id=IDS)
    def mark_as_sent(self, attempt_id: str) -> None:
        self.tell(lambda c: c.mark_as_sent(attempt_id, PERSON, at(-5), sealed("by hand"), self.now()))

    @rule(attempt_id=IDS, skip=st.booleans())
    def call_back(self, attempt_id: str, skip: bool) -> None:
        if skip:
            self.tell(lambda c: c.skip(attempt_id, "opted_out", self.now()))
        else:
            self.tell(lambda c: c.cancel(attempt_id, PERSON, self.now()))

    @precondition(lambda self: bool(self.live.attempts))
    @rule(ignore=st.booleans())
    def ignore_or_restore(self, ignore: bool) -> None:
        (self.live.ignore if ignore else self.live.restore)(PERSON, None, self.now())
        assert self.live.ignored is ignore

    @rule(kind=st.sampled_from(DocumentFormat), version=st.integers(1, 2))
    def add_document(self, kind: DocumentFormat, version: int) -> None:
        queued = {i: a.order.documents for i, a in self.live.attempts.items() if a.waiting is Status.QUEUED}
        self.live.add_document(document(kind, version), self.now())
        assert all(self.live.attempts[i].order.documents == kept for i, kept in queued.items())

    @invariant()
    def replay_agrees(self) -> None:
        self.rows += [self.mapper.to_stored_event(e) for e in self.live.collect_events()]
        told: Any = None
        for row in self.rows:
            made: Any = self.mapper.to_domain_event(row)
            told = made.mutate(told)
        assert told == self.live
        assert overview(told) == overview(self.live)

    @invariant()
    def the_overview_shows_one_of_them(self) -> None:
        shown = overview(self.live)
        assert (shown.shown is None) is (not self.live.attempts)
        assert shown.attempt_count == len(self.live.attempts) >= shown.send_count

    @invariant()
    def whatever_is_shown_is_proven(self) -> None:
        for attempt in self.live.attempts.values():
            assert attempt.outcome().status in LOOK
            for recipient in attempt.order.recipients:
                shown = attempt.recipient_outcome(recipient.number)
                assert shown.status not in ARRIVED_OR_SENT or proven(attempt, recipient.number)


def proven(attempt: Attempt, number: int) -> bool:
    """By a message id for this recipient, by a report about it, or by a named person."""
    messages = [m for t in attempt.tries if number in t.recipients for m in t.messages]
    heard = [h for h in attempt.heard if h.recipient in (None, number)]
    return bool(attempt.marked_sent_at or heard) or any(m.recipient in (None, number) for m in messages)


TestInvoiceStory = InvoiceStory.TestCase
TestInvoiceStory.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
