"""The rule that picks the status that stands, whatever the order."""

from typing import Any

import msgspec
import pytest
from hypothesis import given as suppose
from hypothesis import strategies as st

from domain.reasons import REASONS, UNLISTED, reason
from domain.reports import BuyerResponse, DeliveryReport, Standing, standing
from domain.status import LEAST_GOOD, LOOK, Status, Weight, natural, precedence, weight
from domain.values import Order
from tests.domain.facts import (
    Fact,
    answer,
    at,
    report,
    reported,
    sent,
)
from tests.domain.story import Story, given
from tests.domain.strategies import ASKED, OURS, REPORT_SETS

TABLE = [
    (Status.SENT, "processing", (4, 0)),
    (Status.SENT, None, (4, 1)),
    (Status.SENDING, "deferred", (4, 2)),
    (Status.FAILED, "soft_bounce", (5, 0)),
    (Status.FAILED, "mailbox_full", (5, 0)),
    (Status.FAILED, "blocked", (5, 0)),
    (Status.FAILED, "undelivered", (5, 0)),
    (Status.FAILED, "wrong_addressee", (5, 0)),
    (Status.DELIVERED, None, (5, 1)),
    (Status.READ, None, (6, 0)),
    (Status.FAILED, "hard_bounce", (7, 0)),
    (Status.FAILED, "dropped", (7, 0)),
    (Status.FAILED, None, (7, 0)),
    (Status.REJECTED, "validation", (7, 1)),
    (Status.COMPLAINED, "complaint", (9, 0)),
]


@pytest.mark.parametrize(("status", "why", "expected"), TABLE)
def test_each_claim_has_its_class_and_rank(status: Status, why: str | None, expected: tuple[int, int]) -> None:
    assert weight(status, why) == expected


def test_every_status_has_a_look_and_a_place_from_worst_to_best() -> None:
    assert set(LOOK) == set(LEAST_GOOD) == set(Status)
    assert len(LEAST_GOOD) == len(Status)
    assert {look.color for look in LOOK.values()} == {"grey", "amber", "blue", "green", "red"}


def test_an_unlisted_reason_reads_as_other() -> None:
    assert reason("gremlins") is UNLISTED
    assert reason(None) is UNLISTED
    assert all(r.title and r.next_step for r in REASONS.values())


def test_time_counts_only_among_what_providers_say() -> None:
    for cls in range(4):
        assert precedence(Weight(cls), at(1), "r") == precedence(Weight(cls), at(2), "r")
    sending, sent_on = (weight(s, None) for s in (Status.SENDING, Status.SENT))
    assert sending
    assert sent_on
    first, second, third = (sent_on, at(1), "c"), (sending, at(1), "b"), (sent_on, at(2), "a")
    assert precedence(*third).outranks(precedence(*second))
    assert precedence(*second).outranks(precedence(*first))
    assert precedence(sent_on, at(1), "h-10").outranks(precedence(sent_on, at(1), "h-9"))


def test_digits_in_report_ids_compare_as_numbers() -> None:
    in_order = ["h-9", "h-10", "h-10-1", "h-10-2", "i"]
    assert sorted(set(in_order), key=natural) == in_order
    assert natural("7") != natural("07")
    assert natural("9" * 5000) < natural("1" + "0" * 5000)


def test_any_report_id_can_be_kept_in_a_snapshot() -> None:
    """MessagePack holds no integer of more than 64 bits, and digests can be long runs of digits."""
    claim = standing(report(Status.DELIVERED, report_id="9" * 5000))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(claim), type=Standing) == claim


@suppose(st.text(), st.text())
def test_two_report_ids_are_never_equal(one: str, other: str) -> None:
    assert (natural(one) == natural(other)) == (one == other)
    assert (natural(one) < natural(other)) == (natural(other) > natural(one))


def seen(story: Story) -> Any:
    attempt = story.communication.attempt("a-1")
    each = [attempt.recipient_outcome(r.number) for r in attempt.order.recipients]
    return attempt.outcome(), each, attempt.times, attempt.buyer_response, attempt.unsent(), attempt.has_left


@suppose(st.sampled_from(ASKED), st.sampled_from(OURS), REPORT_SETS, st.data())
def test_the_set_of_reports_decides(
    asked: Order, ours: tuple[Fact, ...], said: list[DeliveryReport], data: st.DataObject
) -> None:
    """Mixed in any order and repeated, among the dispatcher's own events too."""
    told: list[Fact | DeliveryReport] = list(ours)
    for heard in data.draw(st.permutations(said)) + data.draw(st.lists(st.sampled_from(said)) if said else st.just([])):
        told.insert(data.draw(st.integers(0, len(told))), heard)
    story = given(sent(asked))
    for one in told:
        if isinstance(one, DeliveryReport):
            story.hears(one)
        else:
            story.communication.trigger_event(one.kind, timestamp=one.at, **one.facts)  # type: ignore[arg-type]
    assert seen(story) == seen(given(sent(asked), *ours, *(reported(r, 50) for r in said)))


def test_an_answer_outweighs_all_but_a_complaint() -> None:
    paid = standing(answer(BuyerResponse.PAID, 1))
    assert paid
    for status, why, _ in TABLE:
        other = standing(report(status, 9, reason=why))
        assert other
        assert paid.precedence.outranks(other.precedence) is (status is not Status.COMPLAINED)
