"""Asking where providers, connections, modules or keys fail, on a real database."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from adapters.providers.port import Connection, Lookup, MisconfiguredError, ProviderReport
from adapters.providers.twilio import Twilio
from consumers.open_attempts import LEASE
from consumers.reconciling import LONGEST_REST, REST, UNANSWERED
from domain.status import Status
from tests.consumers.questions import FIRST, PHONE, Counting, ask, forward, played, rows, send
from tests.support.sending import Sending, sending


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Sending]:
    """Nobody takes webhooks: what is heard was asked for."""
    with sending(database_url, tmp_path) as found:
        yield found


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
