"""The reader never passes a place that somebody may still fill, and waits for nobody else."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import Connection, OperationalError

from adapters.database.pool import connect
from adapters.store.reader import EVENTS_LOCK, GapSafeReader, Row
from tests.support.eventually import eventually

TENANT = uuid4()
WRITERS, WRITES = 16, 60


@pytest.fixture
def reading(database_url: str) -> Iterator[Connection[Any]]:
    with connect(database_url, "sendtrail_worker", autocommit=True) as connection:
        yield connection


def events_after(connection: Connection[Any], after: int, limit: int) -> list[Row]:
    sql = """SELECT notification_id, tenant_id, originator_id, originator_version, topic, state FROM events.event
             WHERE notification_id > %s ORDER BY notification_id LIMIT %s"""
    return connection.cursor(binary=True).execute(sql, (after, limit)).fetchall()


@pytest.fixture
def reader() -> GapSafeReader:
    return GapSafeReader(events_after, EVENTS_LOCK, 0)


@contextmanager
def writing(url: str) -> Iterator[Connection[Any]]:
    """A writer in a transaction that nobody ends by himself."""
    connection = connect(url, "sendtrail_worker")
    try:
        yield connection
    finally:
        connection.close()


def append(connection: Connection[Any], count: int = 1, stream: UUID | None = None) -> list[int]:
    """New events of one stream; their positions."""
    columns = ([TENANT] * count, [stream or uuid4()] * count, list(range(1, count + 1)), ["T"] * count, [b"{}"] * count)
    sql = "SELECT * FROM events.append(%b::uuid[], %b::uuid[], %b::int8[], %b::text[], %b::bytea[])"
    return [row[0] for row in connection.execute(sql, columns).fetchall()]


def positions(reader: GapSafeReader, reading: Connection[Any], limit: int = 100) -> list[int]:
    return [row[0] for row in reader.read(reading, limit)]


def test_rows_come_in_order_up_to_the_limit(database_url: str, reader: GapSafeReader, reading: Connection[Any]) -> None:
    stream = uuid4()
    with writing(database_url) as writer:
        append(writer, 3, stream)
        writer.commit()
    assert reader.read(reading, 2) == [
        (1, TENANT, stream, 1, "T", b"{}"),
        (2, TENANT, stream, 2, "T", b"{}"),
    ]
    assert (positions(reader, reading), positions(reader, reading), reader.position) == ([3], [], 3)


def test_it_waits_for_an_open_writer_and_shows_what_is_before(
    database_url: str, reader: GapSafeReader, reading: Connection[Any]
) -> None:
    with writing(database_url) as slow, writing(database_url) as quick:
        append(quick)
        quick.commit()
        append(slow)
        append(quick, 2)
        quick.commit()
        assert positions(reader, reading) == [1]
        assert positions(reader, reading) == []
        slow.commit()
        assert positions(reader, reading) == [2, 3, 4]


def test_a_gap_is_dead_when_its_writer_rolled_back(
    database_url: str, reader: GapSafeReader, reading: Connection[Any]
) -> None:
    with writing(database_url) as slow, writing(database_url) as quick:
        append(slow)
        append(quick)
        quick.commit()
        assert positions(reader, reading) == []
        slow.rollback()
        assert positions(reader, reading) == [2]


def test_a_gap_is_dead_when_its_writer_was_killed(
    database_url: str, reader: GapSafeReader, reading: Connection[Any]
) -> None:
    with writing(database_url) as doomed, writing(database_url) as quick:
        append(doomed, 5)
        append(quick)
        quick.commit()
        assert positions(reader, reading) == []
        with connect(database_url, autocommit=True) as killer:
            killer.execute("SELECT pg_terminate_backend(%s)", (doomed.info.backend_pid,))
        assert eventually(lambda: positions(reader, reading)) == [6]
        with pytest.raises(OperationalError):
            doomed.commit()


def test_a_later_writer_does_not_hold_up_a_gap_that_is_dead(
    database_url: str, reader: GapSafeReader, reading: Connection[Any]
) -> None:
    """The gap at 1 waits for those who were there when it was seen, not for everyone who came since."""
    with writing(database_url) as first, writing(database_url) as quick, writing(database_url) as later:
        append(first)
        append(quick)
        quick.commit()
        assert positions(reader, reading) == []
        append(later)
        first.rollback()
        assert positions(reader, reading) == [2]
        append(quick)
        quick.commit()
        assert positions(reader, reading) == []
        later.commit()
        assert positions(reader, reading) == [3, 4]


def test_foreign_transactions_hold_up_nothing(
    database_url: str, reader: GapSafeReader, reading: Connection[Any]
) -> None:
    """A long transaction that appends nothing, whatever else it writes or locks."""
    with writing(database_url) as foreign, writing(database_url) as writer:
        foreign.execute("INSERT INTO read.checkpoint VALUES ('foreign', 0)")
        foreign.execute("SELECT pg_advisory_xact_lock_shared(7263, 0), pg_advisory_xact_lock(1, 7262)")
        append(writer)
        writer.rollback()
        append(writer)
        writer.commit()
        assert positions(reader, reading) == [2]


def test_a_gap_behind_the_last_row_is_not_a_row_yet(
    database_url: str, reader: GapSafeReader, reading: Connection[Any]
) -> None:
    with writing(database_url) as slow, writing(database_url) as quick:
        append(quick)
        append(slow)
        quick.commit()
        assert (positions(reader, reading), positions(reader, reading)) == ([1], [])
        slow.commit()
        assert positions(reader, reading) == [2]


def test_nothing_is_missed_under_many_writers_of_whom_some_fail(
    database_url: str, reader: GapSafeReader, reading: Connection[Any]
) -> None:
    """Sixteen threads append, roll back, or are killed in the middle; a reader follows them all the time."""
    stop = threading.Event()
    seen: list[int] = []

    def look() -> bool:
        found = positions(reader, reading, 50)
        seen.extend(found)
        return bool(found)

    def follow() -> None:
        while not stop.is_set():
            look()
        while look():
            pass

    with ThreadPoolExecutor(WRITERS + 1) as threads:
        following = threads.submit(follow)
        written = list(threads.map(lambda seed: _write(database_url, seed), range(WRITERS)))
        stop.set()
        following.result(60)
    committed = sorted(position for one in written for position in one)
    assert len(committed) > WRITERS * WRITES / 2
    assert committed[-1] > len(committed), "there were no gaps to be careful about"
    assert seen == committed


def _write(url: str, seed: int) -> list[int]:
    """The positions that were committed. A kill is one of the writer's own session, from another."""
    choice = random.Random(seed)
    committed: list[int] = []
    connection = connect(url, "sendtrail_worker")
    for _ in range(WRITES):
        made = append(connection, choice.randint(1, 4))
        fate = choice.random()
        if fate < 0.02:
            connection = _killed(url, connection)
        elif fate < 0.2:
            connection.rollback()
        else:
            connection.commit()
            committed += made
    connection.close()
    return committed


def _killed(url: str, connection: Connection[Any]) -> Connection[Any]:
    with connect(url, autocommit=True) as killer:
        killer.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
    with pytest.raises(OperationalError):
        eventually(lambda: connection.execute("SELECT FROM events.event LIMIT 0") is None)
    connection.close()
    return connect(url, "sendtrail_worker")
