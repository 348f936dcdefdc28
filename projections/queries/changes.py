"""What changed in a tenant's read models since a position: each row once, in its latest state, in order."""

from datetime import datetime
from enum import IntEnum
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncCursor

from projections.queries.asking import Ask
from projections.sql import load

SQL = load(__file__)
_CHANGES = SQL["changes"]
CHECKPOINT = SQL["checkpoint"]
Cursor = AsyncCursor[tuple[Any, ...]]


class Kind(IntEnum):
    COMMUNICATION = 0
    ATTEMPT = 1


class Changed(NamedTuple):
    """A row of either read model: what it is filtered by, and its JSON."""

    position: int
    kind: Kind
    id: UUID
    subject_type: str
    category: str
    customer_id: str | None
    status: str | None
    status_group: str
    reason: str | None
    channel: str | None
    shipped_at: datetime | None
    ignored: bool
    search: str
    search_recipient: str
    doc: str


class Batch(NamedTuple):
    """All changes behind the position asked for, up to and including `upto`."""

    changes: list[Changed]
    upto: int


async def changes(ask: Ask, after: int, most: int) -> Batch:
    """The next changes, about `most` of each kind: what one event changed is never parted."""
    rows = await ask(_CHANGES, {"after": after, "most": most})
    changed = [Changed(row[1], Kind(row[2]), *row[3:]) for row in rows if row[1] is not None]
    return Batch(changed, max(after, rows[0][0]))


async def checkpoint(cursor: Cursor) -> int:
    """The position of the last event that all read models hold; 0 before the first."""
    row = await (await cursor.execute(CHECKPOINT)).fetchone()
    return int(row[0]) if row else 0
