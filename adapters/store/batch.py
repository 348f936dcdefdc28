"""Commands that are carried out together: one read, one commit, and each its own result or refusal."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import OperationalError

from adapters.database.prepared import Steps
from adapters.database.session import Kinds, Write
from adapters.store.commands import Command, Outcome
from adapters.store.errors import VersionConflictError
from adapters.store.mapper import EventMapper
from adapters.store.recorder import EventRecorder, event_columns
from adapters.store.stream import Stream
from adapters.store.work_rows import work_writes
from domain.communication import InvoiceCommunication

MOST_EVENTS = 2000
MOST_BYTES = 4 * 1024 * 1024
LIKELY = 64
"""After so many new aggregates without an old one, the next are taken for new."""


class _Ran(NamedTuple):
    """A command that ran, and the version of its aggregate behind it."""

    command: Command
    stream: Stream
    result: Any = None
    version: int = 0
    error: Exception | None = None

    @property
    def position(self) -> int:
        """Of the aggregate's last event behind the command, whoever made it."""
        return self.stream.position_at(self.version) if self.version else 0

    def also(self) -> Sequence[Write]:
        return self.command.also(self.result, self.position) if self.command.also else ()


class Novelty:
    """Whether the next aggregates of a tenant are likely to be new, because all of late were."""

    def __init__(self) -> None:
        self._new = 0

    @property
    def likely(self) -> bool:
        return self._new >= LIKELY

    def learn(self, streams: Iterable[Stream]) -> None:
        """From what was read."""
        for stream in streams:
            self._new = 0 if stream.read else self._new + 1

    def forget(self) -> None:
        self._new = 0


class Batch:
    """One transaction. Raises VersionConflictError, OperationalError, and what is wrong with a lone command."""

    def __init__(self, recorder: EventRecorder, mapper: EventMapper, tenant: UUID | None, novelty: Novelty) -> None:
        self.recorder = recorder
        self.mapper = mapper
        self.tenant = tenant
        self.novelty = novelty
        # By the ids' numbers: a UUID is hashed and compared in Python.
        self._streams: dict[int, Stream] = {}

    def carry_out(self, commands: Sequence[Command]) -> Steps[list[Outcome]]:
        """The outcomes of the first of them: of all, unless they make more events than one transaction should hold."""
        try:
            if self.novelty.likely and (outcomes := (yield from self._as_new(commands))) is not None:
                return outcomes
            yield from self._load(commands)
            yield from self._fetch_keys(commands)
            return (yield from self._record(self._run(commands)))
        except OperationalError:
            raise
        except Exception as error:
            if isinstance(error, VersionConflictError) or len(commands) > 1:
                # One of them spoils it for all: alone, each gets what is its own.
                for command in commands:
                    command.alone = True
                raise VersionConflictError from error
            raise

    def _as_new(self, commands: Sequence[Command]) -> Steps[list[Outcome] | None]:
        """Without reading: that an aggregate is new shows as its first event is recorded. None where one is not.

        What makes no event is read for, as nothing would show that it saw what there is.
        """
        self._begin(commands)
        yield from self._fetch_keys(commands)
        ran = self._run(commands)
        if all(one.stream.made for one in ran):
            with suppress(VersionConflictError):
                return (yield from self._record(ran))
        self.novelty.forget()
        return None

    def _begin(self, commands: Sequence[Command]) -> None:
        self._streams = {command.place: Stream(self.mapper) for command in commands}

    def _load(self, commands: Sequence[Command]) -> Steps[None]:
        self._begin(commands)
        (rows,) = yield [self.recorder.reading(self._streams, self.tenant)]
        for row in rows:
            self._streams[row[0].int].load(row)
        self.novelty.learn(self._streams.values())

    def _fetch_keys(self, commands: Sequence[Command]) -> Steps[None]:
        sealings = [(c.sealing, c.sealing.wanted(self._streams[c.place].found)) for c in commands if c.sealing]
        wanted = {ref for _, refs in sealings for ref in refs}
        keys = (yield from sealings[0][0].looking_up(wanted)) if wanted else {}
        for sealing, _ in sealings:
            sealing.take(keys)

    def _run(self, commands: Sequence[Command]) -> list[_Ran]:
        """In order; each sees what those before it did to its aggregate."""
        ran: list[_Ran] = []
        events = size = 0
        for command in commands:
            if events >= MOST_EVENTS or size >= MOST_BYTES:
                break
            stream = self._streams[command.place]
            try:
                result, written = stream.run(command)
            except OperationalError:
                raise
            except Exception as error:  # noqa: BLE001 - it is the caller's own
                ran.append(_Ran(command, stream, error=error))
                continue
            events += len(written)
            for _, state in written:
                size += len(state)
            ran.append(_Ran(command, stream, result, stream.version))
        return ran

    def _record(self, ran: Sequence[_Ran]) -> Steps[list[Outcome]]:
        streams = self._streams
        done = [one for one in ran if one.error is None]
        # In order, because two writers that insert the same aggregates in opposite orders deadlock.
        changed = [streams[number] for number in sorted(streams) if streams[number].made]
        work = work_writes([(s.found, s.made) for s in changed if isinstance(s.found, InvoiceCommunication)])
        writes = _merged([*work, *[write for one in done for write in one.command.writes]])

        def also(ids: Sequence[int]) -> list[Write]:
            _know(changed, ids)
            return _merged(write for one in done for write in one.also())

        more = also if any(one.command.also for one in done) else None
        if changed or writes or more:
            events = event_columns(changed, self.recorder.named(self.tenant)) if changed else []
            _know(changed, (yield from self.recorder.inserting(events, tenant=self.tenant, writes=writes, also=more)))
        return [Outcome(one.result, one.position, one.error) for one in ran]


def _know(changed: Sequence[Stream], ids: Sequence[int]) -> None:
    """Each its new events' positions."""
    begin = 0
    for stream in changed:
        end = begin + len(stream.made)
        stream.ids = ids[begin:end]
        begin = end


def _merged(writes: Iterable[Write]) -> list[Write]:
    """One statement a kind."""
    rows: dict[tuple[str, Kinds], list[tuple[Any, ...]]] = {}
    for sql, more, kinds in writes:
        rows.setdefault((sql, kinds), []).extend(more)
    return [Write(sql, found, kinds) for (sql, kinds), found in rows.items()]
