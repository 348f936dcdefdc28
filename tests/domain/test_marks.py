"""What people mark: sent by hand, skipped, cancelled, ignored and restored."""

import pytest

from domain import errors
from domain.status import Status
from domain.values import Cause, Channel, Order, Person
from tests.domain.facts import (
    PERSON,
    Fact,
    added,
    at,
    cancelled,
    failed,
    handed,
    ignored,
    lost,
    marked,
    order,
    report,
    reported,
    restored,
    sealed,
    sent,
    skipped,
    started,
)
from tests.domain.story import given

COURIER = sealed("by courier")
BY_HAND = Order("a-1", Cause.FIRST, Channel.MANUAL, requested_by=PERSON)
LACKING = sent(order(recipients=[], needs_action="missing_contact"))


def test_marking_opens_a_manual_attempt_that_was_sent_when_the_person_says() -> None:
    story = given().when(lambda c: c.mark_as_sent("a-1", PERSON, at(-60), COURIER, at(1)))
    story.then(marked(opens=BY_HAND)).status_is(Status.SENT).times_are(sent=-60)
    attempt = story.communication.attempt("a-1")
    assert (attempt.shipped_at, attempt.created_at, attempt.how) == (at(-60), at(1), COURIER)
    assert story.outcome().at == at(-60)


def test_marking_an_attempt_that_needs_action_ends_it() -> None:
    story = given(LACKING).when(lambda c: c.mark_as_sent("a-1", PERSON, at(-60), COURIER, at(1)))
    story.then(marked()).status_is(Status.SENT)
    story.when(lambda c: c.mark_as_sent("a-1", PERSON, at(0), sealed("again"), at(2))).then()


def test_a_manual_send_waits_for_a_person() -> None:
    story = given(sent(order(channel=Channel.MANUAL, recipients=[])))
    story.status_is(Status.NEEDS_ACTION, "manual_channel")
    story.when(lambda c: c.mark_as_sent("a-1", PERSON, at(0), COURIER, at(1))).status_is(Status.SENT)


@pytest.mark.parametrize("nobody", [Person(), Person(api_key="api-1")])
def test_only_a_named_person_can_say_so(nobody: Person) -> None:
    given().refuses(errors.UnprovenError, lambda c: c.mark_as_sent("a-1", nobody, at(0), COURIER, at(1)))
    given(LACKING).refuses(errors.UnprovenError, lambda c: c.mark_as_sent("a-1", nobody, at(0), COURIER, at(1)))


@pytest.mark.parametrize("named", [Person(name=sealed("A. Person")), Person(id="u-7")])
def test_an_id_or_a_name_is_a_person(named: Person) -> None:
    given().when(lambda c: c.mark_as_sent("a-1", named, at(0), COURIER, at(1))).status_is(Status.SENT)


@pytest.mark.parametrize(
    "past",
    [(), (started(),), (started(), handed()), (started(), lost()), (started(), failed("validation")), (skipped(),)],
)
def test_what_a_machine_sends_cannot_be_marked(past: tuple[Fact, ...]) -> None:
    given(sent(), *past).refuses(errors.NotManualError, lambda c: c.mark_as_sent("a-1", PERSON, at(0), COURIER, at(9)))


def test_marking_a_new_one_restores_what_was_ignored() -> None:
    story = given(sent(), cancelled(), ignored())
    story.when(lambda c: c.mark_as_sent("a-9", PERSON, at(0), COURIER, at(5)))
    opened = Order("a-9", Cause.FIRST, Channel.MANUAL, requested_by=PERSON)
    story.then(restored(5), marked("a-9", 5, 0, opened))


def test_marking_what_is_there_is_no_new_send_and_restores_nothing() -> None:
    story = given(LACKING, ignored()).when(lambda c: c.mark_as_sent("a-1", PERSON, at(-60), COURIER, at(1)))
    assert story.then(marked()).communication.ignored


def test_a_skipped_attempt_shows_why() -> None:
    story = given(sent()).when(lambda c: c.skip("a-1", "opted_out", at(1)))
    story.then(skipped()).status_is(Status.SKIPPED, "opted_out").times_are()
    assert (story.communication.attempt("a-1").shipped_at, story.outcome().at) == (at(1), at(1))


def test_a_cancelled_attempt_shows_as_skipped() -> None:
    story = given(sent()).when(lambda c: c.cancel("a-1", PERSON, at(1)))
    story.then(cancelled()).status_is(Status.SKIPPED, "cancelled")


@pytest.mark.parametrize("asked", [order(formats=["pdf"]), order(scheduled_at=at(60)), order(needs_action="erased")])
def test_whatever_waits_can_be_cancelled(asked: Order) -> None:
    story = given(sent(asked)).when(lambda c: c.cancel("a-1", PERSON, at(1)))
    story.then(cancelled()).when(lambda c: c.add_document(added().facts["document"], at(2)))
    story.status_is(Status.SKIPPED, "cancelled")


@pytest.mark.parametrize(
    "past",
    [
        (started(),),
        (started(), handed()),
        (started(), lost()),
        (started(), failed("validation")),
        (started(), failed("rate_limited", again_at=9), reported(report(Status.SENT))),
        (skipped(),),
        (cancelled(),),
    ],
    ids=["being sent", "handed over", "lost", "given up", "the provider has it after all", "skipped", "cancelled"],
)
def test_what_has_left_or_ended_can_be_neither_skipped_nor_cancelled(past: tuple[Fact, ...]) -> None:
    story = given(sent(), *past)
    story.refuses(errors.AlreadyEndedError, lambda c: c.cancel("a-1", None, at(9)), lambda c: c.skip("a-1", "x", at(9)))


def test_a_stray_report_on_what_was_never_tried_holds_nobody_back() -> None:
    story = given(sent(), reported(report(Status.SENT))).when(lambda c: c.cancel("a-1", PERSON, at(9)))
    story.then(cancelled(minute=9)).status_is(Status.SKIPPED, "cancelled")


def test_what_was_marked_as_sent_cannot_be_cancelled() -> None:
    given(LACKING, marked()).refuses(errors.AlreadyEndedError, lambda c: c.cancel("a-1", None, at(9)))


def test_a_retry_can_be_called_back() -> None:
    story = given(sent(), started(), failed("rate_limited", again_at=9)).when(lambda c: c.cancel("a-1", PERSON, at(3)))
    story.then(cancelled(minute=3)).status_is(Status.SKIPPED, "cancelled")


def test_ignored_and_restored_once_each() -> None:
    story = given(sent()).when(lambda c: c.ignore(PERSON, None, at(1)), lambda c: c.ignore(PERSON, None, at(2)))
    assert story.then(ignored()).communication.ignored
    story.when(lambda c: c.restore(PERSON, None, at(3)), lambda c: c.restore(PERSON, None, at(4))).then(restored(3))
    assert not story.communication.ignored
    story.status_is(Status.QUEUED)
