"""All events in the order in which they were recorded, for whoever audits: as stored, or as what they mean."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from adapters.database.queries import load
from adapters.database.session import statement
from adapters.store.mapper import EventMapper
from adapters.store.reader import Row

SQL = load(__file__)
PAGE = 2000
"""Events in memory. By pages and not by a cursor, which would hold one snapshot for as long as its reader takes."""


class Replayed(NamedTuple):
    position: int
    tenant_id: UUID
    event: Any


def replay(
    connection: "Connection[Any]", until: int, *, after: int = 0, tenant: UUID | None = None
) -> Iterator[Replayed]:
    """Decoded. Raises MapperDeserialisationError, TopicError for an event that this release does not know."""
    read = EventMapper.read
    for page in _pages(connection, until, after, tenant):
        for position, whose, originator, version, topic, state in page:
            yield Replayed(position, whose, read(originator, version, topic, state))


def stored(connection: "Connection[Any]", until: int, *, after: int = 0, tenant: UUID | None = None) -> Iterator[Row]:
    """(position, tenant, aggregate, version, topic, state) of each. `connection` is in autocommit.

    `until` is a position that nothing can come below any more: `adapters.store.reader.settled_head`.
    """
    for page in _pages(connection, until, after, tenant):
        yield from page


def _pages(connection: "Connection[Any]", until: int, after: int, tenant: UUID | None) -> Iterator[list[Row]]:
    cursor = connection.cursor(binary=True)
    sql = statement(SQL["events_of" if tenant else "events"])
    while rows := cursor.execute(sql, {"after": after, "until": until, "tenant": tenant, "page": PAGE}).fetchall():
        yield rows
        after = rows[-1][0]
