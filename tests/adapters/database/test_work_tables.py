from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from psycopg.errors import CheckViolation, InsufficientPrivilege

from adapters.database.pool import connect
from tests.adapters.database.rows import any_row, insert

DAY = date(2026, 3, 29)
"""When clocks in Europe go forward, which must not matter."""
PARTITIONS = (
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'work.provider_event'::regclass ORDER BY 1"
)


def ensure(url: str, day: date = DAY, timezone: str = "Europe/Rome") -> None:
    with connect(url, "sendtrail_worker") as worker:
        worker.execute("SELECT set_config('timezone', %s, false)", (timezone,))
        worker.execute("SELECT work.ensure_provider_event_day(%s)", (day,))


@pytest.mark.parametrize(
    ("moment", "fits"),
    [
        (datetime(2026, 3, 28, 23, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 29, tzinfo=UTC), True),
        (datetime(2026, 3, 29, 23, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 30, tzinfo=UTC), False),
    ],
)
def test_a_days_partition_is_a_day_in_utc_wherever_the_client_is(
    database_url: str, moment: datetime, fits: bool
) -> None:
    ensure(database_url)
    with connect(database_url, "sendtrail_worker") as worker:
        row = any_row(worker, "work.provider_event", uuid4()) | {"received_at": moment}
        if fits:
            insert(worker, "work.provider_event", row)
        else:
            with pytest.raises(CheckViolation, match="no partition"):
                insert(worker, "work.provider_event", row)


def test_many_may_need_the_same_day_at_once(database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ensure, [database_url] * 4))
    with connect(database_url) as connection:
        assert connection.execute(PARTITIONS).fetchall() == [("work.provider_event_20260329",)]


def test_a_new_day_does_not_wait_for_those_who_write_to_another(database_url: str) -> None:
    ensure(database_url)
    with connect(database_url, "sendtrail_worker") as writer, connect(database_url, "sendtrail_worker") as other:
        row = any_row(writer, "work.provider_event", uuid4()) | {"received_at": datetime(2026, 3, 29, tzinfo=UTC)}
        insert(writer, "work.provider_event", row)
        other.execute("SET lock_timeout = '1s'")
        other.execute("SELECT work.ensure_provider_event_day(%s)", (DAY + timedelta(days=1),))
        insert(writer, "work.provider_event", row | {"log_offset": 2})


def test_a_days_requests_are_dropped_once_all_of_them_are_too_old(database_url: str) -> None:
    ensure(database_url)
    ensure(database_url, DAY + timedelta(days=1))
    drop = "SELECT * FROM work.drop_provider_events(%s, '62 days')"
    end = datetime(2026, 3, 30, tzinfo=UTC) + timedelta(days=62)
    with connect(database_url, "sendtrail_worker") as worker:
        assert worker.execute(drop, (end - timedelta(seconds=1),)).fetchall() == []
        assert worker.execute(drop, (end,)).fetchall() == [("provider_event_20260329",)]
        assert worker.execute(PARTITIONS).fetchall() == [("work.provider_event_20260330",)]


def test_the_api_neither_makes_nor_drops_partitions(database_url: str) -> None:
    for call in ("work.ensure_provider_event_day('2026-03-29')", "work.drop_provider_events('2026-03-29', '0 days')"):
        with connect(database_url, "sendtrail_api") as api, pytest.raises(InsufficientPrivilege):
            api.execute(f"SELECT {call}".encode())


def test_each_webhook_partition_counts_its_own_offsets_from_zero(database_url: str) -> None:
    append = "SELECT * FROM work.append_webhooks(%s, %s, %s)"
    moment = datetime(2026, 1, 15, tzinfo=UTC)
    with connect(database_url, "sendtrail_api") as api:
        assert api.execute(append, (0, moment, [b"a", b"b"])).fetchall() == [(0,), (1,)]
        assert api.execute(append, (3, moment, [b"c"])).fetchall() == [(0,)]
        assert api.execute(append, (0, moment, [b"d"])).fetchall() == [(2,)]
    with connect(database_url, "sendtrail_worker") as worker:
        rows = worker.execute("SELECT partition_no, log_offset, frame FROM work.webhook_log ORDER BY 1, 2").fetchall()
    assert rows == [(0, 0, b"a"), (0, 1, b"b"), (0, 2, b"d"), (3, 0, b"c")]


def test_a_customer_has_one_living_key_and_a_destroyed_one_holds_nothing(database_url: str) -> None:
    with connect(database_url, "sendtrail_worker") as worker:
        row = any_row(worker, "config.customer_key", uuid4())
        insert(worker, "config.customer_key", row | {"wrapped": b"key"})
        sql = "UPDATE config.customer_key SET destroyed_at = %s"
        with pytest.raises(CheckViolation):
            worker.execute(sql, (datetime(2026, 1, 15, tzinfo=UTC),))
