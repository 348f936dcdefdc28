"""The limit that the webhook consumer is held against: the very rows that it wrote, inserted anew.

Into the same tables, with all their indexes, 1,000 a transaction, one connection, durable. The arrays are made before,
in PostgreSQL's binary form: only what PostgreSQL does counts. It leaves out everything but the two inserts: reading the
log, understanding requests, finding attempts, reading their events, version and duplicate checks, sealing, the log's
position, row-level security (it is the superuser) and waking the projector.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from psycopg import Connection

from adapters.database import arrays
from adapters.database.arrays import Column
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
    """Raises ValueError where there are no raw requests: old ones are dropped by the consumer itself."""
    with connect(url) as connection:
        cursor = connection.cursor(binary=True)
        events = cursor.execute(statement(SQL["events"])).fetchall()
        requests = cursor.execute(statement(SQL["requests"])).fetchall()
    if not requests:
        raise ValueError("the raw requests are gone")
    return Stored(events, requests)


def insert_again(url: str, rows: Stored) -> float:
    """Seconds."""
    events, requests = list(_columns(_EVENT, rows.events)), list(_columns(_REQUEST, rows.requests))
    batches = list(zip_longest(events, requests))
    with connect(url, autocommit=True) as connection:
        for (day,) in {(row[0].date(),) for row in rows.requests}:
            connection.execute("SELECT work.ensure_provider_event_day(%s)", (day,))
        begun = time.perf_counter()
        for event_columns, request_columns in batches:
            _insert(connection, event_columns, request_columns)
        return time.perf_counter() - begun


def _insert(connection: "Connection[Any]", events: list[Column] | None, requests: list[Column] | None) -> None:
    with connection.transaction():
        if events:
            connection.execute(statement(SQL["insert_events"]), events)
        if requests:
            connection.execute(statement(SQL["insert_requests"]), requests)


_EVENT = (arrays.uuids, arrays.uuids, arrays.bigints, arrays.texts, arrays.byteas)
_REQUEST = (
    arrays.moments, arrays.texts, arrays.bigints, arrays.integers_or_null, arrays.uuids, arrays.uuids, arrays.texts,
    arrays.texts, arrays.texts, arrays.byteas, arrays.texts,
)  # fmt: skip


def _columns(kinds: Sequence[Callable[[Any], Column]], rows: list[tuple[Any, ...]]) -> Iterator[list[Column]]:
    for first in range(0, len(rows), _AT_ONCE):
        columns = zip(*rows[first : first + _AT_ONCE], strict=True)
        yield [make(values) for make, values in zip(kinds, columns, strict=True)]
