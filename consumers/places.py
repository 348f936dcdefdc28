"""Where a projector stands: at the checkpoint, with all events before it, or in one of the parts of a backlog."""

from typing import Any, NamedTuple, Protocol

from psycopg import Connection

import projections.engine
from adapters.database.queries import load
from adapters.database.session import statement
from adapters.store.errors import PositionLostError
from adapters.store.reader import EVENTS_LOCK, GapSafeReader, Row
from projections.errors import ProjectionError

SQL, ENGINE = load(__file__), load(projections.engine.__file__)
NAMES = ["attempt_log", "overview"]
MOST_BYTES = 8_000_000
"""Of events' states, in one batch."""


class Reader(Protocol):
    """Rows of events (position, id in bytes, version, topic, state) after a position, which moves behind them."""

    position: int

    def read(self, connection: "Connection[Any]", limit: int) -> list[Row]: ...


class Place(Protocol):
    """`number` of `parts`: which communications it is about."""

    @property
    def number(self) -> int: ...
    @property
    def parts(self) -> int: ...
    def begin(self, connection: "Connection[Any]") -> int:
        """The position to go on from."""
        ...

    def reader(self, position: int) -> Reader: ...

    def advance(self, connection: "Connection[Any]", after: int, to: int, pending: str) -> None:
        """First of all in the transaction of rows. Raises PositionLostError where it does not stand at `after`.

        `pending`: kB that a search index puts off sorting in.
        """
        ...


class Whole:
    """All communications. Whoever holds the checkpoint is the only one to write rows."""

    number, parts = 0, 1

    def begin(self, connection: "Connection[Any]") -> int:
        """Raises ProjectionError where the read models stand at different places."""
        connection.execute(statement(ENGINE["begin"]), (NAMES,))
        found = {row[1] for row in connection.execute(statement(ENGINE["positions"]), (NAMES,)).fetchall()}
        if len(found) != 1:
            raise ProjectionError("the read models stand at different places; rebuild them")
        return int(found.pop())

    def reader(self, position: int) -> Reader:
        return GapSafeReader(_events_after, EVENTS_LOCK, position)

    def advance(self, connection: "Connection[Any]", after: int, to: int, pending: str) -> None:
        values = {"names": NAMES, "expected": after, "to": to, "pending": pending}
        if connection.execute(statement(ENGINE["advance"]), values).rowcount != len(NAMES):
            raise PositionLostError(f"the read models are no longer at {after}")


class Part(NamedTuple):
    """The communications whose ids' hashes leave `number` when divided by `parts`; their events up to `until`.

    Nothing can come before `until` any more. Of customers, who belong to no part, every part reads the erasures.
    """

    number: int
    parts: int
    until: int

    def begin(self, connection: "Connection[Any]") -> int:
        """A part that is no longer there has come to its end."""
        found = connection.execute(statement(SQL["part_position"]), (self.number, self.parts, self.until)).fetchone()
        return int(found[0]) if found else self.until

    def reader(self, position: int) -> Reader:
        return PartReader(self, position)

    def advance(self, connection: "Connection[Any]", after: int, to: int, pending: str) -> None:
        values = {"number": self.number, "parts": self.parts, "expected": after, "to": to, "pending": pending}
        if connection.execute(statement(SQL["part_advance"]), values).rowcount != 1:
            raise PositionLostError(f"part {self.number} of {self.parts} is no longer at {after}")


class PartReader:
    """Moves by as many positions as there will be `limit` events in."""

    def __init__(self, part: Part, position: int) -> None:
        self.part = part
        self.position = position

    def read(self, connection: "Connection[Any]", limit: int) -> list[Row]:
        number, parts, until = self.part
        while self.position < until:
            to = min(self.position + limit * parts, until)
            values = (self.position, to, parts, number, MOST_BYTES)
            cursor = connection.cursor(binary=True)
            rows = cursor.execute(statement(SQL["part_events"]), values, prepare=True).fetchall()
            cut = sum(len(row[-1]) for row in rows) >= MOST_BYTES
            self.position = rows[-1][0] if cut else to
            if rows:
                return rows
        return []


def _events_after(connection: "Connection[Any]", after: int, limit: int) -> list[Row]:
    cursor = connection.cursor(binary=True)
    return cursor.execute(statement(SQL["events"]), (after, limit, MOST_BYTES), prepare=True).fetchall()
