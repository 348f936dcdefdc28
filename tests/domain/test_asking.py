"""When a provider is asked by itself, and about whom."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.asking import ASKABLE, PULL_ASKABLE, WAITS, askable_until, next_question, open_recipients
from domain.attempt import Attempt
from domain.reports import BuyerResponse, DeliveryReport
from domain.status import Status
from domain.tries import Try, TryOutcome
from domain.values import Cause, Channel, HandedMessage, Order, Recipient

SHIPPED = datetime(2026, 1, 15, 9, tzinfo=UTC)


def attempt(outcome: TryOutcome = TryOutcome.HANDED_OVER, recipients: int = 1) -> Attempt:
    people = [Recipient(n) for n in range(1, recipients + 1)]
    messages = [HandedMessage(f"m-{r.number}", r.number) for r in people] if outcome is TryOutcome.HANDED_OVER else []
    made = Attempt(Order("a", Cause.FIRST, Channel.SMS, people), SHIPPED, Status.QUEUED, shipped_at=SHIPPED)
    made.tries.append(Try(1, SHIPPED, [r.number for r in people] or [1], outcome, messages=messages))
    return made


def heard(
    status: Status, recipient: int = 1, reason: str | None = None, buyer: BuyerResponse | None = None
) -> DeliveryReport:
    return DeliveryReport(
        f"r-{recipient}-{status}-{buyer}", "a", "word", SHIPPED, status, reason, recipient=recipient,
        message_id=f"m-{recipient}", buyer_response=buyer,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "reason", "calls", "never_calls"),
    [
        (Status.SENT, None, True, True),
        (Status.SENDING, "deferred", True, True),
        (Status.DELIVERED, None, False, True),
        (Status.FAILED, "undelivered", False, True),
        (Status.FAILED, "hard_bounce", False, False),
        (Status.REJECTED, "validation", False, False),
    ],
)
def test_who_is_open(status: Status, reason: str | None, calls: bool, never_calls: bool) -> None:
    """What calls back tells what comes after the end by itself."""
    told = attempt()
    told.hear(heard(status, reason=reason))
    assert bool(open_recipients(told, pull_only=False)) is calls
    assert bool(open_recipients(told, pull_only=True)) is never_calls


@pytest.mark.parametrize("outcome", [TryOutcome.UNKNOWN, TryOutcome.HANDED_OVER])
def test_nothing_heard_is_open(outcome: TryOutcome) -> None:
    assert open_recipients(attempt(outcome, 2), pull_only=False) == {1, 2}


def test_a_network_without_addresses_has_one_recipient_all_the_same() -> None:
    assert open_recipients(attempt(TryOutcome.UNKNOWN, 0), pull_only=False) == {1}


def test_each_recipient_is_settled_alone() -> None:
    told = attempt(recipients=3)
    told.hear(heard(Status.DELIVERED, 2))
    assert open_recipients(told, pull_only=False) == {1, 3}


def test_what_was_refused_or_waits_for_another_try_is_not_asked_about() -> None:
    assert not open_recipients(attempt(TryOutcome.REFUSED), pull_only=False)
    assert not open_recipients(attempt(TryOutcome.FAILED), pull_only=False)


@pytest.mark.parametrize(
    ("answer", "is_open"),
    [
        (BuyerResponse.ACCEPTED, True),
        (BuyerResponse.UNDER_QUERY, True),
        (BuyerResponse.PAID, False),
        (BuyerResponse.REJECTED, False),
    ],
)
def test_the_buyers_last_answer_is_the_end_where_nobody_calls_back(answer: BuyerResponse, is_open: bool) -> None:
    told = attempt()
    told.hear(heard(Status.READ, buyer=answer))
    assert bool(open_recipients(told, pull_only=True)) is is_open
    assert not open_recipients(told, pull_only=False)


def test_questions_become_rare_and_end() -> None:
    at, asked, waits = SHIPPED, 0, []
    while again := next_question(asked, at, SHIPPED, pull_only=False):
        waits.append(again - at)
        at, asked = again, asked + 1
    assert waits[: len(WAITS)] == list(WAITS)
    assert set(waits[len(WAITS) :]) == {timedelta(days=1)}
    assert ASKABLE - timedelta(days=1) < at - SHIPPED <= ASKABLE


def test_what_never_calls_back_is_asked_every_hour_then_every_day_for_a_year() -> None:
    late, very_late = SHIPPED + timedelta(days=24), SHIPPED + timedelta(days=26)
    assert next_question(500, late, SHIPPED, pull_only=True) == late + timedelta(hours=1)
    assert next_question(500, very_late, SHIPPED, pull_only=True) == very_late + timedelta(days=1)
    assert next_question(500, SHIPPED + PULL_ASKABLE, SHIPPED, pull_only=True) is None
    assert askable_until(SHIPPED, pull_only=True) == SHIPPED + PULL_ASKABLE
