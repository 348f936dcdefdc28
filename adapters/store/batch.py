"""Commands that are carried out together: one read, one commit, and each its own result or refusal."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from psycopg import OperationalError

from adapters.database.session import Kinds, Write
from adapters.store.commands import Command, Outcome
from adapters.store.errors import VersionConflictError
from adapters.store.mapper import EventMapper
from adapters.store.recorder import EventRecorder, TenantEvent, place_of
from adapters.store.stream import Stream
from adapters.store.work_rows import work_writes
from domain.communication import InvoiceCommunication

MOST_EVENTS = 2000
MOST_BYTES = 4 * 1024 * 1024


class _Ran(NamedTuple):
    """A command that ran, and the version of its aggregate behind it."""

    command: Command
    result: Any = None
    version: int = 0
    error: Exception | None = None


class Batch:
    """One transaction. Raises VersionConflictError, OperationalError, and what is wrong with a lone command."""

    def __init__(self, recorder: EventRecorder, mapper: EventMapper, tenant: UUID | None) -> None:
        self.recorder = recorder
        self.tenant = tenant
        # By the ids' numbers: a UUID is hashed and compared in Python.
        self._streams: dict[int, Stream] = defaultdict(lambda: Stream(mapper))
        self._events: list[TenantEvent] = []
        self._bytes = 0
        self._positions: dict[tuple[int, int], int] = {}

    def carry_out(self, commands: Sequence[Command], go_on: Callable[[], None]) -> list[Outcome]:
        """The outcomes of the first of them: of all, unless they make more events than one transaction should hold.

        `go_on` is called once nothing but the database is left to wait for.
        """
        try:
            self._load(commands)
            self._fetch_keys(commands)
            ran = self._run(commands)
            go_on()
            self._record([one for one in ran if one.error is None])
            return [Outcome(one.result, self._position(one), one.error) for one in ran]
        except OperationalError:
            raise
        except Exception as error:
            if isinstance(error, VersionConflictError) or len(commands) > 1:
                # One of them spoils it for all: alone, each gets what is its own.
                for command in commands:
                    command.alone = True
                raise VersionConflictError from error
            raise

    def _load(self, commands: Sequence[Command]) -> None:
        ids = {command.communication_id for command in commands}
        for originator, version, topic, state, _, position in self.recorder.streams(list(ids), self.tenant):
            self._streams[originator.int].load(StoredEvent(originator, version, topic, state), position)

    def _fetch_keys(self, commands: Sequence[Command]) -> None:
        sealings = [
            (c.sealing, c.sealing.wanted(self._streams[c.communication_id.int].found)) for c in commands if c.sealing
        ]
        wanted = {ref for _, refs in sealings for ref in refs}
        keys = sealings[0][0].look_up(wanted) if wanted else {}
        for sealing, _ in sealings:
            sealing.take(keys)

    def _run(self, commands: Sequence[Command]) -> list[_Ran]:
        """In order; each sees what those before it did to its aggregate."""
        ran: list[_Ran] = []
        for command in commands:
            if len(self._events) >= MOST_EVENTS or self._bytes >= MOST_BYTES:
                break
            ran.append(self._run_one(command))
        return ran

    def _run_one(self, command: Command) -> _Ran:
        stream = self._streams[command.communication_id.int]
        try:
            result, stored = stream.run(command)
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - it is the caller's own
            return _Ran(command, error=error)
        self._events += [TenantEvent(stream.found.tenant_id, event) for event in stored]
        self._bytes += sum(len(event.state) for event in stored)
        return _Ran(command, result, stream.found.version if stream.found else 0)

    def _record(self, ran: Sequence[_Ran]) -> None:
        changed = [(s.found, s.made) for s in self._streams.values() if isinstance(s.found, InvoiceCommunication)]
        writes = _merged([*work_writes(changed), *(w for one in ran for w in one.command.writes)])
        along = [one for one in writes if _only_inserts(one.sql)]
        writes = [one for one in writes if one not in along]
        self._events.sort(key=place_of)

        def also(ids: Sequence[int]) -> list[Write]:
            self._know(ids)
            return _merged(
                w for one in ran if (more := one.command.also) for w in more(one.result, self._position(one))
            )

        more = also if any(one.command.also for one in ran) else None
        if self._events or along or writes or more:
            ids = self.recorder.insert(self._events, tenant=self.tenant, along=along, writes=writes, also=more)
            self._know(ids)

    def _know(self, ids: Sequence[int]) -> None:
        self._positions.update(zip(map(place_of, self._events), ids, strict=True))

    def _position(self, one: _Ran) -> int:
        """Of the aggregate's last event behind the command, whoever made it."""
        place = one.command.communication_id.int
        return self._positions.get((place, one.version), self._streams[place].position)


@cache
def _only_inserts(sql: str) -> bool:
    return next(line for line in sql.splitlines() if not line.startswith("--")).startswith("INSERT")


def _merged(writes: Iterable[Write]) -> list[Write]:
    """One statement a kind."""
    rows: dict[tuple[str, Kinds], list[tuple[Any, ...]]] = {}
    for sql, more, kinds in writes:
        rows.setdefault((sql, kinds), []).extend(more)
    return [Write(sql, found, kinds) for (sql, kinds), found in rows.items()]
