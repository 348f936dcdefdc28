"""The overview and the log: pages by keyset, newest first, and how many there are in each status group."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncCursor

from domain.status import Group
from projections.overview import NEVER_SENT
from projections.queries.filters import FLAGS, Condition, Filters, hiding, narrowing
from projections.sql import load

SQL = load(__file__)
Cursor = AsyncCursor[tuple[Any, ...]]


class List(NamedTuple):
    """A read model that is listed. `searched` is its view for searches, where an index of trigrams is of use."""

    table: str
    searched: str
    sorted_by: str
    id: str


OVERVIEW = List("read.communication", "read.communication_of_tenant", "sorted_at", "communication_id")
LOG = List("read.attempt", "read.attempt_of_tenant", "created_at", "attempt_id")

COUNTED = (Group.FAILED, Group.NOT_SENT, Group.IN_PROGRESS, Group.COMPLETED)


class Place(NamedTuple):
    """A row's place in its list."""

    at: datetime
    id: UUID


class Page(NamedTuple):
    """JSON texts, newest first; `last` is the place of the last one, None where nothing follows."""

    docs: list[str]
    last: Place | None


class Query(NamedTuple):
    sql: str
    values: dict[str, Any]


async def page(cursor: Cursor, of: List, filters: Filters, after: Place | None, limit: int) -> Page:
    """The first `limit` rows behind `after`."""
    rows = await _all(cursor, page_query(of, filters, after, limit))
    docs = [doc for _, _, doc in rows[:limit]]
    return Page(docs, Place(*rows[limit - 1][:2]) if len(rows) > limit else None)


async def counts(cursor: Cursor, of: List, filters: Filters) -> dict[str, int]:
    """The number per status group and of `all`, which is the length of the whole list with these filters."""
    found: dict[str, int] = dict(await _all(cursor, counts_query(of, filters)))
    total = sum(found.values())
    found[Group.NOT_SENT] = found.get(Group.NOT_SENT, 0) + found.pop(NEVER_SENT, 0)
    return {**{group.value: found.get(group.value, 0) for group in COUNTED}, "all": total}


async def _all(cursor: Cursor, query: Query) -> list[tuple[Any, ...]]:
    """Never prepared, so that each is planned for its own values: rare ones by an index, common ones down the list."""
    return await (await cursor.execute(query.sql, query.values, prepare=False)).fetchall()


def page_query(of: List, filters: Filters, after: Place | None, limit: int) -> Query:
    """One row more than asked for tells whether there is more."""
    narrowed = list(narrowing(filters))
    if after:
        narrowed.append((SQL["after"], {"after_at": after.at, "after_id": after.id}))
    narrowed.append(("", {"rows": limit + 1}))
    if not any(getattr(filters, flag) for flag in FLAGS):
        return _query("page", of, filters, narrowed, shown=hiding(filters))
    return _query(
        "page_of_two", of, filters, narrowed, shown=hiding(Filters()), hidden=[SQL["hidden"], *hiding(filters)]
    )


def counts_query(of: List, filters: Filters) -> Query:
    return _query("counts", of, filters, list(narrowing(filters)), shown=hiding(filters))


def _query(name: str, of: List, filters: Filters, narrowed: Sequence[Condition], **visible: Sequence[str]) -> Query:
    """Put together from the pieces of our own .sql files; values are only ever parameters."""
    asked = [sql for sql, _ in narrowed if sql]
    pieces = {place: " AND ".join([*seen, *asked]) or "true" for place, seen in visible.items()}
    pieces |= {"source": of.searched if filters.q else of.table, "sorted_by": of.sorted_by, "id": of.id}
    sql = SQL[name]
    # The conditions come first: they have places of their own.
    for place, piece in pieces.items():
        sql = sql.replace(f"{{{place}}}", piece)
    return Query(sql, {name: value for _, values in narrowed for name, value in values.items()})
