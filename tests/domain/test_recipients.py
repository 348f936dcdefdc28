"""Several recipients: whose report it is, and what the attempt shows of them all."""

import pytest
from msgspec.structs import replace

from domain.reports import DeliveryReport
from domain.status import Status
from domain.values import Channel, Recipient, Role
from tests.domain.facts import Fact, at, cancelled, failed, handed, order, report, reported, sent, started, to
from tests.domain.story import Story, given

TWO = sent(order(recipients=[to(1), to(2, "boss")]))
WITH_COPIES = sent(order(recipients=[to(1), to(2, "boss", Role.CC), to(3, "me", Role.BCC)]))


def one_call(asked: Fact, *numbers: int) -> Story:
    return given(asked, started(recipients=numbers), handed())


def test_the_attempt_shows_the_least_good_of_them() -> None:
    story = one_call(TWO, 1, 2).when(lambda c: c.record_report(report(Status.DELIVERED, recipient=1), at(6)))
    story.status_is(Status.DELIVERED, recipient=1).status_is(Status.SENT, recipient=2).status_is(Status.SENT)
    story.when(lambda c: c.record_report(report(Status.FAILED, reason="hard_bounce", recipient=2), at(7)))
    story.status_is(Status.FAILED, "hard_bounce").status_is(Status.DELIVERED, recipient=1)


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        (report(Status.FAILED, reason="blocked", recipient=1), report(Status.REJECTED, recipient=2)),
        (report(Status.REJECTED, recipient=1), report(Status.COMPLAINED, recipient=2)),
        (report(Status.COMPLAINED, recipient=1), report(Status.SENDING, recipient=2)),
        (report(Status.SENDING, recipient=1), report(Status.SENT, recipient=2)),
        (report(Status.SENT, recipient=1), report(Status.DELIVERED, recipient=2)),
        (report(Status.DELIVERED, recipient=1), report(Status.READ, recipient=2)),
    ],
    ids=lambda r: r.status,
)
def test_from_worst_to_best(worse: DeliveryReport, better: DeliveryReport) -> None:
    story = one_call(TWO, 1, 2)
    assert story.hears(better, worse).outcome().status is worse.status


def test_copies_do_not_set_the_status_nor_the_times() -> None:
    story = one_call(WITH_COPIES, 1, 2, 3)
    for copy in (2, 3):
        story.hears(report(Status.FAILED, reason="hard_bounce", recipient=copy), report(Status.READ, recipient=copy))
    story.status_is(Status.SENT).times_are(sent=2).status_is(Status.FAILED, "hard_bounce", recipient=3)
    story.when(lambda c: c.record_report(report(Status.DELIVERED, 7, recipient=1), at(8)))
    story.status_is(Status.DELIVERED).times_are(sent=2, delivered=7)


def test_copies_alone_set_it_after_all() -> None:
    only = sent(order(recipients=[to(1, "boss", Role.CC)]))
    given(only, started(), handed(), reported(report(Status.READ))).status_is(Status.READ)


def test_a_report_that_names_none_of_several_sets_nothing() -> None:
    story = one_call(WITH_COPIES, 1, 2, 3).when(lambda c: c.record_report(report(Status.READ), at(6)))
    assert len(story.recorded) == 1
    story.status_is(Status.SENT).status_is(Status.SENT, recipient=1).times_are(sent=2)


def test_a_report_that_names_nobody_of_ours_sets_nothing() -> None:
    given(sent(), started(), handed(), reported(report(Status.READ, recipient=9))).status_is(Status.SENT)


def test_a_recipient_that_is_not_named_may_follow_from_the_message_id() -> None:
    heard = reported(report(Status.DELIVERED, message_id="m2"))
    for told in ([handed(m1=1, m2=2), heard], [heard, handed(m1=1, m2=2)]):
        story = given(TWO, started(recipients=(1, 2)), *told)
        story.status_is(Status.SENT, recipient=1).status_is(Status.DELIVERED, recipient=2)


