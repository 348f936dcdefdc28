"""replay: all events decoded, in order, against a server-side cursor over the same rows that decodes nothing."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from adapters.database.embedded import EmbeddedServer
from adapters.database.pool import connect
from adapters.store.reader import settled_head
from adapters.store.replay import replay
from tests.bench import library, project
from tests.bench.measuring import Figure, database, measure

UNDECODED = "a cursor that decodes nothing"
TIMES = 5
"""So many times as many events as the other benches take."""


def run(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    """The library reads its own table, with its own JSON transcoder: as its documentation shows."""
    with project.filled(server, size * TIMES, unsealed=False) as (url, _):
        contenders = {
            "ours": lambda: _timed(url, _ours),
            UNDECODED: lambda: _timed(url, _undecoded),
            "eventsourcing's recorder and mapper": lambda: _library(server, size),
        }
        return measure("replay", "events/s", contenders, UNDECODED, rounds)


def _timed(url: str, read: Callable[[Any], int]) -> float:
    with connect(url, "sendtrail_worker", autocommit=True) as connection:
        begun = time.perf_counter()
        count = read(connection)
        return count / (time.perf_counter() - begun)


def _ours(connection: Any) -> int:
    (last,) = deque(replay(connection, settled_head(connection)), maxlen=1)
    return int(last.position)


def _undecoded(connection: Any) -> int:
    sql = """SELECT notification_id, tenant_id, originator_id, originator_version, topic, state FROM events.event
             ORDER BY notification_id"""
    with connection.transaction(), connection.cursor("undecoded", binary=True) as cursor:
        cursor.itersize = 5000
        (last,) = deque(cursor.execute(sql), maxlen=1)
    return int(last[0])


def _library(server: EmbeddedServer, size: int) -> float:
    with database(server) as url, library.application(url) as application:
        for number in range(size // 6):
            application.save(library.delivered_invoice(number))
        begun = time.perf_counter()
        start, count = 1, 0
        while found := application.recorder.select_notifications(start=start, limit=1000):
            for notification in found:
                application.mapper.to_domain_event(notification)
            start, count = int(found[-1].id) + 1, count + len(found)
        return count / (time.perf_counter() - begun)
