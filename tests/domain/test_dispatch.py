"""What the dispatcher records: before the call, after it, and when its answer is lost."""

from functools import partial

import pytest

from domain import errors
from domain.communication import InvoiceCommunication
from domain.status import Status
from domain.values import HandedMessage
from tests.domain.facts import (
    Fact,
    at,
    cancelled,
    failed,
    handed,
    lost,
    marked,
    order,
    report,
    reported,
    sent,
    skipped,
    started,
    to,
)
from tests.domain.story import given


def start(communication: InvoiceCommunication, recipients: list[int]) -> None:
    communication.start_dispatch("a-1", recipients, at(9))


def give_up(communication: InvoiceCommunication, status: Status) -> None:
    communication.fail_try("a-1", 1, "validation", at(2), status=status)


def test_the_start_is_recorded_before_the_call() -> None:
    story = given(sent()).when(lambda c: c.start_dispatch("a-1", [1], at(1)))
    story.then(started()).status_is(Status.SENDING).times_are()
    assert story.communication.attempt("a-1").shipped_at == at(1)


@pytest.mark.parametrize(
    "past",
    [
        (started(),),
        (started(), handed()),
        (started(), lost()),
        (started(), failed("validation")),
        (started(), failed("rate_limited", again_at=9), reported(report(Status.SENT))),
        (cancelled(),),
        (skipped(),),
    ],
    ids=["running", "handed over", "outcome lost", "given up", "the provider has it after all", "cancelled", "skipped"],
)
def test_what_does_not_wait_is_never_sent(past: tuple[Fact, ...]) -> None:
    given(sent(), *past).refuses(errors.DispatchRefusedError, lambda c: c.start_dispatch("a-1", [1], at(9)))


def test_what_needs_a_person_or_a_document_is_never_sent() -> None:
    by_hand = sent(order(needs_action="missing_contact"))
    given(by_hand).refuses(errors.DispatchRefusedError, lambda c: c.start_dispatch("a-1", [1], at(9)))
    given(by_hand, marked()).refuses(errors.DispatchRefusedError, lambda c: c.start_dispatch("a-1", [1], at(9)))
    waits = sent(order(formats=["pdf"]))
    given(waits).refuses(errors.DispatchRefusedError, lambda c: c.start_dispatch("a-1", [1], at(9)))


def test_only_recipients_that_wait_are_sent_to() -> None:
    three = sent(order(recipients=[to(1), to(2, "boss"), to(3, "me")]))
    story = given(three, started(recipients=(1, 2)), handed(m1=1))
    refused: list[list[int]] = [[], [1], [2], [1, 3], [4]]
    for numbers in refused:
        story.refuses(errors.DispatchRefusedError, partial(start, recipients=numbers))
    story.when(lambda c: c.start_dispatch("a-1", [3], at(9))).then(started(number=2, recipients=(3,), minute=9))


def test_the_numbers_are_as_they_were_when_the_try_began() -> None:
    numbers = [1]
    story = given(sent()).when(lambda c: c.start_dispatch("a-1", numbers, at(1)))
    numbers.append(2)
    story.then(started())


def test_the_provider_took_it() -> None:
    story = given(sent(), started()).when(lambda c: c.hand_over("a-1", 1, [HandedMessage("m")], at(2)))
    story.then(handed()).status_is(Status.SENT).times_are(sent=2)


def test_nothing_is_sent_without_a_message_id() -> None:
    story = given(sent(), started())
    story.refuses(errors.UnprovenError, lambda c: c.hand_over("a-1", 1, [], at(2)))
    story.refuses(errors.UnprovenError, lambda c: c.hand_over("a-1", 1, [HandedMessage("")], at(2)))
    some = [HandedMessage("m"), HandedMessage("", 2)]
    story.refuses(errors.UnprovenError, lambda c: c.hand_over("a-1", 1, some, at(2)))


def test_a_recipient_that_got_no_message_id_is_not_sent() -> None:
    both = sent(order(recipients=[to(1), to(2, "boss")]))
    story = given(both, started(recipients=(1, 2)), handed(m1=1))
    story.status_is(Status.SENT, recipient=1).status_is(Status.UNKNOWN, "outcome_unknown", recipient=2)
    story.status_is(Status.UNKNOWN, "outcome_unknown")


