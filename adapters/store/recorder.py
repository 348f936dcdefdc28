"""Writes events, a log position and work rows in one transaction, in one call, without queueing behind other writers.

The library's own recorder takes an exclusive table lock and notifies inside the transaction, either of which lets one
commit through at a time; here a shared advisory lock lets them go together, and the reader proves gaps dead instead.
"""

from collections.abc import Callable, Sequence
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from psycopg import Connection
from psycopg.errors import UniqueViolation

from adapters.database import arrays
from adapters.database.prepared import answer
from adapters.database.queries import load
from adapters.database.session import Database, Write, columns, statement, write
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
        own, one_call = ("_own", "_for") if database.per_tenant else ("", "")
        self._append = statement(SQL[f"append{own}"])
        self._append_alone = statement(SQL[f"append{one_call}"])
        self._streams = statement(SQL[f"streams{one_call}"])

    def insert(
        self,
        events: Sequence[TenantEvent],
        *,
        tenant: UUID | None = None,
        advance: Sequence[Advance] = (),
        along: Sequence[Write] = (),
        writes: Sequence[Write] = (),
        also: Callable[[list[int]], Sequence[Write]] | None = None,
    ) -> list[int]:
        """All or nothing; returns the events' global positions in ascending order of (aggregate, version).

        `along`: only inserts, which go with the events in one statement. `also` makes further writes from the
        positions. Events by themselves are one call, without a transaction.
        """
        stored = _columns(events)
        if events and not (advance or along or writes or also):
            with self.database.one_statement(tenant) as connection:
                return _taken(lambda: answer(connection, self._append_alone, (*self._names(tenant), *stored)))
        with self.database.transaction(tenant) as connection:
            for move in advance:
                _move(connection, move)
            ids = _taken(lambda: _append(connection, *_together(self._append, stored, along))) if events else []
            write(connection, writes if events else [*along, *writes])
            if also is not None:
                write(connection, also(ids))
            return ids

    def streams(self, ids: Sequence[UUID], tenant: UUID | None = None) -> list[tuple[Any, ...]]:
        """(id, version, topic, state, tenant, position) of all events of these aggregates, in order."""
        return self.database.ask(self._streams, (*self._names(tenant), arrays.uuids(ids)), tenant)

    def positions(self, names: Sequence[str]) -> dict[str, int]:
        """Where each reader stands; a name without a row is absent."""
        with self.database.transaction() as connection:
            return dict(connection.execute(statement(SQL["positions"]), (list(names),)).fetchall())

    def _names(self, tenant: UUID | None) -> tuple[UUID, ...]:
        """What a call says first about whom it is for."""
        return (tenant,) if self.database.per_tenant and tenant else ()


def _columns(events: Sequence[TenantEvent]) -> tuple[arrays.Column, ...]:
    """Sorted, because two writers that insert the same aggregates in opposite orders deadlock."""
    ordered = sorted(events, key=place_of)
    stored: list[Any] = [e.stored for e in ordered]
    return (
        arrays.uuids([e.tenant_id for e in ordered]),
        arrays.uuids([s.originator_id for s in stored]),
        arrays.bigints([s.originator_version for s in stored]),
        arrays.texts([s.topic for s in stored]),
        arrays.byteas([s.state for s in stored]),
    )


def place_of(event: TenantEvent) -> tuple[int, int]:
    """Of which aggregate, as a number, and the how manyth: by this order events are inserted."""
    stored: Any = event.stored
    return stored.originator_id.int, stored.originator_version


def _together(append: LiteralString, values: tuple[Any, ...], inserts: Sequence[Write]) -> tuple[LiteralString, Any]:
    """The events and the rows that are inserted with them, as one statement: each statement is a round trip.

    Only what inserts: of two changes to one row in one statement, PostgreSQL carries out either.
    """
    if not inserts:
        return append, values
    parts = ", ".join(f"w{number} AS ({one.sql})" for number, one in enumerate(inserts))
    return statement(f"WITH {parts} {append}"), [*(c for one in inserts for c in columns(one)), *values]


def _append(connection: "Connection[Any]", append: LiteralString, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    return connection.cursor(binary=True).execute(append, values, prepare=True).fetchall()


def _taken(append: Callable[[], list[tuple[Any, ...]]]) -> list[int]:
    """The positions that the events got."""
    try:
        return [row[0] for row in append()]
    except UniqueViolation as error:
        raise VersionConflictError from error


def _move(connection: "Connection[Any]", move: Advance) -> None:
    if move.expected == -1:
        connection.execute(statement(SQL["begin_position"]), (move.name,))
    moved = connection.execute(statement(SQL["move_position"]), (move.to, move.name, move.expected))
    if moved.rowcount != 1:
        raise PositionLostError(f"{move.name} is no longer at {move.expected}")
