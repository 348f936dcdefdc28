"""One communication or one attempt as the read models hold it, for an answer with all that belongs to it."""

from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncCursor

from projections.sql import load

SQL = load(__file__)
Cursor = AsyncCursor[tuple[Any, ...]]


class Row(NamedTuple):
    """It shows what the events of `communication_id` up to `position` made; `attempts` only beside a communication."""

    communication_id: UUID
    position: int
    doc: str
    attempts: str | None = None

    def with_timeline(self, entries: str) -> str:
        """The answer. Lists are given as their elements' JSON parted by commas."""
        attempts = "" if self.attempts is None else f',"attempts":[{self.attempts}]'
        return f'{self.doc[:-1]}{attempts},"timeline":[{entries}]}}'


async def communication(cursor: Cursor, communication_id: UUID) -> Row | None:
    """With its attempts, newest first; None if the tenant has none of this id."""
    return await _one(cursor, "communication", communication_id)


async def attempt(cursor: Cursor, attempt_id: UUID) -> Row | None:
    """None if the tenant has none of this id."""
    return await _one(cursor, "attempt", attempt_id)


async def _one(cursor: Cursor, name: str, wanted: UUID) -> Row | None:
    """One statement, so that the parts are of the same moment."""
    found = await (await cursor.execute(SQL[name], (wanted,))).fetchone()
    return Row(*found) if found else None
