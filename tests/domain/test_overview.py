"""The overview: the newest-asked attempt that counts, and what stays true of all of them."""

import pytest

from domain.overview import overview
from domain.reports import BuyerResponse
from domain.status import LOOK, Group, Status
from domain.values import Channel, Order
from tests.domain.facts import (
    Fact,
    added,
    again,
    answer,
    at,
    cancelled,
    document,
    failed,
    handed,
    lost,
    marked,
    order,
    report,
    reported,
    resent,
    sealed,
    sent,
    skipped,
    started,
    to,
)
from tests.domain.story import given

DELIVERED = (sent(), started(), handed(), reported(report(Status.DELIVERED)))


def test_what_was_never_sent_has_no_status() -> None:
    story = given().overview_shows(shown=None, status=None, status_group=Group.NOT_SENT, color="grey", reason=None)
    story.overview_shows(channel=None, last_attempt_id=None, last_recipient=None, attempt_count=0, send_count=0)
    story.overview_shows(last_sent_at=None, first_delivered_at=None, shipped_at=None, buyer_response=None)


def test_one_delivered_attempt() -> None:
    story = given(*DELIVERED).overview_shows(status=Status.DELIVERED, status_group=Group.COMPLETED, color="green")
    story.overview_shows(channel=Channel.EMAIL, last_attempt_id="a-1", last_recipient=sealed("ap"), shipped_at=at(1))
    story.overview_shows(attempt_count=1, send_count=1, last_sent_at=at(2), first_delivered_at=at(5))


@pytest.mark.parametrize(
    ("second", "then", "status", "reason"),
    [
        (again(), (), Status.QUEUED, None),
        (again(), (started("a-2"),), Status.SENDING, None),
        (again(), (started("a-2"), lost("a-2")), Status.UNKNOWN, "outcome_unknown"),
        (again(), (started("a-2"), failed("validation", attempt_id="a-2")), Status.FAILED, "validation"),
        (again(needs_action="missing_contact"), (), Status.NEEDS_ACTION, "missing_contact"),
        (again(scheduled_at=at(-5)), (), Status.QUEUED, None),
        (again(scheduled_at=at(9)), (), Status.QUEUED, None),
        (again(scheduled_at=at(90)), (started("a-2", minute=90),), Status.SENDING, None),
        (
            again(scheduled_at=at(90)),
            (started("a-2", minute=90), failed("rate_limited", attempt_id="a-2", minute=91, again_at=95)),
            Status.QUEUED,
            "rate_limited",
        ),
        (
            again(),
            (started("a-2"), failed("validation", attempt_id="a-2", status=Status.REJECTED)),
            Status.REJECTED,
            "validation",
        ),
        (again(), (started("a-2"), failed("duplicate", attempt_id="a-2")), Status.FAILED, "duplicate"),
    ],
)
def test_the_newest_that_counts_is_shown(second: Order, then: tuple[Fact, ...], status: Status, reason: str) -> None:
    story = given(*DELIVERED, resent(second, 9), *then)
    story.overview_shows(last_attempt_id="a-2", status=status, reason=reason, first_delivered_at=at(5), attempt_count=2)


@pytest.mark.parametrize(
    ("second", "then", "status", "reason"),
    [
        (order("a-2", formats=["pdf"]), (), Status.COLLECTING, "document_missing"),
        (order("a-2", scheduled_at=at(90)), (), Status.QUEUED, None),
        (order("a-2"), (cancelled("a-2", 10),), Status.SKIPPED, "cancelled"),
        (order("a-2"), (skipped("opted_out", "a-2", 10),), Status.SKIPPED, "opted_out"),
        (
            order("a-2"),
            (started("a-2"), failed("rate_limited", attempt_id="a-2", again_at=60), cancelled("a-2", 10)),
            Status.SKIPPED,
            "cancelled",
        ),
        (
            order("a-2"),
            (started("a-2"), failed("duplicate", attempt_id="a-2", status=Status.REJECTED)),
            Status.REJECTED,
            "duplicate",
        ),
        (
            order("a-2"),
            (started("a-2"), handed("a-2"), reported(report(Status.REJECTED, attempt_id="a-2", reason="duplicate"))),
            Status.REJECTED,
            "duplicate",
        ),
    ],
    ids=[
        "collecting",
        "scheduled",
        "cancelled",
        "skipped",
        "cancelled between tries",
        "duplicate",
        "called a duplicate",
    ],
)
def test_some_never_replace_an_earlier_one(second: Order, then: tuple[Fact, ...], status: Status, reason: str) -> None:
    given(*DELIVERED, sent(second, 9), *then).overview_shows(last_attempt_id="a-1", status=Status.DELIVERED)
    alone = given(sent(second, 9), *then)
    alone.overview_shows(last_attempt_id="a-2", status=status, reason=reason, status_group=LOOK[status].group)


