"""Asking for attempts that stay open, against the simulated providers, on a real database."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.providers.twilio import Twilio
from consumers.open_attempts import OpenAttempts
from consumers.reconciler import Reconciler
from consumers.reconciling import MOST
from domain.asking import ASKABLE, PULL_WAITS, WAITS
from domain.attempt import TryOutcome
from domain.status import Status
from tests.consumers.questions import FIRST, OPEN_PHONE, PHONE, Counting, ask, forward, played, rows, send
from tests.support.eventually import eventually
from tests.support.sending import Sending, sending


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Sending]:
    """Nobody takes webhooks: what is heard was asked for."""
    with sending(database_url, tmp_path) as found:
        yield found


def test_what_lost_callbacks_would_have_told_is_asked_for(world: Sending) -> None:
    sent = send(world, PHONE)
    played(world)
    assert ask(world) == 0, "too soon"
    assert world.attempt(sent).outcome().status is Status.SENT
    forward(world, FIRST)
    assert ask(world) == 1
    assert world.attempt(sent).outcome().status is Status.DELIVERED
    assert rows(world) == []


def test_a_mail_is_found_by_our_own_attempt_id_when_its_answer_was_lost(world: Sending) -> None:
    sent = send(world, "hidden@payer.example")
    assert world.attempt(sent).outcome().status is Status.UNKNOWN
    played(world)
    forward(world, FIRST)
    assert ask(world) == 1
    attempt = world.attempt(sent)
    assert (attempt.outcome().status, attempt.tries[0].outcome) == (Status.DELIVERED, TryOutcome.HANDED_OVER)
    assert attempt.tries[0].messages[0].message_id == world.received()[0]["reference"]


def test_a_text_is_found_by_its_number_and_words(world: Sending) -> None:
    sent = send(world, "+32470120409")
    assert world.attempt(sent).outcome().status is Status.UNKNOWN
    played(world)
    forward(world, FIRST)
    ask(world)
    attempt = world.attempt(sent)
    assert attempt.outcome().status is Status.DELIVERED
    assert [(m.message_id, m.recipient) for m in attempt.tries[0].messages] == [(world.received()[0]["id"], 1)]


def test_a_message_of_another_attempt_is_never_claimed(world: Sending) -> None:
    """Two invoices to one phone with the same words: the second was never taken."""
    first = send(world, PHONE, number="1")
    world.rule(behaviour="0410")
    second = send(world, PHONE, number="2")
    played(world)
    forward(world, FIRST)
    ask(world)
    assert world.attempt(first).outcome().status is Status.DELIVERED
    assert world.attempt(second).outcome().status is Status.UNKNOWN
    assert world.attempt(second).report_ids == set()


def test_of_two_messages_to_one_phone_the_one_left_over_is_ours(world: Sending) -> None:
    first = send(world, PHONE, number="1")
    world.rule(behaviour="0409")
    second = send(world, PHONE, number="2")
    played(world, 2)
    forward(world, FIRST)
    ask(world)
    named = [world.attempt(one).tries[0].messages[0].message_id for one in (first, second)]
    assert sorted(named) == sorted(str(m["id"]) for m in world.received())
    assert world.attempt(second).outcome().status is Status.DELIVERED


def test_what_stays_open_is_asked_about_ever_more_rarely_and_not_after_25_days(
    world: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting(monkeypatch)
    begun = world.clock()
    send(world, OPEN_PHONE)
    asked_at: list[timedelta] = []
    while found := rows(world):
        world.clock.now = max(found[0][0], world.clock())
        before = len(counting.lookups)
        ask(world)
        asked_at += [world.clock() - begun] * (len(counting.lookups) - before)
    waits = [late - soon for soon, late in zip([timedelta(0), *asked_at], asked_at, strict=False)]
    assert waits[: len(WAITS)] == list(WAITS)
    assert set(waits[len(WAITS) :]) == {WAITS[-1]}
    assert ASKABLE - WAITS[-1] < asked_at[-1] <= ASKABLE
    forward(world, timedelta(days=30))
    assert ask(world) == 0


def test_an_attempt_that_was_due_while_nobody_asked_is_too_old_by_then(
    world: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting(monkeypatch)
    sent = send(world, PHONE)
    forward(world, ASKABLE + timedelta(seconds=1))
    assert ask(world) == 0
    assert (counting.lookups, rows(world)) == ([], [])
    assert world.attempt(sent).outcome().status is Status.SENT


def test_what_never_calls_back_is_asked_soon_and_for_long(world: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the buyer's last answer, which takes longer than a delivery."""
    monkeypatch.setattr(Twilio, "pull_only", True, raising=False)
    counting = Counting(monkeypatch)
    sent = send(world, PHONE)
    played(world)
    for wait in PULL_WAITS:
        forward(world, wait)
        assert ask(world) == 1
    assert world.attempt(sent).outcome().status is Status.DELIVERED
    assert len(counting.lookups) == len(PULL_WAITS)
    forward(world, timedelta(days=40))
    assert ask(world) == 1
    assert len(rows(world)) == 1


