"""Asking for a send, and for another one."""

from datetime import timedelta
from typing import Any

import pytest

from domain import errors
from domain.status import Status
from domain.values import Cause, Channel, DocumentFormat, Message, Role
from tests.domain.facts import (
    WINDOW,
    Fact,
    again,
    at,
    cancelled,
    document,
    failed,
    handed,
    ignored,
    lost,
    order,
    report,
    reported,
    resent,
    restored,
    sealed,
    sent,
    skipped,
    started,
    to,
)
from tests.domain.story import given


def test_a_send_is_recorded_and_waits() -> None:
    given().when(lambda c: c.send(order(), at(0))).then(sent(order())).status_is(Status.QUEUED)


def test_the_same_attempt_again_changes_nothing() -> None:
    given(sent()).when(lambda c: c.send(order(channel=Channel.SMS), at(1))).then()
    given(sent(), started(), handed(), resent()).when(lambda c: c.resend(again(), at(200 * 24 * 60), WINDOW)).then()


@pytest.mark.parametrize(
    "past",
    [
        (),
        (started(),),
        (started(), failed("rate_limited", again_at=9)),
        (started(), failed("rate_limited", again_at=3), started(number=2, minute=4)),
    ],
    ids=["waiting", "being sent", "between tries", "being sent again"],
)
def test_a_second_click_is_refused_until_the_first_is_handed_over(past: tuple[Fact, ...]) -> None:
    second = order("a-2")
    story = given(sent(), *past)
    story.refuses(errors.AttemptOpenError, lambda c: c.send(second, at(5)), lambda c: c.resend(again(), at(5), WINDOW))


@pytest.mark.parametrize(
    "past",
    [
        (started(), handed()),
        (started(), lost()),
        (started(), failed("validation")),
        (started(), reported(report(Status.SENT))),
        (cancelled(),),
        (skipped(),),
    ],
    ids=["handed over", "outcome lost", "given up", "the provider says it has it", "cancelled", "skipped"],
)
def test_once_it_has_left_or_ended_every_send_is_a_new_line(past: tuple[Fact, ...]) -> None:
    second = order("a-2")
    given(sent(), *past).when(lambda c: c.send(second, at(5))).then(sent(second, 5))


def test_another_channel_or_another_recipient_is_no_double_click() -> None:
    elsewhere, somebody = order("a-2", channel=Channel.SMS), order("a-3", recipients=[to(1, "boss")])
    story = given(sent()).when(lambda c: c.send(elsewhere, at(1)), lambda c: c.send(somebody, at(1)))
    story.then(sent(elsewhere, 1), sent(somebody, 1))


def test_one_shared_recipient_is_enough_for_a_double_click() -> None:
    both = order(recipients=[to(1, "boss"), to(2, "ap", Role.CC)])
    given(sent(both)).refuses(errors.AttemptOpenError, lambda c: c.send(order("a-2"), at(1)))


def test_a_recipient_whose_message_has_left_may_get_another_while_others_wait() -> None:
    both = order(channel=Channel.SMS, recipients=[to(1, "boss"), to(2, "ap")])
    story = given(sent(both), started(recipients=(1,)), handed(m1=1))
    second = order("a-2", channel=Channel.SMS, recipients=[to(1, "boss")])
    third = order("a-3", channel=Channel.SMS, recipients=[to(1, "ap")])
    story.refuses(errors.AttemptOpenError, lambda c: c.send(third, at(5)))
    story.when(lambda c: c.send(second, at(5))).then(sent(second, 5))


def test_a_network_without_addresses_has_one_recipient_all_the_same() -> None:
    first = order(channel=Channel.E_INVOICING, recipients=[])
    second = order("a-2", channel=Channel.E_INVOICING, recipients=[])
    story = given(sent(first)).refuses(errors.AttemptOpenError, lambda c: c.send(second, at(1)))
    story.when(lambda c: c.start_dispatch("a-1", [1], at(1))).then(started()).status_is(Status.SENDING)
    given(sent(first), started(), handed()).status_is(Status.SENT).when(lambda c: c.send(second, at(5)))


def test_nobody_and_somebody_are_not_the_same_recipient() -> None:
    nobody, somebody = order("a-2", recipients=[], needs_action="missing_contact"), order("a-1")
    given(sent(somebody)).when(lambda c: c.send(nobody, at(1))).then(sent(nobody, 1))
    unnamed = order(channel=Channel.E_INVOICING, recipients=[])
    named = order("a-2", channel=Channel.E_INVOICING)
    given(sent(unnamed)).when(lambda c: c.send(named, at(1))).then(sent(named, 1))


def test_an_attempt_that_needs_a_person_blocks_nothing() -> None:
    lacking = order(recipients=[], needs_action="missing_contact")
    story = given(sent(lacking)).status_is(Status.NEEDS_ACTION, "missing_contact")
    story.when(lambda c: c.send(order("a-2"), at(1))).then(sent(order("a-2"), 1))


