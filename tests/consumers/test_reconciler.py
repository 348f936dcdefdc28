"""Asking for attempts that stay open, against the simulated providers, on a real database."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from adapters.providers.port import Connection, Lookup, MisconfiguredError, ProviderReport
from adapters.providers.twilio import Twilio
from consumers.dispatcher import Dispatcher
from consumers.open_attempts import LEASE, OpenAttempts
from consumers.reconciler import Reconciler
from consumers.reconciling import LONGEST_REST, MOST, REST, UNANSWERED
from domain.asking import ASKABLE, PULL_WAITS, WAITS
from domain.attempt import TryOutcome
from domain.status import Status
from domain.values import Channel
from tests.support.eventually import eventually
from tests.support.sending import Sending, sending

PHONE, SILENT_PHONE, OPEN_PHONE = "+32470120001", "+32470120404", "+32470125555"
FIRST = WAITS[0]


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Sending]:
    """Nobody takes webhooks: what is heard was asked for."""
    with sending(database_url, tmp_path) as found:
        yield found


def send(world: Sending, *addresses: str, number: str = "12345") -> tuple[UUID, str]:
    channel = Channel.EMAIL if "@" in addresses[0] else Channel.SMS
    sent = world.ask(channel, addresses, number)
    assert Dispatcher(world.worker).run_once() == 1
    return sent


def ask(world: Sending) -> int:
    return Reconciler(world.worker, pace=0).run_once()


def forward(world: Sending, by: timedelta) -> datetime:
    return world.clock.forward(seconds=by.total_seconds())


def rows(world: Sending) -> list[tuple[datetime, int]]:
    """(next_at, asked) of all open attempts."""
    with world.worker.database.transaction() as connection:
        return connection.execute("SELECT next_at, asked FROM work.asking ORDER BY next_at").fetchall()


def played(world: Sending, count: int = 1) -> None:
    """So many messages have been delivered at the provider's."""

    def look() -> bool:
        delivered = [m for m in world.received() if any(o["event"] == "delivered" for o in m["occurrences"])]
        return len(delivered) == count

    eventually(look)


class Counting:
    """Counts the questions that a provider gets, and answers them as it would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, before: Callable[[], None] = lambda: None) -> None:
        self.lookups: list[Lookup] = []
        original = Twilio.status

        def status(
            provider: Twilio, lookup: Lookup, connection: Connection, http: httpx.Client
        ) -> list[ProviderReport]:
            before()
            self.lookups.append(lookup)
            return original(provider, lookup, connection, http)

        monkeypatch.setattr(Twilio, "status", status)


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


def test_who_dies_while_asking_is_followed_by_another(world: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    class Died(BaseException):
        """As far as the code after it can tell, the process is gone."""

    def die() -> None:
        raise Died

    sent = send(world, PHONE)
    played(world)
    forward(world, FIRST)
    with monkeypatch.context() as patched:
        Counting(patched, die)
        with pytest.raises(Died):
            ask(world)
    assert ask(world) == 0, "its turn still holds"
    forward(world, LEASE)
    assert ask(world) == 1
    assert world.attempt(sent).outcome().status is Status.DELIVERED


def test_a_provider_that_does_not_answer_is_left_alone_for_a_while(
    world: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> None:
        raise httpx.ConnectError("down")

    sent = [send(world, PHONE, number=str(n)) for n in range(3)]
    played(world, 3)
    forward(world, FIRST)
    with monkeypatch.context() as patched:
        counting = Counting(patched, down)
        assert ask(world) == 1, "not every attempt has to find out"
        assert ask(world) == 0
        assert (counting.lookups, [asked for _, asked in rows(world)]) == ([], [0, 0, 0])
    forward(world, REST)
    assert ask(world) == 2
    forward(world, UNANSWERED)
    assert ask(world) == 1
    assert {world.attempt(one).outcome().status for one in sent} == {Status.DELIVERED}


def test_one_question_that_is_never_answered_does_not_hide_the_others(
    world: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones = [PHONE, "+32470120002", "+32470120003"]
    sent = send(world, *phones)
    played(world, 3)
    bad = world.attempt(sent).tries[1].messages[0].message_id
    original = Twilio.status

    def status(provider: Twilio, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
        if lookup.message_id == bad:
            raise httpx.DecodingError("not a Message resource")
        return original(provider, lookup, connection, http)

    monkeypatch.setattr(Twilio, "status", status)
    forward(world, FIRST)
    for _ in range(20):
        ask(world)
        forward(world, UNANSWERED)
    shown = [world.attempt(sent).recipient_outcome(n).status for n in (1, 2, 3)]
    assert shown == [Status.DELIVERED, Status.SENT, Status.DELIVERED]


def test_a_provider_that_names_a_time_gets_it(world: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy() -> None:
        request = httpx.Request("GET", "https://api.example")
        response = httpx.Response(429, headers={"Retry-After": "900"}, request=request)
        raise httpx.HTTPStatusError("HTTP 429", request=request, response=response)

    send(world, PHONE)
    played(world)
    forward(world, FIRST)
    with monkeypatch.context() as patched:
        Counting(patched, busy)
        ask(world)
    forward(world, timedelta(seconds=899))
    assert ask(world) == 0
    forward(world, timedelta(seconds=1))
    assert ask(world) == 1


def test_a_connection_that_lacks_something_is_looked_at_once_an_hour(
    world: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking() -> None:
        raise MisconfiguredError("secret 'auth_token' is missing")

    send(world, PHONE)
    played(world)
    forward(world, FIRST)
    with monkeypatch.context() as patched:
        Counting(patched, lacking)
        assert ask(world) == 1
    forward(world, LONGEST_REST - timedelta(seconds=1))
    assert ask(world) == 0
    forward(world, timedelta(seconds=1))
    assert ask(world) == 1


def test_a_module_that_fails_on_one_answer_stops_nobody(world: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise KeyError("not foreseen")

    send(world, PHONE)
    mail = send(world, "silent@payer.example", number="2")
    played(world, 2)
    forward(world, FIRST)
    Counting(monkeypatch, fail)
    assert ask(world) == 2
    assert world.attempt(mail).outcome().status is Status.DELIVERED


def test_a_connection_that_is_gone_is_not_asked_any_more(world: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    send(world, PHONE)
    forward(world, FIRST)
    monkeypatch.setattr(world.worker.connections, "get", lambda _: None)
    assert ask(world) == 0
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


def test_a_key_that_must_come_back_from_a_backup_holds_up_one_attempt_alone(world: Sending) -> None:
    lost, other = send(world, PHONE, number="1"), send(world, PHONE, number="2")
    played(world, 2)
    key = world.attempt(lost).order.recipients[0].address
    assert key
    with world.worker.database.transaction() as connection:
        connection.execute("SET LOCAL ROLE sendtrail_owner")
        connection.execute("DELETE FROM config.customer_key WHERE key_id = %s", (key.key,))
    world.worker.keys.forget()
    forward(world, FIRST)
    assert ask(world) == 2
    assert [world.attempt(one).outcome().status for one in (lost, other)] == [Status.SENT, Status.DELIVERED]
    assert [asked for _, asked in rows(world)] == [1], "it is asked about again"


def test_erased_recipients_are_asked_about_by_message_id_alone(world: Sending) -> None:
    sent = send(world, PHONE)
    played(world)
    with world.worker.database.transaction() as connection:
        connection.execute("UPDATE config.customer_key SET wrapped = NULL, destroyed_at = %s", (world.clock(),))
    world.worker.keys.forget()
    forward(world, FIRST)
    ask(world)
    assert world.attempt(sent).outcome().status is Status.DELIVERED
