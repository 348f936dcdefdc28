"""What the log in PostgreSQL promises beyond the contract."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import UUID

import pytest
from psycopg import errors
from psycopg_pool import ConnectionPool

from adapters.database.pool import connect
from adapters.database.session import Database
from adapters.provider_events import drop_old
from adapters.webhook_log.frames import encode_frame, partition_of
from adapters.webhook_log.postgres import CHANNEL, PARTITIONS, PostgresLog
from adapters.webhook_log.postgres_reader import PostgresReader
from tests.adapters.webhook_log.logs import Reading, Stand, request
from tests.support.database import Server
from tests.support.eventually import eventually
from tests.support.installation import START, TestClock
from tests.support.webhook_log import put

CONNECTION = UUID(int=1)
APPEND = "SELECT * FROM work.append_webhooks(%s::smallint, %s, %s::bytea[])"


def frame(body: bytes) -> bytes:
    return encode_frame([request(body, CONNECTION)])


@pytest.fixture
def log(worker_pool: "ConnectionPool[Any]") -> Iterator[PostgresLog]:
    with closing(PostgresLog(worker_pool, TestClock())) as made:
        yield made


@pytest.fixture
def reading(database_url: str) -> Iterator[Reading]:
    reader = PostgresReader(database_url, Stand())
    yield Reading(reader)
    reader.close()


@pytest.mark.parametrize("commits", [True, False])
def test_never_passes_a_slower_append(log: PostgresLog, reading: Reading, database_url: str, commits: bool) -> None:
    part = partition_of(CONNECTION, PARTITIONS)
    put(log, [request(b"before", CONNECTION)])
    with connect(database_url, "sendtrail_api") as slow:
        slow.execute(APPEND, (part, START, [frame(b"slow")]))
        put(log, [request(b"after", CONNECTION)])
        assert reading.until(1) == [b"before"]
        if commits:
            slow.commit()
        else:
            slow.rollback()
        assert reading.until(3 if commits else 2) == [b"before", *([b"slow"] if commits else []), b"after"]


def test_somebody_elses_long_transaction_holds_nothing_up(
    log: PostgresLog, reading: Reading, database_url: str
) -> None:
    with connect(database_url, "sendtrail_worker") as other:
        other.execute("UPDATE events.tracking SET position = position")
        with pytest.raises(errors.NotNullViolation), connect(database_url, "sendtrail_worker") as failing:
            failing.execute(APPEND, (partition_of(CONNECTION, PARTITIONS), START, [None]))
        put(log, [request(b"behind a hole", CONNECTION)])
        assert reading.until(1) == [b"behind a hole"]


def test_a_waiting_reader_is_woken(log: PostgresLog, reading: Reading, database_url: str) -> None:
    reading.poll()
    with connect(database_url, autocommit=True) as watcher:
        watcher.execute("LISTEN sendtrail_webhook")
        threading.Thread(target=put, args=(log, [request(b"x")])).start()
        assert list(watcher.notifies(timeout=10, stop_after=1))
    assert reading.until(1) == [b"x"]


def test_a_reader_whose_session_was_killed_comes_back(log: PostgresLog, server: Server, database_url: str) -> None:
    stand = Stand()
    reading = Reading(PostgresReader(database_url, stand), stand)
    put(log, [request(b"first", CONNECTION)])
    reading.until(1)
    database = database_url.rpartition("/")[2].partition("?")[0]
    with connect(server.superuser_url(database), autocommit=True) as admin:
        killed = admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'sendtrail webhooks' AND datname = current_database()"
        ).fetchall()
    assert killed == [(True,)]
    put(log, [request(b"second", CONNECTION)])
    with pytest.raises(Exception, match="could not be read"):
        reading.poll()
    assert reading.reader.assigned() == set()
    assert reading.until(2) == [b"first", b"second"]
    reading.reader.close()


def test_takes_over_the_share_of_a_reader_that_ended(database_url: str) -> None:
    one, other = PostgresReader(database_url, Stand()), PostgresReader(database_url, Stand())

    def shared() -> bool:
        one.poll(0, 1)
        other.poll(0, 1)
        return len(one.assigned()) == len(other.assigned()) == PARTITIONS // 2

    eventually(shared)
    one.close()
    eventually(lambda: other.poll(0, 1) == {} and len(other.assigned()) == PARTITIONS)
    other.close()


def test_one_poll_is_bounded_in_bytes(log: PostgresLog, reading: Reading) -> None:
    for n in range(10):
        put(log, [request(bytes([n]) * 1024 * 1024, CONNECTION) for _ in range(2)])
    (batch,) = reading.reader.poll(5, 500).values()
    assert 1 <= len(batch.records) < 10


def test_a_first_reader_begins_behind_what_was_deleted(worker_pool: "ConnectionPool[Any]", reading: Reading) -> None:
    clock = TestClock()
    with closing(PostgresLog(worker_pool, clock)) as log:
        put(log, [request(b"old", CONNECTION)])
        clock.forward(days=62)
        put(log, [request(b"new", CONNECTION)])
    assert drop_old(Database(worker_pool, per_tenant=False), clock, 62)["log records"] == 1
    assert reading.until(1) == [b"new"]


@pytest.mark.parametrize("statement", ["SELECT * FROM work.webhook_log", "DELETE FROM work.webhook_log"])
def test_the_api_can_append_and_nothing_else(api_pool: "ConnectionPool[Any]", statement: str) -> None:
    with closing(PostgresLog(api_pool, TestClock())) as log:
        put(log, [request(b"x")])
    with pytest.raises(errors.InsufficientPrivilege), api_pool.connection() as connection:
        connection.execute(statement.encode())


def test_of_many_appends_at_once_few_wake_and_the_last_one_does(
    database_url: str, worker_pool: "ConnectionPool[Any]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wake-up costs as much as an append, and who was woken reads all that is there."""
    monkeypatch.setattr("adapters.webhook_log.postgres._AWAKE", 3600.0)

    async def all_at_once(log: PostgresLog) -> None:
        await log.append([request(b"first", CONNECTION)])
        await asyncio.gather(*(log.append([request(b"%d" % n, CONNECTION)]) for n in range(40)))

    with closing(PostgresLog(worker_pool, TestClock())) as log, connect(database_url, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}".encode())
        asyncio.run(all_at_once(log))
        assert len(list(listener.notifies(timeout=0.5))) == 2


def test_each_of_appends_one_after_another_wakes(database_url: str, worker_pool: "ConnectionPool[Any]") -> None:
    with closing(PostgresLog(worker_pool, TestClock())) as log, connect(database_url, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}".encode())
        for n in range(5):
            put(log, [request(b"%d" % n, CONNECTION)])
        assert len(list(listener.notifies(timeout=5, stop_after=5))) == 5
