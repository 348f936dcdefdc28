"""Writes events, a log position and work rows in one transaction, in one call, without queueing behind other writers.

The library's own recorder takes an exclusive table lock and notifies inside the transaction, either of which lets one
commit through at a time; here a shared advisory lock lets them go together, and the reader proves gaps dead instead.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from psycopg import Connection
from psycopg.errors import UniqueViolation

from adapters.database.queries import load
from adapters.database.session import Database, Write, statement, write
from adapters.store.errors import PositionLostError, VersionConflictError

SQL = load(__file__)


class Advance(NamedTuple):
    """Move the position of reader `name` from exactly `expected` to `to`."""

    name: str
    expected: int
    to: int


class TenantEvent(NamedTuple):
    tenant_id: UUID
    stored: StoredEvent


class EventRecorder:
    """The only writer of events. Raises VersionConflictError or PositionLostError; nothing is recorded then."""

    def __init__(self, database: Database) -> None:
        self.database = database
        own = "_own" if database.per_tenant else ""
        self._append = statement(SQL[f"append{own}"])
        self._streams = statement(SQL[f"streams{own}"])

    def insert(
        self,
        events: Sequence[TenantEvent],
        *,
        tenant: UUID | None = None,
        advance: Sequence[Advance] = (),
        writes: Sequence[Write] = (),
    ) -> list[int]:
        """All or nothing; returns the events' global positions in ascending order of (aggregate, version)."""
        with self.database.transaction(tenant) as connection:
            for move in advance:
                _move(connection, move)
            ids = self._insert_events(connection, events)
            write(connection, writes)
            return ids

    def streams(self, ids: Sequence[UUID], tenant: UUID | None = None) -> list[tuple[Any, ...]]:
        """(id, version, topic, state, tenant, position) of all events of these aggregates, in order."""
        with self.database.transaction(tenant) as connection:
            return connection.cursor(binary=True).execute(self._streams, (list(ids),)).fetchall()

    def positions(self, names: Sequence[str]) -> dict[str, int]:
        """Where each reader stands; a name without a row is absent."""
        with self.database.transaction() as connection:
            return dict(connection.execute(statement(SQL["positions"]), (list(names),)).fetchall())

    def _insert_events(self, connection: "Connection[Any]", events: Sequence[TenantEvent]) -> list[int]:
        """Sorted, because two writers that insert the same aggregates in opposite orders deadlock."""
        if not events:
            return []
        ordered = sorted(events, key=lambda e: (e.stored.originator_id, e.stored.originator_version))
        stored = [e.stored for e in ordered]
        columns = (
            [e.tenant_id for e in ordered],
            [s.originator_id for s in stored],
            [s.originator_version for s in stored],
            [s.topic for s in stored],
            [s.state for s in stored],
        )
        try:
            return [row[0] for row in connection.execute(self._append, columns, prepare=True).fetchall()]
        except UniqueViolation as error:
            raise VersionConflictError from error


def _move(connection: "Connection[Any]", move: Advance) -> None:
    if move.expected == -1:
        connection.execute(statement(SQL["begin_position"]), (move.name,))
    moved = connection.execute(statement(SQL["move_position"]), (move.to, move.name, move.expected))
    if moved.rowcount != 1:
        raise PositionLostError(f"{move.name} is no longer at {move.expected}")
