"""Another go for what could not be read."""

import json

import pytest

from adapters.webhook_log.frames import encode_frame
from adapters.webhook_log.port import LoggedRequest
from consumers.arrivals import Place
from consumers.dead_letters import DeadLetters
from domain.status import Status
from tests.consumers.hooks import ADDRESS, Hooks


@pytest.fixture
def letters(world: Hooks) -> DeadLetters:
    return DeadLetters(world.worker)


def disable(world: Hooks, disabled: bool) -> None:
    with world.owner.database.transaction() as connection:
        at = world.clock() if disabled else None
        connection.execute("UPDATE config.connection SET disabled_at = %s", (at,))
    world.worker.connections.forget()


def test_a_letter_that_can_be_read_now_is_recorded_once(world: Hooks, letters: DeadLetters) -> None:
    sent = world.sent()
    world.put([sent.event()])
    disable(world, True)
    world.consume()
    (letter,) = letters.listing()
    assert letter.reason == "its connection is gone or disabled"
    disable(world, False)
    assert letters.replay().done == 1
    assert world.attempt(sent).outcome().status is Status.DELIVERED
    assert world.count("work.provider_event") == 1
    assert letters.listing() == []
    assert [one.replayed_at for one in letters.listing(replayed_too=True)] == [world.clock()]
    assert letters.replay() == (0, {})
    assert letters.replay([letter.place]) == (0, {})
    assert world.reports(sent) == 1


def test_one_that_is_still_unreadable_stays(world: Hooks, letters: DeadLetters) -> None:
    world.put(b"not json", [])
    world.consume()
    (letter,) = letters.listing()
    replayed = letters.replay()
    assert (replayed.done, list(replayed.still_dead)) == (0, [letter.place])
    assert len(letters.listing()) == 1


def test_only_the_letters_that_are_named_are_replayed(world: Hooks, letters: DeadLetters) -> None:
    first, second = world.sent(), world.sent()
    world.put([first.event()], [second.event()])
    disable(world, True)
    world.consume()
    disable(world, False)
    one, _ = letters.listing()
    assert letters.replay([one.place, Place("nowhere", 0, 0)]).done == 1
    assert [world.reports(first), world.reports(second)] == [1, 0]


def test_what_matches_nothing_yet_is_parked(world: Hooks, letters: DeadLetters) -> None:
    sent = world.asked()
    world.put([sent.event(by="message_id")])
    disable(world, True)
    world.consume()
    disable(world, False)
    letters.replay()
    assert world.count("work.parked_report") == 1
    assert letters.listing() == []


def test_the_requests_of_a_record_that_could_not_be_taken_apart(world: Hooks, letters: DeadLetters) -> None:
    """A newer release wrote the frame; replayed under a release that knows it, each request is taken in."""
    sent = world.sent()
    for body in (json.dumps([sent.event()]).encode(), b"not json"):
        frame = b"\x63" + encode_frame([LoggedRequest(world.connection, world.raw(body))])[1:]
        with world.worker.database.transaction() as connection:
            connection.execute("SELECT work.append_webhooks(0::smallint, %s, %s)", (world.clock(), [frame]))
    world.consume()
    assert [letter.log_index for letter in letters.listing()] == [-1, -1]
    assert letters.replay().done == 0
    with world.worker.database.transaction() as connection:
        connection.execute("UPDATE work.dead_letter SET body = set_byte(body, 0, 1)")
    assert letters.replay().done == 1
    assert world.reports(sent) == 1


def test_the_list_holds_no_content(world: Hooks, letters: DeadLetters) -> None:
    world.put(f"not json, {ADDRESS}".encode())
    world.consume()
    (letter,) = letters.listing()
    assert letter.size == len(f"not json, {ADDRESS}")
    assert ADDRESS not in repr(letter)


def nameless(**said: object) -> dict[str, object]:
    """What SendGrid says of the account, or of a message without telling which."""
    return {"event": "delivered", "email": ADDRESS, "timestamp": 1768467600, "sg_event_id": "e-1"} | said


def test_what_names_no_message_is_shown_and_never_tried_again(world: Hooks, letters: DeadLetters) -> None:
    world.put([nameless()], [nameless(event="account_status_change", email=None)])
    world.consume()
    assert [one.reason for one in letters.listing()] == ["what it says names neither a message nor an attempt"] * 2
    assert world.count("work.parked_report") == 0
    replayed = letters.replay()
    assert (replayed.done, len(replayed.still_dead), len(letters.listing())) == (0, 2, 2)


def test_what_else_the_request_says_is_recorded_all_the_same(world: Hooks, letters: DeadLetters) -> None:
    sent, early = world.sent(), world.asked()
    world.put([nameless(), sent.event(), early.event(by="message_id")])
    world.consume()
    assert (world.reports(sent), world.count("work.parked_report"), len(letters.listing())) == (1, 1, 1)
    assert len(letters.replay().still_dead) == 1
    assert (world.reports(sent), world.count("work.parked_report"), len(letters.listing())) == (1, 1, 1)


def test_any_number_of_them_in_a_row_stops_nobody(world: Hooks) -> None:
    sent = world.sent()
    world.put(*([[nameless()]] * 6), [sent.event()])
    consumer = world.consumer(dead_limit=3)
    world.drain(consumer)
    assert world.reports(sent) == 1
