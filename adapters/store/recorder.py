"""Writes events, a log position and work rows in one transaction, in one call, without queueing behind other writers.

The library's own recorder takes an exclusive table lock and notifies inside the transaction, either of which lets one
commit through at a time; here a shared advisory lock lets them go together, and the reader proves gaps dead instead.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.errors import UniqueViolation

from adapters.database import arrays
from adapters.database.prepared import BEGIN, COMMIT, ROLLBACK, Ask, Steps
from adapters.database.queries import load
from adapters.database.session import Database, Write, asks, naming
from adapters.store.errors import PositionLostError, VersionConflictError
from adapters.store.stream import Stream

SQL = load(__file__)
NEVER_HERE = -1
"""Where a reader stands that has no position yet."""
Also = Callable[[Sequence[int]], Sequence[Write]]
"""Makes further writes of the same transaction from the events' positions."""


class Advance(NamedTuple):
    """Move the position of reader `name` from exactly `expected` to `to`."""

    name: str
    expected: int
    to: int


EventRow = tuple[bytes, int, bytes, str, bytes]
"""An event to be recorded: its aggregate's id, the how manyth it is, its tenant's id, topic and state."""


class EventRecorder:
    """The only writer of events. Raises VersionConflictError or PositionLostError; nothing is recorded then."""

    def __init__(self, database: Database) -> None:
        self.database = database
        one_call = "_for" if database.per_tenant else ""
        self._append = SQL[f"append{one_call}"]
        self._streams = SQL[f"streams{one_call}"]

    def insert(
        self,
        events: Sequence[EventRow],
        *,
        tenant: UUID | None = None,
        advance: Sequence[Advance] = (),
        writes: Sequence[Write] = (),
        also: Also | None = None,
    ) -> list[int]:
        """All or nothing; returns the events' global positions in ascending order of (aggregate, version)."""
        columns = _columns(events, self.named(tenant)) if events else ()
        steps = self.inserting(columns, tenant=tenant, advance=advance, writes=writes, also=also)
        return self.database.carry_out(steps, tenant)

    def inserting(
        self,
        events: Sequence[arrays.Column],
        *,
        tenant: UUID | None = None,
        advance: Sequence[Advance] = (),
        writes: Sequence[Write] = (),
        also: Also | None = None,
    ) -> Steps[list[int]]:
        """The same as steps: one trip, another before it to `advance`, another behind it to write what `also` makes.

        `events` are columns as their function takes them (`event_columns`); none: nothing but writes.
        """
        begin, commit = ([BEGIN], [COMMIT]) if advance or also else ([], [])
        try:
            if advance:
                moved = yield [*begin, *_moves(advance)]
                _check(advance, moved[-1])
            first = [] if advance else begin
            last = [] if also else commit
            answers = yield [*first, *self._first(events, tenant), *asks(writes), *last]
        except UniqueViolation as error:
            if begin:
                yield [ROLLBACK]
            if error.diag.table_name == "event":
                raise VersionConflictError from error
            raise
        ids = [row[0] for row in answers[len(first)]] if events else []
        if also:
            yield [*asks(also(ids)), *commit]
        return ids

    def streams(self, ids: Sequence[UUID], tenant: UUID | None = None) -> list[tuple[Any, ...]]:
        """(id, version, topic, state, tenant, position) of all events of these aggregates, in order."""
        return self.database.ask(self._streams, (*self._names(tenant), arrays.uuids(ids)), tenant)

    def positions(self, names: Sequence[str]) -> dict[str, int]:
        """Where each reader stands; a name without a row is absent."""
        return dict(self.database.ask(SQL["positions"], (arrays.texts(names),)))

    def reading(self, ids: Iterable[int], tenant: UUID | None = None) -> Ask:
        """As `streams`, to be asked in a trip; the ids as numbers."""
        return Ask(self._streams, (*self._names(tenant), arrays.uuid_numbers(list(ids))))

    def named(self, tenant: UUID | None) -> UUID | None:
        """The tenant that calls name: only where row-level security holds the role to one."""
        return tenant if self.database.per_tenant else None

    def _first(self, events: Sequence[arrays.Column], tenant: UUID | None) -> list[Ask]:
        """Names the tenant to the transaction, and appends."""
        if events:
            return [Ask(self._append, (*self._names(tenant), *events))]
        return [naming(named) for named in self._names(tenant)]

    def _names(self, tenant: UUID | None) -> tuple[UUID, ...]:
        """What a call says first about whom it is for."""
        named = self.named(tenant)
        return (named,) if named else ()


def event_columns(streams: Sequence[Stream], tenant: UUID | None) -> list[arrays.Column]:
    """What was made of streams, for the append function. Raises ValueError where it is not all of `tenant`."""
    made = [len(stream.made) for stream in streams]
    tenants = [t for s, many in zip(streams, made, strict=True) for t in [s.found.tenant_id.bytes] * many]
    written = [one for stream in streams for one in stream.written]
    return [
        *_whose(tenants, tenant),
        arrays.uuid_numbers([n for s, many in zip(streams, made, strict=True) for n in [s.found.id.int] * many]),
        arrays.bigints([v for stream in streams for v in range(stream.read + 1, stream.version + 1)]),
        arrays.texts([topic for topic, _ in written]),
        arrays.byteas([state for _, state in written]),
    ]


def _columns(events: Sequence[EventRow], tenant: UUID | None) -> list[arrays.Column]:
    """Sorted, because two writers that insert the same aggregates in opposite orders deadlock."""
    ids, versions, tenants, topics, states = zip(*sorted(events), strict=True)
    return [
        *_whose(tenants, tenant),
        arrays.uuid_bytes(ids),
        arrays.bigints(versions),
        arrays.words(topics),
        arrays.byteas(states),
    ]


def _whose(tenants: Sequence[bytes], tenant: UUID | None) -> list[arrays.Column]:
    """A column, unless the call names the tenant of all of them."""
    if tenant is None:
        return [arrays.uuid_bytes(tenants)]
    if set(tenants) - {tenant.bytes}:
        raise ValueError("an aggregate of another tenant")
    return []


def _moves(advance: Sequence[Advance]) -> list[Ask]:
    names, expected, to = zip(*advance, strict=True)
    columns = (arrays.texts(names), arrays.bigints(expected), arrays.bigints(to))
    new = [Ask(SQL["begin_positions"], columns[:1])] if NEVER_HERE in expected else []
    return [*new, Ask(SQL["move_positions"], columns)]


def _check(advance: Sequence[Advance], moved: Sequence[tuple[str]]) -> None:
    for name, expected, _ in advance:
        if (name,) not in moved:
            raise PositionLostError(f"{name} is no longer at {expected}")
