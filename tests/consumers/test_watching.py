"""Warnings about connections: silent, without a webhook key, paused; and when each was last heard of."""

import threading
from uuid import UUID

import pytest
from msgspec.structs import replace

from adapters.providers.port import Connection, Taken, TryLater
from adapters.providers.registry import PROVIDERS
from consumers.breaker import MOST_FAILURES, Breaker
from consumers.health import ConnectionHealth, Health, Heard
from consumers.watching import Warn, Watch, in_words, missing_key, state_of, warnings_of
from domain.values import Channel, HandedMessage
from tests.consumers.hooks import Hooks
from tests.support.eventually import eventually

TAKEN = Taken([HandedMessage("m-1")])


class Watched:
    """SendGrid's connection of a world: what it sends, what comes back, and what is said about it."""

    def __init__(self, world: Hooks) -> None:
        self.world = world
        self.clock = world.clock
        self.health = ConnectionHealth(world.worker.database, world.clock)
        found = world.worker.connections.get(world.connection)
        assert found
        self.connection = found

    def send(self) -> None:
        Breaker(self.health).heard(self.connection, TAKEN, self.clock())

    def call_back(self, body: object = b"[]") -> None:
        self.world.put(body)
        consumer = self.world.consumer()
        self.world.drain(consumer)
        consumer.chores.end()
        consumer.reader.close()

    def known(self) -> Health:
        return self.health.several([self.connection.id])[self.connection.id]

    def warnings(self) -> list[Warn]:
        return warnings_of(self.connection, self.known(), self.clock())


@pytest.fixture
def watched(world: Hooks) -> Watched:
    return Watched(world)


def test_a_connection_that_sends_and_hears_nothing_for_a_day_is_silent(watched: Watched) -> None:
    watched.send()
    watched.clock.forward(hours=23, minutes=59)
    watched.send()
    assert watched.warnings() == []
    watched.clock.forward(minutes=1)
    assert watched.warnings() == [Warn.SILENT]
    watched.call_back()
    assert watched.warnings() == []


def test_whoever_sends_rarely_is_not_silent_for_that(watched: Watched) -> None:
    watched.send()
    watched.clock.forward(minutes=1)
    watched.call_back()
    watched.clock.forward(days=40)
    assert watched.warnings() == []
    watched.send()
    assert watched.warnings() == []
    watched.clock.forward(hours=24)
    assert watched.warnings() == [Warn.SILENT]


def test_a_webhook_from_before_the_send_proves_nothing(watched: Watched) -> None:
    before = watched.clock()
    watched.clock.forward(seconds=1)
    watched.send()
    heard = Heard(watched.health)
    heard.note(watched.connection, before)
    heard.write()
    assert watched.known().waiting_since == watched.clock()


@pytest.mark.parametrize("body", [b"[]", b"not JSON"])
def test_a_webhook_counts_even_if_nobody_can_read_it(watched: Watched, body: bytes) -> None:
    watched.call_back(body)
    assert watched.known().last_webhook_at == watched.clock()


def test_webhooks_are_noted_once_a_minute_and_the_last_before_the_end(watched: Watched) -> None:
    heard = Heard(watched.health)
    first = watched.clock()
    heard.note(watched.connection, first)
    heard.write_when_due()
    for _ in range(50):
        heard.note(watched.connection, watched.clock.forward(seconds=1))
        heard.write_when_due()
    assert watched.known().last_webhook_at == first
    heard.write()
    assert watched.known().last_webhook_at == watched.clock()


def test_an_old_webhook_that_is_read_again_changes_nothing(watched: Watched) -> None:
    heard = Heard(watched.health)
    for hour in (9, 3):
        heard.note(watched.connection, watched.clock().replace(hour=hour))
        heard.write()
    assert watched.known().last_webhook_at == watched.clock().replace(hour=9)


def test_the_running_consumer_notes_who_called(watched: Watched) -> None:
    watched.world.put(b"[]")
    consumer, stop = watched.world.consumer(), threading.Event()
    loop = threading.Thread(target=consumer.run, args=(stop,))
    loop.start()
    try:
        eventually(lambda: watched.known().last_webhook_at)
    finally:
        stop.set()
        loop.join(10)


def connection(provider: str, **secrets: str) -> Connection:
    return Connection(UUID(int=1), UUID(int=2), provider, Channel.EMAIL, secrets=secrets)


@pytest.mark.parametrize("provider", ["smtp", "phoss_ap", "peppol"])
def test_who_need_not_call_is_never_silent(watched: Watched, provider: str) -> None:
    health = Health(waiting_since=watched.clock())
    key = PROVIDERS[provider].webhook_key
    given = connection(provider, **{key: "x"} if key else {})
    assert warnings_of(given, health, watched.clock.forward(days=9)) == []


def test_a_missing_webhook_key_is_named_with_its_place(watched: Watched) -> None:
    bare = replace(watched.connection, secrets={"api_key": "SG.x"})
    assert warnings_of(bare, Health(), watched.clock()) == [Warn.NO_WEBHOOK_KEY]
    said = in_words(Warn.NO_WEBHOOK_KEY, bare, Health(), watched.clock())
    assert "public_key" in said
    assert "Signed Event Webhook" in said


def test_a_key_that_is_only_for_some_is_not_missed() -> None:
    assert missing_key(PROVIDERS["ses"], connection("ses")) is None


def test_what_is_said_names_no_secret_and_fits_what_is(watched: Watched) -> None:
    for _ in range(MOST_FAILURES):
        Breaker(watched.health).heard(watched.connection, TryLater("provider_outage", "ConnectError"), watched.clock())
    health, now = watched.known(), watched.clock()
    assert warnings_of(watched.connection, health, now) == [Warn.PAUSED]
    assert state_of(health, now) == "paused until 09:01 UTC"
    said = in_words(Warn.PAUSED, watched.connection, health, now)
    assert "5 failures" in said
    assert "provider_outage" in said
    assert state_of(health, watched.clock.forward(minutes=1)) == "being tried"
    assert state_of(Health(), now) == "yes"


def test_the_watch_writes_down_what_changed(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch(watched.world.worker)
    watch.look()
    assert watched.world.count("work.connection_health") == 0
    watched.send()
    watched.clock.forward(hours=25)
    watch.look()
    assert watched.known().warnings == ("silent",)
    assert "silent" in caplog.text
    caplog.clear()
    watch.look()
    assert caplog.text == ""
    watched.call_back()
    watch.look()
    assert watched.known().warnings == ()
