"""The overview and the log: pages by keyset, newest first, and how many there are in each status group."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncCursor

from domain.status import Group
from projections.overview import NEVER_SENT
from projections.queries.filters import Filters, conditions
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
    rows = await (await cursor.execute(*page_query(of, filters, after, limit))).fetchall()
    docs = [doc for _, _, doc in rows[:limit]]
    return Page(docs, Place(*rows[limit - 1][:2]) if len(rows) > limit else None)


async def counts(cursor: Cursor, of: List, filters: Filters) -> dict[str, int]:
    """The number per status group and of `all`, which is the length of the whole list with these filters."""
    found: dict[str, int] = dict(await (await cursor.execute(*counts_query(of, filters))).fetchall())
    total = sum(found.values())
    found[Group.NOT_SENT] = found.get(Group.NOT_SENT, 0) + found.pop(NEVER_SENT, 0)
    return {**{group.value: found.get(group.value, 0) for group in COUNTED}, "all": total}


def page_query(of: List, filters: Filters, after: Place | None, limit: int) -> Query:
    """One row more than asked for tells whether there is more."""
    query = _query("page", of, filters, "after" if after else None)
    place = {"after_at": after.at, "after_id": after.id} if after else {}
    return Query(query.sql, query.values | place | {"rows": limit + 1})


def counts_query(of: List, filters: Filters) -> Query:
    return _query("counts", of, filters)


def _query(name: str, of: List, filters: Filters, further: str | None = None) -> Query:
    """Put together from the pieces of our own .sql files; values are only ever parameters."""
    given = list(conditions(filters))
    pieces = [SQL[further]] if further else []
    where = " AND ".join([*pieces, *(sql for sql, _ in given)]) or "true"
    source = of.searched if filters.q else of.table
    sql = SQL[name].replace("{conditions}", where).replace("{source}", source)
    sql = sql.replace("{sorted_by}", of.sorted_by).replace("{id}", of.id)
    values = {name: value for _, parameters in given for name, value in parameters.items()}
    return Query(sql, values)
