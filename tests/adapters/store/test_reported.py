"""What reports need to know of a communication is the same whether it is folded whole or read at a glance."""

from typing import Any

from hypothesis import settings
from hypothesis.stateful import invariant

from adapters.store.mapper import EventMapper
from adapters.store.reported import Reported, ReportedAttempt
from domain import events as e
from domain.communication import InvoiceCommunication
from domain.values import HandedMessage, SubjectType
from tests.domain.facts import TENANT, at, order, to
from tests.domain.test_machine import InvoiceStory


class ReportedStory(InvoiceStory):
    @invariant()
    def at_a_glance_it_is_the_same(self) -> None:
        self.replay_agrees()
        seen = Reported(self.live.id.bytes, self.live.tenant_id.bytes)
        for row in self.rows:
            event: Any = self.mapper.to_domain_event(row)
            if isinstance(event, e.StatusReported | e.BuyerResponded):
                self.is_written_alike(seen, event)
            seen.take(row.originator_version, row.topic, row.state)
        assert seen.version == self.live.version
        assert {i: told(a) for i, a in seen.attempts.items()} == {
            i: told(ReportedAttempt.of(a)) for i, a in self.live.attempts.items()
        }

    def is_written_alike(self, seen: Reported, event: Any) -> None:
        assert not seen.knows(event.report.attempt_id, event.report.report_id)
        made = seen.report(event.report, event.timestamp)
        whose = (event.originator_id.bytes, event.originator_version, self.live.tenant_id.bytes)
        assert made == (*whose, *self.mapper.write(event))
        assert seen.version == event.originator_version
        assert seen.knows(event.report.attempt_id, event.report.report_id)


def test_a_message_belongs_to_whom_the_first_try_gave_it_to() -> None:
    live = InvoiceCommunication(TENANT, SubjectType.INVOICE, "INV-7", timestamp=at(0))
    live.send(order(recipients=[to(1), to(2, "boss")]), at(0))
    live.start_dispatch("a-1", [1], at(1))
    live.start_dispatch("a-1", [2], at(1))
    live.hand_over("a-1", 2, [HandedMessage("m2", 2), HandedMessage("m1", 2)], at(2))
    live.hand_over("a-1", 1, [HandedMessage("m1", 1)], at(3))
    seen = Reported(live.id.bytes, live.tenant_id.bytes)
    for row in map(EventMapper().to_stored_event, live.pending_events):
        seen.take(row.originator_version, row.topic, row.state)
    attempt = seen.attempts["a-1"]
    assert [attempt.whose(name) for name in ("m1", "m2", "m3", None)] == [1, 2, None, None]


def told(attempt: ReportedAttempt) -> tuple[Any, ...]:
    whose = [attempt.whose(name) for name in (None, "m1", "m2", "nobody's")]
    return attempt.attempt_id, attempt.channel, attempt.recipients, attempt.key_ids, attempt.report_ids, whose


TestReportedStory = ReportedStory.TestCase
TestReportedStory.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