def test_if_nothing_counts_the_newest_of_those_shows() -> None:
    story = given(sent(), cancelled(), sent(order("a-2"), 3), skipped("opted_out", "a-2", 4))
    story.overview_shows(last_attempt_id="a-2", reason="opted_out", color="green", status_group=Group.COMPLETED)


def test_collecting_is_hidden() -> None:
    given(sent(order(formats=["pdf"]))).overview_shows(status_group=Group.HIDDEN)


def test_an_earlier_attempt_that_hears_late_does_not_come_back() -> None:
    story = given(*DELIVERED, resent(minute=9), started("a-2"), handed("a-2"))
    story.when(lambda c: c.record_report(report(Status.READ, 20), at(21)))
    story.overview_shows(last_attempt_id="a-2", status=Status.SENT, first_delivered_at=at(5))


def test_once_it_has_its_document_it_counts_again() -> None:
    story = given(*DELIVERED, sent(order("a-2", formats=["pdf"]), 9), added(document(), 10))
    story.overview_shows(last_attempt_id="a-2", status=Status.QUEUED)


def test_first_delivered_stays_whatever_comes_after() -> None:
    story = given(*DELIVERED, reported(report(Status.FAILED, 30, reason="hard_bounce")))
    story.overview_shows(status=Status.FAILED, first_delivered_at=at(5))
    story = given(*DELIVERED, resent(minute=9), started("a-2"), handed("a-2"))
    story.when(lambda c: c.record_report(report(Status.READ, 3, attempt_id="a-2"), at(11)))
    story.overview_shows(first_delivered_at=at(3))
    story.when(lambda c: c.record_report(report(Status.COMPLAINED, 2, attempt_id="a-2"), at(11)))
    story.overview_shows(first_delivered_at=at(2), status=Status.COMPLAINED)


def test_sends_are_what_a_provider_has() -> None:
    story = given(*DELIVERED, resent(minute=9), started("a-2"), failed("validation", attempt_id="a-2"))
    story.overview_shows(attempt_count=2, send_count=1, last_sent_at=at(2))
    story = given(sent(), started(), lost()).overview_shows(send_count=0, last_sent_at=None)
    story.when(lambda c: c.record_report(report(Status.SENT, 4), at(5))).overview_shows(
        send_count=1, last_sent_at=at(4)
    )
    by_hand = Order("a-2", again().cause, Channel.MANUAL)
    story = given(*DELIVERED, marked("a-2", 30, 20, by_hand))
    story.overview_shows(send_count=1, attempt_count=2, last_sent_at=at(20), last_recipient=None, status=Status.SENT)


def test_the_recipient_is_the_shown_attempts_first() -> None:
    elsewhere = resent(again(recipients=[to(1, "boss"), to(2, "me")]), 9)
    given(*DELIVERED, elsewhere).overview_shows(last_recipient=sealed("boss"))


def test_the_buyers_latest_answer_over_all_attempts_stays() -> None:
    said = [reported(answer(BuyerResponse.PAID, 8)), reported(answer(BuyerResponse.ACCEPTED, 6))]
    given(*DELIVERED, *said, resent(minute=9)).overview_shows(buyer_response=BuyerResponse.PAID, status=Status.QUEUED)


def test_it_only_looks() -> None:
    story = given(*DELIVERED)
    assert overview(story.communication) == overview(story.communication)
    story.when().then()
