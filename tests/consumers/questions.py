"""Attempts that stay open, and who is asked about them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest

from adapters.providers.port import Connection, Lookup, ProviderReport
from adapters.providers.twilio import Twilio
from consumers.dispatcher import Dispatcher
from consumers.reconciler import Reconciler
from domain.asking import WAITS
from domain.values import Channel
from tests.support.eventually import eventually
from tests.support.sending import Sending

PHONE, OPEN_PHONE = "+32470120001", "+32470125555"
FIRST = WAITS[0]


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