def test_only_those_recipients_are_asked_about_whose_end_is_not_known(
    world: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting(monkeypatch)
    sent = send(world, PHONE, OPEN_PHONE, "+32470121211")
    played(world)
    forward(world, FIRST)
    assert ask(world) == 1
    assert {lookup.address for lookup in counting.lookups} == {PHONE, OPEN_PHONE}, "the third was refused"
    assert world.attempt(sent).recipient_outcome(1).status is Status.DELIVERED
    forward(world, WAITS[1])
    assert ask(world) == 1
    assert [lookup.address for lookup in counting.lookups[2:]] == [OPEN_PHONE]


def test_two_reconcilers_share_the_work(world: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=5)
    alone: list[bool] = []

    def meet() -> None:
        """Each connection has one who asks: while it waits for an answer, the other finds nothing to do."""
        alone.append(OpenAttempts(world.worker.database, world.clock).take_turn() is None)

    counting = Counting(monkeypatch, meet)
    for n in range(6):
        send(world, PHONE, number=str(n))
    played(world, 6)
    forward(world, FIRST)
    asked: list[int] = []

    def run() -> None:
        both.wait()
        asked.append(ask(world))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(asked) == len(counting.lookups) == 6
    assert len({lookup.message_id for lookup in counting.lookups}) == 6
    assert all(alone)
    assert rows(world) == []


def test_the_settled_cost_no_question(world: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many: they are struck off many at a time."""
    send(world, PHONE)
    played(world)
    forward(world, FIRST)
    ask(world)
    counting = Counting(monkeypatch)
    with world.worker.database.transaction() as connection:
        connection.execute(
            "INSERT INTO work.asking (attempt_id, tenant_id, communication_id, connection_id, next_at)"
            " SELECT gen_random_uuid(), %s, gen_random_uuid(), %s, %s FROM generate_series(1, %s)",
            (world.tenant, world.sms, world.clock(), MOST + 1),
        )
    assert ask(world) == 0
    assert (counting.lookups, rows(world)) == ([], [])


def test_the_loop_asks_by_itself_and_ends_when_told(world: Sending) -> None:
    sent = send(world, PHONE)
    played(world)
    forward(world, FIRST)
    stop = threading.Event()
    loop = threading.Thread(target=Reconciler(world.worker, pace=0).run, args=(stop,))
    loop.start()
    try:
        eventually(lambda: world.attempt(sent).outcome().status is Status.DELIVERED)
    finally:
        stop.set()
        loop.join(10)
    assert not loop.is_alive()


def test_erased_recipients_are_asked_about_by_message_id_alone(world: Sending) -> None:
    sent = send(world, PHONE)
    played(world)
    with world.worker.database.transaction() as connection:
        connection.execute("UPDATE config.customer_key SET wrapped = NULL, destroyed_at = %s", (world.clock(),))
    world.worker.keys.forget()
    forward(world, FIRST)
    ask(world)
    assert world.attempt(sent).outcome().status is Status.DELIVERED
