"""Loads aggregates, carries out commands and records what came of them, again on a fresh one after a conflict."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from threading import BoundedSemaphore
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from eventsourcing.domain import Aggregate
from psycopg import OperationalError

from adapters.background import waited
from adapters.database.loop import Done, MustWaitError, may_wait
from adapters.database.session import Database, Write
from adapters.merging import Merging, Mergings
from adapters.store.batch import Batch, Novelty
from adapters.store.commands import Command, Outcome, Sealing
from adapters.store.errors import BusyError, NotFoundError, VersionConflictError
from adapters.store.mapper import EventMapper
from adapters.store.recorder import Advance, EventRecorder
from adapters.store.work_rows import work_writes
from domain.communication import InvoiceCommunication

T = TypeVar("T")
PATIENCE = 5.0
"""Seconds that a command runs again after conflicts before the caller is told to try later."""


class Loaded(NamedTuple):
    """Aggregates by id (absent: no such) and the global position of the last event of each."""

    found: dict[UUID, Any]
    positions: dict[UUID, int]


class Communications:
    """The aggregates of one role's reach: one tenant's for the API, all tenants' for the workers."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.recorder = EventRecorder(database)
        self.mapper = EventMapper()
        # A command that asks the database itself takes another connection: for that some are left.
        self._turns = BoundedSemaphore(max(database.pool.max_size // 2, 1))
        self._merging: Mergings[UUID | None, Command, Outcome] = Mergings(
            lambda tenant: Merging(partial(self._carry_out, tenant, Novelty()), _aggregate, _is_alone)
        )

    def load(self, ids: Iterable[UUID], tenant: UUID | None = None) -> Loaded:
        """One read for all of them."""
        rows = self.recorder.streams(list(set(ids)), tenant)
        return Loaded(self._fold(rows, {}), {row[0]: row[5] for row in rows})

    def get(self, communication_id: UUID, tenant: UUID | None = None) -> InvoiceCommunication:
        """Raises NotFoundError."""
        found: InvoiceCommunication | None = self.load([communication_id], tenant).found.get(communication_id)
        if found is None:
            raise NotFoundError(f"no communication {communication_id}")
        return found

    def record(
        self,
        aggregates: Iterable[Aggregate],
        *,
        tenant: UUID | None = None,
        advance: Sequence[Advance] = (),
        writes: Sequence[Write] = (),
        also: Callable[[int | None], Sequence[Write]] | None = None,
    ) -> int | None:
        """Record all new events, their work rows, `writes` and the log positions in one transaction.

        Returns the last global position, None if there was no new event; `also` makes further writes from it. Raises
        VersionConflictError, PositionLostError.
        """
        changed = [(a, a.collect_events()) for a in aggregates]
        events = [
            (a.id.bytes, made.originator_version, a.tenant_id.bytes, *self.mapper.write(made))  # type: ignore[attr-defined]
            for a, all_made in changed
            for made in all_made
        ]
        if not (events or writes or advance or also):
            return None
        follow = work_writes((a, made) for a, made in changed if isinstance(a, InvoiceCommunication))
        more = (lambda ids: also(max(ids, default=None))) if also else None
        ids = self.recorder.insert(events, tenant=tenant, advance=advance, writes=[*follow, *writes], also=more)
        return max(ids, default=None)

    def change(
        self,
        communication_id: UUID,
        command: Callable[[InvoiceCommunication | None], tuple[InvoiceCommunication | None, T]],
        *,
        tenant: UUID | None = None,
        writes: Sequence[Write] = (),
        also: Callable[[T, int], Sequence[Write]] | None = None,
        sealing: Sealing | None = None,
    ) -> tuple[T, int]:
        """Run `command` on the aggregate (None if there is none) and record what it returns.

        Commands that come at the same time are carried out in the same transaction: in an event loop, in this thread if
        it asks the database itself. Returns the command's own result and the position of the aggregate's last event (0
        without any). After a version conflict the command runs again on a fresh aggregate, up to 5 s: then BusyError.
        """
        asked = Command(communication_id, command, writes, also, sealing)
        may_wait()
        outcome = waited(self._outcome(tenant, asked))
        if isinstance(outcome.error, MustWaitError):
            outcome = persist(partial(self._carry_out_here, tenant, asked))
        return outcome.get()

    async def change_async(
        self,
        communication_id: UUID,
        command: Callable[[InvoiceCommunication | None], tuple[InvoiceCommunication | None, T]],
        *,
        tenant: UUID | None = None,
        writes: Sequence[Write] = (),
        also: Callable[[T, int], Sequence[Write]] | None = None,
        sealing: Sealing | None = None,
    ) -> tuple[T, int]:
        """The same for a coroutine: in its event loop, in a thread if it asks the database itself."""
        asked = Command(communication_id, command, writes, also, sealing)
        outcome = await self._outcome(tenant, asked)
        if isinstance(outcome.error, MustWaitError):
            outcome = await asyncio.to_thread(persist, partial(self._carry_out_here, tenant, asked))
        return outcome.get()

    async def _outcome(self, tenant: UUID | None, asked: Command) -> Outcome:
        merging = self._merging.of(tenant)
        try:
            return await merging.ask(asked)
        except (VersionConflictError, OperationalError):
            return await persist_async(partial(merging.ask, asked))

    def _carry_out_here(self, tenant: UUID | None, asked: Command) -> Outcome:
        """While this thread waits."""
        with self._turns:
            steps = Batch(self.recorder, self.mapper, tenant, Novelty()).carry_out([asked])
            return self.database.carry_out(steps, tenant)[0]

    def _carry_out(
        self, tenant: UUID | None, novelty: Novelty, commands: Sequence[Command], done: "Done[list[Outcome]]"
    ) -> None:
        steps = Batch(self.recorder, self.mapper, tenant, novelty).carry_out(commands)
        self.database.carry_out_in_loop(steps, done, tenant)

    def _fold(self, rows: Iterable[tuple[Any, ...]], found: dict[UUID, Any]) -> dict[UUID, Any]:
        """Rows as the recorder answers them, in order of (aggregate, version), onto the aggregates that are there."""
        here, aggregate = None, None
        for originator, version, topic, state, _, _ in rows:
            event: Any = self.mapper.read(originator, version, topic, state)
            if originator.int != here:  # a UUID is slow to compare
                here, aggregate = originator.int, found.get(originator)
            changed = event.mutate(aggregate)
            if aggregate is None:
                aggregate = found[originator] = changed
        return found


def _aggregate(command: Command) -> int:
    return command.place


def _is_alone(command: Command) -> bool:
    return command.alone


def persist(once: Callable[[], T]) -> T:
    """Run `once` again, with jitter, after a version conflict or a lost connection. Raises BusyError, OperationalError.

    Safe after a commit whose answer was lost: commands recognise their own attempt and report ids and change nothing.
    """
    pauses: _Pauses | None = None
    while True:
        try:
            return once()
        except (VersionConflictError, OperationalError) as error:
            pauses = pauses or _Pauses()
            time.sleep(pauses.after(error))


async def persist_async(once: Callable[[], Awaitable[T]]) -> T:
    """The same for a coroutine."""
    pauses: _Pauses | None = None
    while True:
        try:
            return await once()
        except (VersionConflictError, OperationalError) as error:
            pauses = pauses or _Pauses()
            await asyncio.sleep(pauses.after(error))


class _Pauses:
    """From the first failure on."""

    def __init__(self) -> None:
        self.until = time.monotonic() + PATIENCE
        self.longest = 0.001

    def after(self, error: Exception) -> float:
        """Seconds to wait; raises BusyError, or the error itself, once patience has run out."""
        if time.monotonic() >= self.until:
            if isinstance(error, VersionConflictError):
                raise BusyError("too many writers on one communication; try again") from None
            raise error
        self.longest = min(self.longest * 2, 0.25)
        return random.uniform(0, self.longest)
