"""The partitions of raw requests, one a day, on a real database."""

from datetime import datetime, timedelta

import pytest

from adapters.providers.port import RawRequest
from adapters.webhook_log.port import LoggedRequest
from consumers.arrivals import Arrival, Place, Understood
from consumers.keeping import Days
from tests.consumers.hooks import Hooks

PARTITIONS = (
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'work.provider_event'::regclass ORDER BY 1"
)


def understood(world: Hooks, received_at: datetime) -> Understood:
    request = RawRequest("https://sendtrail.example/hook", {}, b"[]", received_at)
    connection = world.worker.connections.get(world.connection)
    assert connection
    return Understood(Arrival(Place("postgres/0", 1, 0), LoggedRequest(world.connection, request)), connection, [])


def days_of(world: Hooks) -> list[str]:
    return [name.rpartition("_")[2] for (name,) in world.rows(PARTITIONS)]


def test_each_day_on_which_something_came_has_one(world: Hooks) -> None:
    days, now = Days(world.worker.database, world.clock), world.clock()
    days.ensure([understood(world, now - timedelta(days=9)), understood(world, now), understood(world, now)])
    assert days_of(world) == [f"{day:%Y%m%d}" for day in (now - timedelta(days=9), now)]


def test_what_was_dropped_is_made_again(world: Hooks) -> None:
    """A request that waited for long is about a day that this process has known since it was new."""
    days, late = Days(world.worker.database, world.clock), understood(world, world.clock())
    days.ensure([late])
    world.clock.forward(days=63)
    world.rows("SELECT * FROM work.drop_provider_events(now() + interval '100 years', '62 days')")
    assert days_of(world) == []
    days.ensure([late])
    assert days_of(world) == [f"{late.arrival.logged.request.received_at:%Y%m%d}"]


def test_a_day_of_late_is_asked_for_once(world: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    days, now = Days(world.worker.database, world.clock), world.clock()
    days.ensure([understood(world, now)])
    monkeypatch.setattr(world.worker.database, "transaction", lambda: pytest.fail("asked again"))
    days.ensure([understood(world, now)])