def test_a_call_each_waits_for_the_recipients_that_had_none() -> None:
    text = sent(order(channel=Channel.SMS, recipients=[to(1), to(2, "boss")]))
    story = given(text, started(recipients=(1,)), handed(m1=1)).status_is(Status.QUEUED)
    assert [r.number for r in story.communication.attempt("a-1").unsent()] == [2]
    assert story.communication.attempt("a-1").is_open
    story.when(lambda c: c.start_dispatch("a-1", [2], at(5))).status_is(Status.SENDING)


def test_one_that_failed_for_good_does_not_wait_for_the_others() -> None:
    text = sent(order(channel=Channel.SMS, recipients=[to(1), to(2, "boss")]))
    refused = failed("invalid_recipient", status=Status.REJECTED)
    given(text, started(recipients=(1,)), refused).status_is(Status.REJECTED, "invalid_recipient")


def test_a_message_id_that_nobody_knows_is_the_last_trys() -> None:
    heard = reported(report(Status.DELIVERED, message_id="never seen"))
    tries = (started(), failed("rate_limited", again_at=3), started(number=2, minute=3))
    given(sent(), *tries, heard).status_is(Status.DELIVERED)
    given(sent(), *tries, heard, failed("validation", number=2)).status_is(Status.DELIVERED)


def test_what_is_cancelled_between_tries_is_skipped_unless_the_provider_has_it() -> None:
    tries = (started(), failed("rate_limited", again_at=9), cancelled(minute=4))
    story = given(sent(), *tries).status_is(Status.SKIPPED, "cancelled")
    assert (story.communication.attempt("a-1").shipped_at, story.outcome().at) == (at(1), at(4))
    given(sent(), *tries, reported(report(Status.DELIVERED))).status_is(Status.DELIVERED)
    given(sent(), *tries, reported(report(Status.SENT))).status_is(Status.SENT)


@pytest.mark.parametrize("channel", [Channel.E_INVOICING, Channel.MANUAL])
def test_no_address_is_shown_where_there_is_none(channel: Channel) -> None:
    assert given(sent(order(channel=channel))).communication.attempt("a-1").addressee is None


def test_of_several_the_first_that_it_is_for_is_shown() -> None:
    copies_first = order(recipients=[to(1, "boss", Role.CC), to(2), to(3, "me")])
    assert given(sent(copies_first)).communication.attempt("a-1").addressee == to(2)
    assert given(sent(order(recipients=[]))).communication.attempt("a-1").addressee is None
    assert given(sent(order(recipients=[Recipient(1)]))).communication.attempt("a-1").addressee == Recipient(1)


def test_each_message_is_a_try_and_any_arrival_wins() -> None:
    tries = (started(), handed(m1=None), started(number=2, minute=3), handed(number=2, minute=4, m2=None))
    first = report(Status.DELIVERED, 9, message_id="m1", reason="first")
    second = report(Status.FAILED, 20, message_id="m2", reason="hard_bounce")
    given(sent(), *tries).hears(second).status_is(Status.FAILED, "hard_bounce")
    given(sent(), *tries).hears(first, second).status_is(Status.DELIVERED, "first")
    given(sent(), *tries).hears(replace(second, message_id="m1"), first).status_is(Status.SENT)
    given(sent(), *tries).hears(replace(second, message_id=None), first).status_is(Status.DELIVERED, "first")


def test_of_many_reports_on_one_message_only_what_stands_is_kept() -> None:
    opens = [report(Status.READ, minute, message_id="m") for minute in range(5, 30)]
    story = given(sent(), started(), handed()).hears(*opens)
    assert len(story.communication.attempt("a-1").heard) == 1
    story.times_are(sent=2, read=5)


def test_the_named_recipient_decides_where_the_message_id_is_anothers() -> None:
    calls = (started(recipients=(1,)), handed(m1=1), started(number=2, recipients=(2,)), handed(number=2, m2=2))
    story = given(TWO, *calls).hears(report(Status.DELIVERED, recipient=2, message_id="m1"))
    story.status_is(Status.DELIVERED, recipient=2).status_is(Status.SENT, recipient=1)
