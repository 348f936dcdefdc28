"""Writes events, a log position and work rows in one transaction, in one call, without queueing behind other writers.

The library's own recorder takes an exclusive table lock and notifies inside the transaction, either of which lets one
commit through at a time; here a shared advisory lock lets them go together, and the reader proves gaps dead instead.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from psycopg import Connection
from psycopg.errors import UniqueViolation

from adapters.database import arrays
from adapters.database.prepared import BEGIN, COMMIT, ROLLBACK, Ask, Steps
from adapters.database.queries import load
from adapters.database.session import Database, Write, asks, naming, statement, write
from adapters.store.errors import PositionLostError, VersionConflictError
from adapters.store.stream import Stream

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
        writes: Sequence[Write] = (),
    ) -> list[int]:
        """All or nothing; returns the events' global positions in ascending order of (aggregate, version)."""
        stored = _columns(events)
        with self.database.transaction(tenant) as connection:
            for move in advance:
                _move(connection, move)
            ids = _append(connection, self._append, stored) if events else []
            write(connection, writes)
            return ids

    def inserting(
        self,
        events: Sequence[arrays.Column],
        *,
        tenant: UUID | None = None,
        writes: Sequence[Write] = (),
        also: Callable[[list[int]], Sequence[Write]] | None = None,
    ) -> Steps[list[int]]:
        """The same as steps: one trip, two where `also` makes further writes from the positions.

        `events` are columns as their function takes them (`event_columns`); none: nothing but writes.
        """
        asked = [*self._first(events, tenant), *asks(writes)]
        try:
            if also is None:
                answers = yield asked
            else:
                _, *answers = yield [BEGIN, *asked]
        except UniqueViolation as error:
            if also is not None:
                yield [ROLLBACK]
            if error.diag.table_name == "event":
                raise VersionConflictError from error
            raise
        ids = [row[0] for row in answers[0]] if events else []
        if also is not None:
            yield [*asks(also(ids)), COMMIT]
        return ids

    def streams(self, ids: Sequence[UUID], tenant: UUID | None = None) -> list[tuple[Any, ...]]:
        """(id, version, topic, state, tenant, position) of all events of these aggregates, in order."""
        return self.database.ask(self._streams, (*self._names(tenant), arrays.uuids(ids)), tenant)

    def positions(self, names: Sequence[str]) -> dict[str, int]:
        """Where each reader stands; a name without a row is absent."""
        with self.database.transaction() as connection:
            return dict(connection.execute(statement(SQL["positions"]), (list(names),)).fetchall())

    def reading(self, ids: Iterable[int], tenant: UUID | None = None) -> Ask:
        """As `streams`, to be asked in a trip; the ids as numbers."""
        return Ask(self._streams, (*self._names(tenant), arrays.uuid_numbers(list(ids))))

    def _first(self, events: Sequence[arrays.Column], tenant: UUID | None) -> list[Ask]:
        """Names the tenant to the transaction, and appends."""
        if events:
            return [Ask(self._append_alone, (*self._names(tenant), *events))]
        return [naming(tenant)] if tenant and self.database.per_tenant else []

    def _names(self, tenant: UUID | None) -> tuple[UUID, ...]:
        """What a call says first about whom it is for."""
        return (tenant,) if self.database.per_tenant and tenant else ()


def event_columns(streams: Sequence[Stream], tenants: Sequence[UUID]) -> list[arrays.Column]:
    """What was made of streams, for the append function of a role; with each stream's tenant where that takes them."""
    made = [len(stream.made) for stream in streams]
    numbers = [n for stream, many in zip(streams, made, strict=True) for n in [stream.found.id.int] * many]
    versions = [v for stream in streams for v in range(stream.read + 1, stream.version + 1)]
    written = [one for stream in streams for one in stream.written]
    columns = [
        arrays.uuid_numbers(numbers),
        arrays.bigints(versions),
        arrays.texts([topic for topic, _ in written]),
        arrays.byteas([state for _, state in written]),
    ]
    if tenants:
        whose = [tenant for tenant, many in zip(tenants, made, strict=True) for _ in range(many)]
        columns.insert(0, arrays.uuids(whose))
    return columns


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


def _append(connection: "Connection[Any]", append: LiteralString, values: Sequence[Any]) -> list[int]:
    """The positions that the events got."""
    try:
        return [row[0] for row in connection.cursor(binary=True).execute(append, values, prepare=True).fetchall()]
    except UniqueViolation as error:
        raise VersionConflictError from error


def _move(connection: "Connection[Any]", move: Advance) -> None:
    if move.expected == -1:
        connection.execute(statement(SQL["begin_position"]), (move.name,))
    moved = connection.execute(statement(SQL["move_position"]), (move.to, move.name, move.expected))
    if moved.rowcount != 1:
        raise PositionLostError(f"{move.name} is no longer at {move.expected}")
