"""Webhooks that come before their message is known."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters.provider_events import raw_events
from adapters.store.recorder import EventRow
from consumers.attaching import Attaching
from consumers.chores import Chores
from consumers.parked import LONGEST_PAUSE, Parked, ParkedReports
from domain.status import Status
from tests.consumers.hooks import ADDRESS, Hooks


@pytest.fixture
def parked(world: Hooks) -> ParkedReports:
    return ParkedReports(world.worker, Attaching(world.worker))


def only(parked: ParkedReports) -> Parked:
    (one,) = parked.listing()
    return one


def test_an_early_webhook_is_attached_once_its_message_is_known(world: Hooks, parked: ParkedReports) -> None:
    sent = world.asked()
    world.put([sent.event("bounce", by="message_id", reason="550 no such user")])
    world.consume()
    assert (world.reports(sent), parked.attach_due()) == (0, 0)
    assert only(parked).keys == [sent.message_id]
    world.hand_over(sent)
    assert parked.attach_due() == 1
    shown = world.attempt(sent).outcome()
    assert (shown.status, shown.reason) == (Status.FAILED, "hard_bounce")
    assert shown.detail is not None
    assert parked.listing() == []
    assert len(raw_events(world.worker.database, world.tenant, sent.communication_id)) == 1


def test_it_is_the_consumers_own_loop_that_does_it(world: Hooks) -> None:
    sent = world.asked()
    world.put([sent.event(by="message_id")])
    world.consume()
    world.hand_over(sent)
    Chores(world.worker, Attaching(world.worker)).do()
    assert world.attempt(sent).outcome().status is Status.DELIVERED


def test_the_same_report_parked_many_times_becomes_one_event(world: Hooks, parked: ParkedReports) -> None:
    sent = world.asked()
    body = [sent.event(by="message_id"), sent.event("processed", by="message_id")]
    world.put(*([body] * 25))
    world.consume()
    world.hand_over(sent)
    assert parked.attach_due() == 50
    assert world.reports(sent) == 2
    assert world.count("work.parked_report") == 0


def test_a_report_without_a_clock_keeps_the_time_when_it_came(world: Hooks, parked: ParkedReports) -> None:
    sent = world.asked()
    came = world.clock()
    world.put([sent.event(by="message_id", timestamp=None)])
    world.consume()
    world.clock.forward(hours=3)
    world.hand_over(sent)
    parked.attach_due()
    assert world.attempt(sent).times.delivered == came


def test_tries_again_ever_more_rarely(world: Hooks, parked: ParkedReports) -> None:
    world.put([{"event": "delivered", "email": ADDRESS, "sg_message_id": "nobody.filter1"}])
    world.consume()
    pauses = []
    for _ in range(16):
        world.clock.now = only(parked).next_try_at
        parked.attach_due()
        pauses.append(only(parked).next_try_at - world.clock())
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=10)
    assert pauses[-1] == pauses[-2] == LONGEST_PAUSE
    assert only(parked).tries == 16


def test_one_that_nobody_woke_is_found_on_schedule(world: Hooks, parked: ParkedReports) -> None:
    """The hand-over was recorded between the look-up and the parking, so it found nothing to wake."""
    sent = world.asked()
    world.put([sent.event(by="message_id")])
    world.consume()
    world.hand_over(sent)
    with world.worker.database.transaction() as connection:
        connection.execute("UPDATE work.parked_report SET next_try_at = received_at + interval '5 seconds'")
    assert parked.attach_due() == 0
    world.clock.forward(seconds=5)
    assert parked.attach_due() == 1
    assert world.attempt(sent).outcome().status is Status.DELIVERED


def test_a_wake_up_during_a_try_is_not_lost(world: Hooks) -> None:
    sent = world.asked()
    world.put([sent.event(by="message_id")])
    world.consume()
    world.clock.forward(seconds=5)
    attaching = Attaching(world.worker)
    parked, attach = ParkedReports(world.worker, attaching), attaching.attach

    def handed_over_after_the_look_up(notices: object) -> object:
        found = attach(notices)  # type: ignore[arg-type]
        world.hand_over(sent)
        return found

    attaching.attach = handed_over_after_the_look_up  # type: ignore[method-assign,assignment]
    assert parked.attach_due() == 0
    attaching.attach = attach  # type: ignore[method-assign]
    assert parked.attach_due() == 1


def test_two_that_try_at_once_attach_it_once(world: Hooks, parked: ParkedReports) -> None:
    sent = world.asked()
    world.put([sent.event(by="message_id")])
    world.consume()
    world.hand_over(sent)
    attaching = Attaching(world.worker)
    late, attach = ParkedReports(world.worker, attaching), attaching.attach

    def the_other_was_faster(notices: object) -> object:
        found = attach(notices)  # type: ignore[arg-type]
        world.clock.forward(minutes=2)
        attaching.attach = attach  # type: ignore[method-assign]
        assert parked.attach_due() == 1
        return found

    attaching.attach = the_other_was_faster  # type: ignore[method-assign,assignment]
    assert late.attach_due() == 1
    assert world.reports(sent) == 1
    assert world.count("work.parked_report") == 0


def test_a_failure_leaves_it_parked(world: Hooks, parked: ParkedReports) -> None:
    sent, fine = world.asked(), world.asked()
    world.put([sent.event(by="message_id")], [fine.event(by="message_id")])
    world.consume()
    world.hand_over(sent)
    world.hand_over(fine)
    recorder = world.worker.communications.recorder
    insert = recorder.insert

    def refuses_one(events: list[EventRow], **given: Any) -> list[int]:
        if any(event[0] == sent.communication_id.bytes for event in events):
            raise ValueError
        return insert(events, **given)

    recorder.insert = refuses_one  # type: ignore[method-assign,assignment]
    assert parked.attach_due() == 1
    recorder.insert = insert  # type: ignore[method-assign]
    assert (world.reports(fine), world.reports(sent)) == (1, 0)
    assert only(parked).keys == [sent.message_id]
    world.clock.forward(minutes=2)
    assert parked.attach_due() == 1
    assert world.reports(sent) == 1


def test_a_disabled_connections_reports_wait(world: Hooks, parked: ParkedReports) -> None:
    sent = world.asked()
    world.put([sent.event(by="message_id")])
    world.consume()
    world.hand_over(sent)
    world.owner.connections.disable(world.connection, world.clock())
    world.worker.connections.forget()
    assert parked.attach_due() == 0
    with world.owner.database.transaction() as connection:
        connection.execute("UPDATE config.connection SET disabled_at = NULL")
    world.worker.connections.forget()
    world.clock.forward(minutes=2)
    assert parked.attach_due() == 1


def test_what_does_not_open_stays_and_holds_up_nobody(world: Hooks, parked: ParkedReports) -> None:
    sent, moved = world.asked(), world.asked()
    world.put([sent.event(by="message_id")], [moved.event(by="message_id")])
    world.consume()
    with world.worker.database.transaction() as connection:
        taken = "(SELECT report FROM work.parked_report WHERE keys = ARRAY[%s])"
        connection.execute(
            f"UPDATE work.parked_report SET report = {taken} WHERE keys = ARRAY[%s]".encode(),
            (sent.message_id, moved.message_id),
        )
    world.hand_over(sent)
    world.hand_over(moved)
    assert parked.attach_due() == 1
    assert (world.reports(sent), world.reports(moved)) == (1, 0)
    assert only(parked).keys == [moved.message_id]


def test_the_list_names_no_person(world: Hooks, parked: ParkedReports) -> None:
    world.put([{"event": "delivered", "email": ADDRESS, "sg_message_id": "nobody.filter1"}])
    world.consume()
    one = only(parked)
    assert (one.tenant_id, one.connection_id, one.provider) == (world.tenant, world.connection, "sendgrid")
    assert ADDRESS not in repr(one)
    assert isinstance(one.tenant_id, UUID)
