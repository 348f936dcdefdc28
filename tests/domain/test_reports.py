"""What providers say, one report at a time."""

import pytest

from domain.reports import BuyerResponse
from domain.status import Status
from domain.values import Actor, Channel
from tests.domain.facts import answer, at, failed, handed, lost, order, report, reported, sealed, sent, started
from tests.domain.story import given

SENT = (sent(), started(), handed())


def test_a_report_is_recorded_once() -> None:
    heard = report(Status.DELIVERED)
    story = given(*SENT).when(lambda c: c.record_report(heard, at(6)), lambda c: c.record_report(heard, at(7)))
    story.then(reported(heard, 6)).status_is(Status.DELIVERED)


def test_a_late_sent_is_kept_but_does_not_undo_a_delivery() -> None:
    late = report(Status.SENT, 3)
    story = given(*SENT, reported(report(Status.DELIVERED, 2)))
    story.when(lambda c: c.record_report(late, at(9))).then(reported(late, 9)).status_is(Status.DELIVERED)


def test_a_word_that_nobody_mapped_is_kept_and_never_counts() -> None:
    strange = report(None)
    story = given(*SENT).when(lambda c: c.record_report(strange, at(6))).then(reported(strange, 6))
    story.status_is(Status.SENT).times_are(sent=2)


@pytest.mark.parametrize(
    "status", [Status.UNKNOWN, Status.QUEUED, Status.COLLECTING, Status.NEEDS_ACTION, Status.SKIPPED]
)
def test_words_that_are_only_ours_never_count(status: Status) -> None:
    given(*SENT, reported(report(status))).status_is(Status.SENT)
    given(sent(), started(), lost(), reported(report(status))).status_is(Status.UNKNOWN, "outcome_unknown")


def test_a_machine_that_opens_is_kept_and_never_counts() -> None:
    machine = report(Status.READ, counts=False)
    story = given(*SENT, reported(report(Status.DELIVERED, 3)))
    story.when(lambda c: c.record_report(machine, at(6))).then(reported(machine, 6)).status_is(Status.DELIVERED)
    story.times_are(sent=2, delivered=3)


def test_the_reason_the_words_and_the_actor_are_shown() -> None:
    heard = report(Status.FAILED, reason="hard_bounce", detail=sealed("550 no such user"), diagnostic_code="5.1.1")
    shown = given(*SENT, reported(heard)).outcome()
    assert (shown.reason, shown.actor, shown.at) == ("hard_bounce", Actor.RECIPIENT, at(5))
    assert (shown.detail, shown.diagnostic_code) == (sealed("550 no such user"), "5.1.1")


def test_the_provider_may_say_who_did_it() -> None:
    heard = report(Status.REJECTED, reason="validation", actor=Actor.RECIPIENT)
    assert given(*SENT, reported(heard)).outcome().actor == Actor.RECIPIENT
    assert given(*SENT, reported(report(Status.DELIVERED))).outcome().actor is None


def test_a_reason_that_is_not_listed_counts_as_final() -> None:
    story = given(*SENT, reported(report(Status.FAILED, 3, reason="gremlins")), reported(report(Status.DELIVERED, 9)))
    story.status_is(Status.FAILED, "gremlins")


def test_every_moment_is_the_earliest_by_the_providers_clock() -> None:
    said = [
        report(Status.DELIVERED, 9),
        report(Status.DELIVERED, 4),
        report(Status.READ, 12),
        report(Status.READ, 11),
        report(Status.COMPLAINED, 20),
        report(Status.FAILED, 15, reason="soft_bounce"),
    ]
    story = given(*SENT, *(reported(r, 30) for r in said))
    story.times_are(sent=2, delivered=4, read=11, complained=20, failed=15)


def test_a_report_proves_that_it_was_sent_where_the_answer_was_lost() -> None:
    given(sent(), started(), lost(), reported(report(Status.SENT, 7))).times_are(sent=7)
    given(sent(), started(), lost(), reported(report(Status.REJECTED, 7))).times_are(failed=7)
    given(sent(), started(), reported(report(Status.SENT, 1)), handed()).times_are(sent=2)


def test_a_report_outweighs_our_belief_that_the_provider_refused_it() -> None:
    given(sent(), started(), failed("validation"), reported(report(Status.DELIVERED))).status_is(Status.DELIVERED)


def test_nothing_is_shown_of_reports_on_what_was_never_tried() -> None:
    story = given(sent(), reported(report(Status.DELIVERED)))
    story.status_is(Status.QUEUED).times_are()


def test_reports_between_tries_stop_the_next_one() -> None:
    story = given(sent(), started(), failed("rate_limited", again_at=9), reported(report(Status.SENT)))
    assert not story.communication.attempt("a-1").unsent()
    story.status_is(Status.SENT)


def test_the_buyers_answer_is_an_axis_of_its_own() -> None:
    by_network = order(channel=Channel.E_INVOICING, recipients=[])
    refused = answer(BuyerResponse.REJECTED)
    story = given(sent(by_network), started(), handed()).when(lambda c: c.record_report(refused, at(6)))
    story.then(reported(refused, 6)).status_is(Status.READ).times_are(sent=2, read=5)
    assert story.communication.attempt("a-1").buyer_response == BuyerResponse.REJECTED


def test_a_buyer_that_answers_has_it_whatever_status_comes_with_the_answer() -> None:
    odd = report(Status.REJECTED, 5, buyer_response=BuyerResponse.REJECTED, reason="validation")
    given(*SENT, reported(odd)).status_is(Status.READ, "validation")
    given(*SENT, reported(report(Status.FAILED, 9, reason="hard_bounce")), reported(odd)).status_is(
        Status.READ, "validation"
    )


def test_the_buyers_latest_answer_stands_whenever_it_is_heard() -> None:
    paid, accepted = answer(BuyerResponse.PAID, 8), answer(BuyerResponse.ACCEPTED, 6)
    for said in ([paid, accepted], [accepted, paid]):
        story = given(*SENT, *(reported(r, 20) for r in said))
        assert story.communication.attempt("a-1").buyer_response == BuyerResponse.PAID
        story.hears(report(Status.COMPLAINED, 30))
        assert story.communication.attempt("a-1").buyer_response == BuyerResponse.PAID
