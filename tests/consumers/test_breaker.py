"""The circuit breaker of a connection, on a real database that several processes share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.providers.port import Answer, Connection, Refused, Taken, TryLater, Unknown
from consumers import breaker
from consumers.breaker import AGAIN, FIRST_PAUSE, LONGEST_PAUSE, MOST_FAILURES, PROBE, SPREAD, Breaker
from consumers.dispatcher import Dispatcher
from consumers.health import ConnectionHealth, Health
from domain.attempt import TryOutcome
from domain.status import Status
from domain.values import Channel, HandedMessage
from tests.consumers.hooks import Hooks
from tests.support.sending import Sending, sending

OUTAGE = TryLater("provider_outage", "ConnectError")
TAKEN = Taken([HandedMessage("m-1")])


class Process:
    """One process's view of a connection."""

    def __init__(self, world: Hooks) -> None:
        self.clock = world.clock
        self.health = ConnectionHealth(world.worker.database, world.clock)
        self.breaker = Breaker(self.health)
        found = world.worker.connections.get(world.connection)
        assert found
        self.connection: Connection = found

    def hear(self, *answers: Answer) -> None:
        for answer in answers:
            self.breaker.heard(self.connection, answer, self.clock())

    def may_send(self) -> bool:
        self.health.of.forget()
        return self.breaker.blocked_until(self.connection) is None

    def known(self) -> Health:
        return self.health.several([self.connection.id])[self.connection.id]


@pytest.fixture
def one(world: Hooks) -> Process:
    return Process(world)


@pytest.fixture
def other(world: Hooks) -> Process:
    return Process(world)


@pytest.mark.parametrize("answer", [OUTAGE, Unknown("ReadTimeout"), Refused("authentication", "HTTP 401")])
def test_failures_in_a_row_over_all_processes_open_it(one: Process, other: Process, answer: Answer) -> None:
    for n in range(MOST_FAILURES):
        assert one.may_send()
        assert other.may_send()
        (one, other)[n % 2].hear(answer)
    assert not one.may_send()
    assert not other.may_send()
    assert one.known().open_until == one.clock() + FIRST_PAUSE


@pytest.mark.parametrize("answer", [TAKEN, Refused("validation", "HTTP 400"), TryLater("rate_limited", "HTTP 429")])
def test_whatever_shows_that_the_provider_works_ends_the_row(one: Process, other: Process, answer: Answer) -> None:
    one.hear(*[OUTAGE] * (MOST_FAILURES - 1))
    other.hear(answer)
    one.hear(*[OUTAGE] * (MOST_FAILURES - 1))
    assert one.may_send()
    one.hear(OUTAGE)
    assert not one.may_send()


def test_what_never_reached_the_provider_says_nothing_about_it(one: Process) -> None:
    one.hear(*[OUTAGE] * (MOST_FAILURES - 1))
    one.hear(*[Refused("misconfigured", "setting", Status.FAILED)] * MOST_FAILURES)
    assert one.known().failures == MOST_FAILURES - 1
    one.hear(OUTAGE)
    assert not one.may_send()


def test_after_the_pause_one_attempt_alone_tries_it(one: Process, other: Process) -> None:
    one.hear(*[OUTAGE] * MOST_FAILURES)
    one.clock.forward(seconds=FIRST_PAUSE.total_seconds() - 1)
    assert not one.may_send()
    one.clock.forward(seconds=1)
    assert one.may_send()
    assert not other.may_send()
    assert not one.may_send()
    one.hear(TAKEN)
    assert other.may_send()
    assert (one.known().failures, one.known().openings) == (0, 0)


def test_those_who_wait_for_a_probe_look_again_soon(one: Process, other: Process) -> None:
    one.hear(*[OUTAGE] * MOST_FAILURES)
    one.clock.forward(seconds=FIRST_PAUSE.total_seconds())
    assert one.may_send()
    due = other.breaker.blocked_until(other.connection)
    assert due is not None
    assert one.clock() < due <= one.clock() + AGAIN + SPREAD


def test_a_probe_that_fails_pauses_it_for_longer_up_to_a_bound(one: Process) -> None:
    one.hear(*[OUTAGE] * MOST_FAILURES)
    pauses = []
    for _ in range(8):
        until = one.known().open_until
        assert until is not None
        pauses.append(until - one.clock())
        one.clock.now = until
        assert one.may_send()
        one.hear(OUTAGE)
    assert pauses == sorted(pauses)
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE


