"""The attempts that providers are to be asked about: one connection at a time for each who asks, so much of it at once.

A turn and a claim are leases, which end by themselves when their holder dies.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from adapters.clock import Clock
from adapters.database.queries import load
from adapters.database.session import Database, Write, statement, write

SQL = load(__file__)
LEASE = timedelta(minutes=5)
"""Longer than a turn takes, its last question included."""


class Turn(NamedTuple):
    """Nobody else asks over this connection before `until`."""

    connection_id: UUID
    until: datetime


class OpenAttempt(NamedTuple):
    """`asked`: how often already. `until` is when the claim ends."""

    attempt_id: str
    communication_id: UUID
    asked: int
    until: datetime


class OpenAttempts:
    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock

    def take_turn(self) -> Turn | None:
        """A connection over which something is due and nobody asks; None where there is none."""
        now = self.clock()
        values = {"now": now, "until": now + LEASE}
        with self.database.transaction() as connection:
            connection.execute(statement(SQL["meet"]), values)
            row = connection.execute(statement(SQL["take_turn"]), values).fetchone()
        return Turn(row[0], values["until"]) if row else None

    def end_turn(self, turn: Turn, again: datetime) -> None:
        """Leave the connection alone until then."""
        with self.database.transaction() as connection:
            connection.execute(
                statement(SQL["end_turn"]), {"connection": turn.connection_id, "until": turn.until, "again": again}
            )

    def claim(self, turn: Turn, limit: int) -> list[OpenAttempt]:
        """Up to `limit` that are due, the longest first."""
        now = self.clock()
        until = now + LEASE
        values = {"connection": turn.connection_id, "now": now, "until": until, "limit": limit}
        with self.database.transaction() as connection:
            rows = connection.execute(statement(SQL["claim"]), values).fetchall()
        return [OpenAttempt(str(attempt), where, asked, until) for attempt, where, asked in rows]

    def move(self, moved: Iterable[tuple[OpenAttempt, datetime, int]]) -> None:
        """Give claims back: (claim, when next, how often asked by then)."""
        rows = [(UUID(one.attempt_id), one.until, next_at, asked) for one, next_at, asked in moved]
        self._write("move", rows)

    def drop(self, done: Iterable[OpenAttempt]) -> None:
        """Those about which there is nothing more to ask."""
        self._write("drop", [(UUID(one.attempt_id), one.until) for one in done])

    def _write(self, name: str, rows: Sequence[tuple[object, ...]]) -> None:
        with self.database.transaction() as connection:
            write(connection, [Write(SQL[name], rows)])