def test_a_transient_error_waits_for_the_next_try() -> None:
    story = given(sent(), started())
    story.when(lambda c: c.fail_try("a-1", 1, "rate_limited", at(2), next_at=at(5)))
    story.then(failed("rate_limited", again_at=5)).status_is(Status.QUEUED, "rate_limited").times_are()
    story.when(
        lambda c: c.start_dispatch("a-1", [1], at(5)), lambda c: c.hand_over("a-1", 2, [HandedMessage("m")], at(6))
    )
    story.then(started(number=2, minute=5), handed(number=2, minute=6)).status_is(Status.SENT).times_are(sent=6)
    assert story.communication.attempt("a-1").shipped_at == at(1)


def test_a_try_that_is_given_up_failed_or_was_rejected() -> None:
    story = given(sent(), started()).when(lambda c: c.fail_try("a-1", 1, "provider_outage", at(2)))
    story.then(failed("provider_outage")).status_is(Status.FAILED, "provider_outage").times_are(failed=2)
    story = given(sent(), started())
    story.when(lambda c: c.fail_try("a-1", 1, "validation", at(2), status=Status.REJECTED))
    story.then(failed("validation", status=Status.REJECTED)).status_is(Status.REJECTED, "validation")
    assert story.outcome().actor == "provider"


def test_giving_up_is_no_way_to_succeed() -> None:
    story = given(sent(), started())
    for status in set(Status) - {Status.FAILED, Status.REJECTED}:
        story.refuses(errors.UnprovenError, partial(give_up, status=status))


def test_a_lost_answer_is_unknown_and_stays_so_until_somebody_knows_more() -> None:
    story = given(sent(), started())
    story.when(lambda c: c.lose_outcome("a-1", 1, "outcome_unknown", at(2), None))
    story.then(lost()).status_is(Status.UNKNOWN, "outcome_unknown").times_are()
    story.when(lambda c: c.record_report(report(Status.DELIVERED, 3), at(4))).status_is(Status.DELIVERED)
    story.times_are(sent=3, delivered=3)


def test_a_dispatcher_that_was_thought_dead_may_still_say_what_it_knows() -> None:
    story = given(sent(), started(), lost())
    story.when(lambda c: c.hand_over("a-1", 1, [HandedMessage("m")], at(5)))
    story.then(handed(minute=5)).status_is(Status.SENT).times_are(sent=5)
    story = given(sent(), started(), lost()).when(lambda c: c.fail_try("a-1", 1, "validation", at(5)))
    story.then(failed("validation", minute=5)).status_is(Status.FAILED, "validation")


def test_every_outcome_has_its_moment() -> None:
    story = given(sent())
    assert (story.outcome().at, story.outcome().actor) == (at(0), None)
    assert given(sent(), started()).outcome().at == at(1)
    assert given(sent(), started(), handed()).outcome().at == at(2)
    shown = given(sent(), started(), failed("rate_limited", again_at=9)).outcome()
    assert (shown.at, shown.actor) == (at(2), None)


def test_a_try_called_unknown_is_never_repeated_by_itself() -> None:
    story = given(sent(), started(), lost())
    story.when(lambda c: c.fail_try("a-1", 1, "rate_limited", at(5), next_at=at(6))).then()
    story.status_is(Status.UNKNOWN, "outcome_unknown")


@pytest.mark.parametrize("end", [handed(), failed("validation"), failed("rate_limited", again_at=9)])
def test_a_try_ends_once(end: Fact) -> None:
    story = given(sent(), started(), end)
    story.when(lambda c: c.hand_over("a-1", 1, [HandedMessage("n")], at(5))).then()
    story.when(lambda c: c.fail_try("a-1", 1, "validation", at(5))).then()
    story.when(lambda c: c.lose_outcome("a-1", 1, "outcome_unknown", at(5), None)).then()
    story.when(lambda c: c.hand_over("a-1", 2, [HandedMessage("n")], at(5))).then()


def test_an_attempt_that_there_is_not_is_refused() -> None:
    given().refuses(
        errors.AttemptNotFoundError,
        lambda c: c.start_dispatch("a-1", [1], at(1)),
        lambda c: c.hand_over("a-1", 1, [HandedMessage("m")], at(1)),
        lambda c: c.fail_try("a-1", 1, "validation", at(1)),
        lambda c: c.lose_outcome("a-1", 1, "outcome_unknown", at(1), None),
        lambda c: c.record_report(report(Status.SENT), at(1)),
        lambda c: c.skip("a-1", "opted_out", at(1)),
        lambda c: c.cancel("a-1", None, at(1)),
    )
