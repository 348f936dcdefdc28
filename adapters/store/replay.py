"""All events in the order in which they were recorded, for whoever audits: as stored, or as what they mean."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import convert
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
        ids = _Ids()
        for position, whose, originator, version, topic, state in page:
            yield Replayed(position, ids[whose], read(ids[originator], version, topic, state))


def stored(connection: "Connection[Any]", until: int, *, after: int = 0, tenant: UUID | None = None) -> Iterator[Row]:
    """(position, tenant, aggregate, version, topic, state) of each. `connection` is in autocommit.

    `until` is a position that nothing can come below any more: `adapters.store.reader.settled_head`.
    """
    for page in _pages(connection, until, after, tenant):
        ids = _Ids()
        for position, whose, originator, *rest in page:
            yield position, ids[whose], ids[originator], *rest


class _Ids(dict[bytes, UUID]):
    """Of one page: an event seldom stands alone, and psycopg takes 1 us to make each id."""

    def __missing__(self, raw: bytes) -> UUID:
        made = self[raw] = convert(raw, UUID)
        return made


def _pages(connection: "Connection[Any]", until: int, after: int, tenant: UUID | None) -> Iterator[list[Row]]:
    cursor = connection.cursor(binary=True)
    sql = statement(SQL["events_of" if tenant else "events"])
    while rows := cursor.execute(sql, {"after": after, "until": until, "tenant": tenant, "page": PAGE}).fetchall():
        yield rows
        after = rows[-1][0]
