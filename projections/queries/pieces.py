"""What is listed, and how a query about it is put together from the pieces of .sql files."""

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from projections.queries.filters import Condition


class List(NamedTuple):
    """A read model that is listed. `searched` is its view for searches, where an index of trigrams is of use."""

    table: str
    searched: str
    listed: str
    sorted_by: str
    id: str


OVERVIEW = List("read.communication", "read.communication_of_tenant", "communication", "sorted_at", "communication_id")
LOG = List("read.attempt", "read.attempt_of_tenant", "attempt", "created_at", "attempt_id")


class Place(NamedTuple):
    """A row's place in its list."""

    at: datetime
    id: UUID


class Page(NamedTuple):
    """The JSON of rows, newest first, parted by commas. `last` is the last one's place, None where nothing follows."""

    docs: bytes
    last: Place | None


Pieces = dict[str, list[Condition]]
"""Conditions by the place in the SQL where they belong."""


class Query(NamedTuple):
    sql: str
    values: dict[str, Any]


def behind(after: Place | None) -> list[Condition]:
    """Comes after a row in the list."""
    given = {} if after is None else {"after_at": after.at, "after_id": after.id}
    return [("(r.{sorted_by}, r.{id}) < (%(after_at)s, %(after_id)s)", given)] if after else []


def put_together(sql: str, of: List, pieces: Pieces, values: dict[str, Any]) -> Query:
    """`values` are those that need not come from a condition."""
    texts: list[tuple[str, str]] = []
    for place, conditions in pieces.items():
        texts.append((place, " AND ".join(text for text, _ in conditions) or "true"))
        for _, given in conditions:
            values = values | given
    return Query(_filled(sql, of, tuple(texts)), values)


@lru_cache(maxsize=2000)
def _filled(sql: str, of: List, pieces: tuple[tuple[str, str], ...]) -> str:
    """Put together from the pieces of our own .sql files; values are only ever parameters."""
    # What a piece stands for may have places of its own: they are filled afterwards.
    for place, text in (*pieces, *of._asdict().items()):
        sql = sql.replace(f"{{{place}}}", text)
    return sql
