"""The limit that the webhook consumer is held against: the very rows that it wrote, inserted anew.

Into the same tables, with all their indexes, 1,000 a transaction, binary arrays, one connection, durable. It leaves out
everything but the two inserts: reading the log, understanding requests, finding attempts, reading their events, version
and duplicate checks, sealing, the log's position, row-level security (it is the superuser) and waking the projector.
"""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from psycopg import Connection

from adapters.database.pool import connect
from adapters.database.queries import load
from adapters.database.session import statement

SQL = load(__file__)
_AT_ONCE = 1000


class Stored(NamedTuple):
    """The consumer's events and raw requests, in the order in which it wrote them."""

    events: list[tuple[Any, ...]]
    requests: list[tuple[Any, ...]]


def stored(url: str) -> Stored:
    with connect(url) as connection:
        cursor = connection.cursor(binary=True)
        events = cursor.execute(statement(SQL["events"])).fetchall()
        return Stored(events, cursor.execute(statement(SQL["requests"])).fetchall())


def insert_again(url: str, rows: Stored) -> float:
    """Seconds. The columns are made before: only the inserts count."""
    events, requests = list(_columns(rows.events)), list(_columns(rows.requests))
    events += [[]] * (len(requests) - len(events))
    requests += [[]] * (len(events) - len(requests))
    with connect(url, autocommit=True) as connection:
        for (day,) in {(row[0].date(),) for row in rows.requests}:
            connection.execute("SELECT work.ensure_provider_event_day(%s)", (day,))
        begun = time.perf_counter()
        for event_columns, request_columns in zip(events, requests, strict=True):
            _insert(connection, event_columns, request_columns)
        return time.perf_counter() - begun


def _insert(connection: "Connection[Any]", events: list[list[Any]], requests: list[list[Any]]) -> None:
    with connection.transaction():
        if events:
            connection.execute(statement(SQL["insert_events"]), events)
        if requests:
            connection.execute(statement(SQL["insert_requests"]), requests)


def _columns(rows: list[tuple[Any, ...]]) -> Iterator[list[list[Any]]]:
    for first in range(0, len(rows), _AT_ONCE):
        yield [list(column) for column in zip(*rows[first : first + _AT_ONCE], strict=True)]