def test_calls_that_were_under_way_do_not_make_the_pause_longer(one: Process) -> None:
    one.hear(*[OUTAGE] * (MOST_FAILURES + 6))
    assert one.known().open_until == one.clock() + FIRST_PAUSE
    assert one.known().openings == 1


def test_a_probe_whose_process_died_is_made_by_another(one: Process, other: Process) -> None:
    one.hear(*[OUTAGE] * MOST_FAILURES)
    one.clock.forward(seconds=FIRST_PAUSE.total_seconds())
    assert one.may_send()
    one.clock.forward(seconds=PROBE.total_seconds() - 1)
    assert not other.may_send()
    one.clock.forward(seconds=1)
    assert other.may_send()


def test_that_all_is_well_is_not_written_for_every_send(one: Process) -> None:
    one.hear(TAKEN)
    first = one.known()
    one.clock.forward(seconds=30)
    one.hear(TAKEN, TAKEN)
    assert one.known() == first
    one.clock.forward(seconds=30)
    one.hear(TAKEN)
    assert one.known() == first._replace(last_ok_at=one.clock())


@pytest.fixture
def mailing(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sending]:
    # One process, one after the other: it sees its own notes at once, and those who wait come back on the second.
    monkeypatch.setattr(breaker, "SPREAD", 0 * SPREAD)
    with sending(database_url, tmp_path) as found:
        yield found


def statuses(world: Sending, sent: list[tuple[object, str]]) -> list[str]:
    return [str(world.attempt(one).outcome().status) for one in sent]  # type: ignore[arg-type]


def test_attempts_wait_without_a_try_while_the_provider_is_away_and_go_out_once_it_is_back(mailing: Sending) -> None:
    mailing.rule(behaviour="outage")
    sent = [mailing.ask(Channel.EMAIL, ["ap@payer.example"], str(n)) for n in range(MOST_FAILURES + 3)]
    dispatcher = Dispatcher(mailing.worker)
    dispatcher.run_once()
    assert statuses(mailing, list(sent)) == ["unknown"] * MOST_FAILURES + ["queued"] * 3
    assert [len(mailing.attempt(one).tries) for one in sent[MOST_FAILURES:]] == [0, 0, 0]
    assert dispatcher.run_once() == 0, "they wait in the queue, and nobody holds them"
    mailing.clock.forward(seconds=FIRST_PAUSE.total_seconds())
    dispatcher.run_once()
    assert sorted(statuses(mailing, list(sent[MOST_FAILURES:]))) == ["queued", "queued", "unknown"]
    mailing.stop_rule()
    mailing.clock.forward(seconds=2 * FIRST_PAUSE.total_seconds())
    dispatcher.run_once()
    assert sorted(statuses(mailing, list(sent[MOST_FAILURES:]))) == ["sent", "sent", "unknown"]


def test_other_connections_go_on(mailing: Sending) -> None:
    mailing.rule(behaviour="outage", provider="sendgrid")
    mails = [mailing.ask(Channel.EMAIL, ["ap@payer.example"], str(n)) for n in range(MOST_FAILURES + 1)]
    text = mailing.ask(Channel.SMS, ["+32470120001"], "sms")
    Dispatcher(mailing.worker).run_once()
    assert mailing.attempt(mails[-1]).tries == []
    assert mailing.attempt(text).outcome().status is Status.SENT


def test_one_attempt_to_many_stops_in_the_middle(mailing: Sending) -> None:
    """Phones take a call each: those not called yet wait for the provider to be back."""
    mailing.rule(behaviour="0500")
    numbers = [f"+3247012{n:04d}" for n in range(MOST_FAILURES + 2)]
    sent = mailing.ask(Channel.SMS, numbers)
    dispatcher = Dispatcher(mailing.worker)
    dispatcher.run_once()
    assert [t.outcome for t in mailing.attempt(sent).tries] == [TryOutcome.UNKNOWN] * MOST_FAILURES
    mailing.stop_rule()
    mailing.clock.forward(seconds=FIRST_PAUSE.total_seconds())
    dispatcher.run_once()
    assert [t.outcome for t in mailing.attempt(sent).tries[MOST_FAILURES:]] == [TryOutcome.HANDED_OVER] * 2
    assert len(mailing.received()) == 2
