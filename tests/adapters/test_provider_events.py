from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.provider_events import drop_old, raw_events
from tests.consumers.hooks import Hooks, add_sendgrid, hooks
from tests.support.installation import installed

TABLES = ("work.provider_event", "work.parked_report", "work.dead_letter", "work.webhook_log")
DAYS = 62


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Hooks]:
    with hooks(database_url, tmp_path) as found:
        yield found


def fill(world: Hooks) -> None:
    """A row in each table that holds raw bodies."""
    world.put([world.sent().event()], [{"event": "delivered", "sg_message_id": "nobody.filter"}], b"not json")
    world.consume()


def test_no_raw_body_lives_longer_than_its_days(world: Hooks) -> None:
    fill(world)
    world.clock.forward(days=DAYS - 1)
    drop_old(world.worker.database, world.clock, DAYS)
    assert [world.count(table) for table in TABLES] == [2, 1, 1, 3]
    world.clock.forward(days=1)
    dropped = drop_old(world.worker.database, world.clock, DAYS)
    assert dropped == {"days of raw requests": 1, "parked reports": 1, "dead letters": 1, "log records": 3}
    assert [world.count(table) for table in TABLES] == [0, 0, 0, 0]


def test_events_stay(world: Hooks) -> None:
    fill(world)
    before = world.count("events.event")
    world.clock.forward(days=400)
    drop_old(world.worker.database, world.clock, DAYS)
    assert world.count("events.event") == before


@pytest.mark.parametrize("days", [1, 7])
def test_fewer_days_may_be_asked_for_and_today_always_stays(world: Hooks, days: int) -> None:
    fill(world)
    drop_old(world.worker.database, world.clock, days)
    assert world.count("work.provider_event") == 2
    world.clock.forward(days=days)
    drop_old(world.worker.database, world.clock, days)
    assert [world.count(table) for table in TABLES] == [0, 0, 0, 0]


def test_several_processes_may_drop_at_once(world: Hooks) -> None:
    for _ in range(3):
        fill(world)
        world.clock.forward(days=1)
    world.clock.forward(days=DAYS)
    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(drop_old, world.worker.database, world.clock, DAYS) for _ in range(4)]
        dropped = [future.result() for future in running]
    assert sum(one["days of raw requests"] for one in dropped) == 3
    assert [world.count(table) for table in TABLES] == [0, 0, 0, 0]


def test_the_api_finds_its_own_tenants_requests_and_no_others(world: Hooks, database_url: str, tmp_path: Path) -> None:
    sent = world.sent()
    world.put([sent.event()], [world.sent().event()])
    world.consume()
    theirs = world.owner.tenants.add("theirs", world.clock()).id
    add_sendgrid(world.owner, theirs)
    with installed(database_url, tmp_path, "sendtrail_api", world.clock) as api:
        assert len(raw_events(api.database, world.tenant, sent.communication_id)) == 1
        assert raw_events(api.database, theirs, sent.communication_id) == []
