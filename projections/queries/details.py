"""One communication or one attempt as the read models hold it, for an answer with all that belongs to it."""

from typing import NamedTuple
from uuid import UUID

from projections.queries.asking import Ask
from projections.sql import load

SQL = load(__file__)


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


async def communication(ask: Ask, communication_id: UUID) -> Row | None:
    """With its attempts, newest first; None if the tenant has none of this id."""
    return await _one(ask, "communication", communication_id)


async def attempt(ask: Ask, attempt_id: UUID) -> Row | None:
    """None if the tenant has none of this id."""
    return await _one(ask, "attempt", attempt_id)


async def _one(ask: Ask, name: str, wanted: UUID) -> Row | None:
    """One statement, so that the parts are of the same moment."""
    found = await ask(SQL[name], {"id": wanted})
    return Row(*found[0]) if found else None
