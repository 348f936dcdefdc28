"""One communication or one attempt with all that belongs to it, as the JSON of the API's answer."""

from typing import Any
from uuid import UUID

from psycopg import AsyncCursor

from projections.sql import load

SQL = load(__file__)
Cursor = AsyncCursor[tuple[Any, ...]]


async def communication(cursor: Cursor, communication_id: UUID) -> str | None:
    """With its attempts, newest first, and its time line, earliest first; None if the tenant has none of this id."""
    found = await _one(cursor, "communication", communication_id)
    return None if found is None else _with(found[0], attempts=found[1], timeline=found[2])


async def attempt(cursor: Cursor, attempt_id: UUID) -> str | None:
    """With its time line, earliest first; None if the tenant has none of this id."""
    found = await _one(cursor, "attempt", attempt_id)
    return None if found is None else _with(found[0], timeline=found[1])


async def _one(cursor: Cursor, name: str, wanted: UUID) -> tuple[Any, ...] | None:
    """One statement, so that the parts are of the same moment."""
    return await (await cursor.execute(SQL[name], (wanted,))).fetchone()


def _with(doc: str, **lists: str) -> str:
    """The object with lists added, each given as its elements' JSON parted by commas."""
    added = "".join(f',"{name}":[{elements}]' for name, elements in lists.items())
    return f"{doc[:-1]}{added}}}"