def test_recipients_and_copies_are_numbered_in_one_row() -> None:
    twice = order(recipients=[to(1), to(1, "boss", Role.CC)])
    gap = order(recipients=[to(1), to(3, "boss", Role.BCC)])
    story = given().refuses(errors.MalformedOrderError, lambda c: c.send(twice, at(0)), lambda c: c.send(gap, at(0)))
    story.when(lambda c: c.send(order(recipients=[to(1), to(2, "boss", Role.CC), to(3, "me", Role.BCC)]), at(0)))
    assert len(story.recorded) == 1


def test_only_a_resend_has_that_cause() -> None:
    story = given(sent(), started(), handed())
    story.refuses(errors.MalformedOrderError, lambda c: c.send(again(), at(5)))
    plain = order("a-2", previous_attempt_id="a-1")
    story.refuses(errors.MalformedOrderError, lambda c: c.resend(plain, at(5), WINDOW))


def test_what_follows_an_attempt_names_one_that_there_is() -> None:
    follow = order("a-2", cause=Cause.FOLLOW_UP, previous_attempt_id="a-0")
    given().refuses(errors.AttemptNotFoundError, lambda c: c.send(follow, at(0)))
    given().refuses(errors.AttemptNotFoundError, lambda c: c.resend(again(previous="a-0"), at(0), WINDOW))
    given().refuses(errors.AttemptNotFoundError, lambda c: c.resend(order("a-2", cause=Cause.RESEND), at(0), WINDOW))


@pytest.mark.parametrize(
    "past",
    [
        (started(), handed()),
        (started(), handed(), reported(report(Status.READ))),
        (started(), failed("validation", status=Status.REJECTED)),
        (started(), lost()),
        (cancelled(),),
    ],
    ids=["sent", "read", "rejected", "unknown", "cancelled"],
)
def test_a_resend_names_any_attempt_whatever_became_of_it(past: tuple[Fact, ...]) -> None:
    given(sent(), *past).when(lambda c: c.resend(again(), at(9), WINDOW)).then(resent(again(), 9))


def test_a_resend_is_refused_once_the_window_is_over() -> None:
    story = given(sent(), started(), handed())
    days, instant = at(90 * 24 * 60), timedelta(microseconds=1)
    story.refuses(errors.TooOldError, lambda c: c.resend(again(), days, WINDOW))
    story.when(lambda c: c.resend(again(), days - instant, WINDOW))
    assert len(story.recorded) == 1


def test_the_window_counts_from_the_named_attempt_not_from_the_first() -> None:
    story = given(sent(), started(), handed(), resent(minute=50), started("a-2"), handed("a-2"))
    late = at(20) + WINDOW
    story.refuses(errors.TooOldError, lambda c: c.resend(again("a-3"), late, WINDOW))
    story.when(lambda c: c.resend(again("a-3", "a-2"), late, WINDOW))
    assert len(story.recorded) == 1


def test_a_resend_uses_the_documents_and_the_message_again() -> None:
    pdf, message = document(), Message(sealed("subject"), sealed("text"))
    first = order(formats=[DocumentFormat.PDF], documents=[pdf], message=message, language="fr", template="t-1")
    story = given(sent(first), started(), handed()).when(lambda c: c.resend(again(), at(9), WINDOW))
    kept: dict[str, Any] = {"documents": [pdf], "formats": [DocumentFormat.PDF], "message": message, "language": "fr"}
    story.then(resent(again(**kept, template="t-1"), 9))


def test_a_resend_may_bring_its_own() -> None:
    first = order(formats=[DocumentFormat.PDF], documents=[document()], message=Message(sealed("old")), template="t-1")
    mine: dict[str, Any] = {
        "formats": [DocumentFormat.UBL],
        "documents": [document(DocumentFormat.UBL)],
        "language": "de",
    }
    other = again(**mine, message=Message(sealed("new")), recipients=[to(1, "boss")], template="t-2")
    story = given(sent(first), started(), handed())
    story.when(lambda c: c.resend(other, at(9), WINDOW)).then(resent(other, 9))


def test_a_resend_takes_only_the_documents_that_it_asks_for() -> None:
    pdf, ubl = document(), document(DocumentFormat.UBL)
    both = order(formats=[DocumentFormat.PDF, DocumentFormat.UBL], documents=[pdf, ubl])
    story = given(sent(both), started(), handed())
    story.when(lambda c: c.resend(again(formats=[DocumentFormat.UBL]), at(9), WINDOW))
    story.then(resent(again(formats=[DocumentFormat.UBL], documents=[ubl]), 9))
    story = given(sent(order(documents=[pdf])), started(), handed())
    story.when(lambda c: c.resend(again(), at(9), WINDOW)).then(resent(again(documents=[pdf]), 9))


def test_a_new_send_restores_what_was_ignored() -> None:
    person = order("a-2").requested_by
    story = given(sent(), started(), handed(), ignored())
    story.when(lambda c: c.send(order("a-2"), at(5))).then(restored(5, person), sent(order("a-2"), 5))
    story = given(sent(), started(), handed(), ignored())
    story.when(lambda c: c.resend(again(), at(5), WINDOW)).then(restored(5, person), resent(again(), 5))
    given(sent(), ignored()).refuses(errors.AttemptOpenError, lambda c: c.send(order("a-2"), at(5)))
