"""The dispatcher against the simulated providers: every way a call can end, and dying in the middle of one."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from adapters.providers.sendgrid import SendGrid
from consumers.dispatcher import Dispatcher
from consumers.dispatching import Dispatching
from consumers.outcomes import GIVE_UP_AFTER
from consumers.queue import LEASE, Queue
from domain.attempt import TryOutcome
from domain.status import Status
from domain.values import Channel
from tests.support.sending import Sending, sending


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Sending]:
    with sending(database_url, tmp_path) as found:
        yield found


def dispatch(world: Sending) -> int:
    return Dispatcher(world.worker).run_once()


def test_a_mail_that_is_taken_is_handed_over_under_the_providers_id(world: Sending) -> None:
    sent = world.ask(Channel.EMAIL, ["ap@payer.example"])
    assert dispatch(world) == 1
    attempt = world.attempt(sent)
    assert (attempt.outcome().status, attempt.shipped_at) == (Status.SENT, world.clock())
    assert attempt.tries[0].messages[0].message_id
    assert len(world.received()) == 1
    assert dispatch(world) == 0


def test_what_is_scheduled_waits_for_its_time(world: Sending) -> None:
    sent = world.ask(Channel.EMAIL, ["ap@payer.example"], at=world.clock().replace(hour=18))
    assert dispatch(world) == 0
    assert world.attempt(sent).outcome().status is Status.QUEUED
    world.clock.forward(hours=10)
    assert dispatch(world) == 1
    assert world.attempt(sent).outcome().status is Status.SENT


def test_a_refusal_is_final_and_says_why(world: Sending) -> None:
    sent = world.ask(Channel.EMAIL, ["refused@payer.example"])
    dispatch(world)
    outcome = world.attempt(sent).outcome()
    assert (outcome.status, outcome.reason) == (Status.REJECTED, "validation")
    assert outcome.detail is not None
    assert dispatch(world) == 0


def test_too_many_requests_is_tried_again_when_the_provider_says(world: Sending) -> None:
    sent = world.ask(Channel.EMAIL, ["ratelimited@payer.example"])
    dispatch(world)
    attempt = world.attempt(sent)
    assert (attempt.outcome().status, attempt.outcome().reason) == (Status.QUEUED, "rate_limited")
    assert attempt.tries[0].next_at is not None
    assert attempt.tries[0].next_at > world.clock()
    assert dispatch(world) == 0
    for _ in range(3):
        world.clock.forward(minutes=5)
        dispatch(world)
    assert world.attempt(sent).outcome().status is Status.SENT
    assert len(world.received()) == 1


def test_an_outage_that_lasts_is_given_up_in_time(world: Sending) -> None:
    world.rule(behaviour="ratelimited")
    sent = world.ask(Channel.EMAIL, ["ap@payer.example"])
    ends = world.clock() + GIVE_UP_AFTER
    while world.clock() < ends + LEASE:
        dispatch(world)
        world.clock.forward(hours=1)
    attempt = world.attempt(sent)
    assert (attempt.outcome().status, attempt.outcome().reason) == (Status.FAILED, "provider_outage")
    assert 10 < len(attempt.tries) < 60
    assert {t.outcome for t in attempt.tries[:-1]} == {TryOutcome.FAILED}


@pytest.mark.parametrize(("behaviour", "taken"), [("vanished", 0), ("timeout", 1), ("crash", 1)])
def test_a_lost_answer_is_unknown_and_never_sent_again(world: Sending, behaviour: str, taken: int) -> None:
    world.rule(behaviour=behaviour)
    sent = world.ask(Channel.EMAIL, ["ap@payer.example"])
    dispatch(world)
    assert world.attempt(sent).outcome().status is Status.UNKNOWN
    world.clock.forward(days=2)
    assert dispatch(world) == 0
    assert len(world.received()) == taken


def test_each_phone_takes_a_call_of_its_own(world: Sending) -> None:
    sent = world.ask(Channel.SMS, ["+32470120001", "+32470121211", "+32470120002"])
    dispatch(world)
    attempt = world.attempt(sent)
    shown = [attempt.recipient_outcome(n).status for n in (1, 2, 3)]
    assert shown == [Status.SENT, Status.REJECTED, Status.SENT]
    assert attempt.outcome().status is Status.REJECTED
    assert len({t.messages[0].message_id for t in attempt.tries if t.messages}) == 2
    assert dispatch(world) == 0


class Died(BaseException):
    """As far as the code after it can tell, the process is gone."""


def die(*_: object) -> None:
    raise Died


def test_who_dies_before_the_call_leaves_an_unknown_not_a_second_message(
    world: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = world.ask(Channel.EMAIL, ["ap@payer.example"])
    with monkeypatch.context() as patched:
        patched.setattr(SendGrid, "send", die)
        with pytest.raises(Died):
            dispatch(world)
    assert world.attempt(sent).outcome().status is Status.SENDING
    assert dispatch(world) == 0, "the claim still holds"
    world.clock.forward(seconds=LEASE.total_seconds())
    dispatch(world)
    assert world.attempt(sent).outcome().status is Status.UNKNOWN
    assert world.received() == []


def test_who_dies_after_the_call_is_settled_by_asking(world: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = world.ask(Channel.EMAIL, ["ap@payer.example"])
    with monkeypatch.context() as patched:
        patched.setattr(Dispatching, "_record", die)
        with pytest.raises(Died):
            dispatch(world)
    assert len(world.received()) == 1
    world.clock.forward(seconds=LEASE.total_seconds())
    dispatch(world)
    attempt = world.attempt(sent)
    assert (attempt.tries[0].outcome, bool(attempt.tries[0].messages)) == (TryOutcome.HANDED_OVER, True)
    assert attempt.outcome().status in (Status.SENT, Status.DELIVERED), "what the provider reports is recorded too"
    assert len(world.received()) == 1


def test_many_dispatchers_share_the_queue_without_sending_twice(world: Sending) -> None:
    for number in range(40):
        world.ask(Channel.EMAIL, [f"ap{number}@payer.example"], number=str(number))
    queues = [Queue(world.worker.database, world.clock) for _ in range(4)]
    claimed = [claim.attempt_id for _ in range(10) for queue in queues for claim in queue.claim(3)]
    assert len(claimed) == len(set(claimed)) == 40


def test_a_removed_connection_and_a_lost_document_fail_with_their_reason(
    world: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = world.ask(Channel.EMAIL, ["ap@payer.example"])
    monkeypatch.setattr(world.worker.connections, "get", lambda _: None)
    dispatch(world)
    assert world.attempt(sent).outcome().reason == "no_connection"


def test_an_erased_recipient_is_not_written_to(world: Sending) -> None:
    sent = world.ask(Channel.EMAIL, ["ap@payer.example"])
    world.worker.keys.open([r.address for r in world.attempt(sent).order.recipients])
    with world.worker.database.transaction() as connection:
        connection.execute("UPDATE config.customer_key SET wrapped = NULL, destroyed_at = %s", (world.clock(),))
    dispatch(world)
    outcome = world.attempt(sent).outcome()
    assert (outcome.status, outcome.reason, outcome.detail) == (Status.FAILED, "erased", None)
    assert world.received() == []


def test_an_unexpected_failure_inside_a_provider_module_is_unknown(
    world: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("not foreseen")

    monkeypatch.setattr(SendGrid, "send", fail)
    sent = world.ask(Channel.EMAIL, ["ap@payer.example"])
    dispatch(world)
    assert world.attempt(sent).outcome().status is Status.UNKNOWN


def test_the_provider_is_called_with_what_was_asked(world: Sending) -> None:
    world.ask(Channel.EMAIL, ["ap@payer.example", "cfo@payer.example"])
    dispatch(world)
    shown = httpx.get(f"{world.simulator}/_control/messages").text
    assert "ap@payer.example" in shown
    assert "Here it is." in shown
