"""The loop that takes webhooks from the log and records each exactly once, whatever is killed when.

Everything that follows from a chunk of one partition is one transaction: the partition's position (moved first, by
compare-and-set), the events, the raw requests, parked reports and dead letters.
"""

import logging
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import NamedTuple

from psycopg import OperationalError

from adapters.bootstrap import Installation
from adapters.database.session import Write, notify
from adapters.store.communications import persist
from adapters.store.errors import BusyError, PositionLostError
from adapters.store.recorder import Advance
from adapters.store.reported import Reported
from adapters.webhook_log.frames import how_many
from adapters.webhook_log.port import BEGINNING, Batch, LogReader, LogUnavailableError, Record
from consumers.arrivals import Dead, Notice, Outcome, Understood, found_once, understand_record
from consumers.attaching import Attached, Attaching, Known
from consumers.chores import Chores
from consumers.confirming import to_confirm
from consumers.keeping import Days, bury, keep_raw, park
from consumers.uncollected import quick_turns, uncollected

log = logging.getLogger(__name__)
DEAD_LIMIT = 100
"""Unreadable requests in a row after which it stops: that is a bad release."""
_POLL_RECORDS = 2000
_CHUNK_REQUESTS = 2000
_CHUNK_BYTES = 2 * 1024 * 1024
"""Of raw requests: what bounds the events that can come of them, and the memory that a chunk takes."""
_AHEAD = 2
"""Chunks that are planned while one is recorded: with one alone, Python waits for the database again and again."""
_LONGEST_PAUSE = 15.0
_LATER = (LogUnavailableError, BusyError, OperationalError)
"""Nothing is lost and nothing was recorded: try again."""


class TooManyDeadLettersError(Exception):
    """So many requests in a row cannot be read that the release is to blame, not the requests."""


class _Told(NamedTuple):
    """What the requests of one record say."""

    offset: int
    outcomes: list[Outcome]


class _Plan(NamedTuple):
    """All that is written of one chunk, if nothing changes until then. `line`: that of the plans that it builds on."""

    attached: Attached
    parked: Write
    dead: Write
    writes: list[Write]
    line: int = 0


class _Chunk(NamedTuple):
    """What becomes one transaction; `plan`: what to write, where that was decided ahead."""

    name: str
    told: list[_Told]
    plan: _Plan | None = None


class WebhookConsumer:
    """Any number of them, in any number of processes, share the partitions of one log."""

    def __init__(self, installation: Installation, reader: LogReader, *, dead_limit: int = DEAD_LIMIT) -> None:
        self.installation = installation
        self.reader = reader
        self.dead_limit = dead_limit
        self.attaching = Attaching(installation)
        self.days = Days(installation.database, installation.clock)
        self.chores = Chores(installation, self.attaching)
        self._dead_in_row = 0
        self._astray = False
        self._planned: deque[dict[int, Reported]] = deque(maxlen=_AHEAD)
        """What the last chunks are about, as their plans leave it: the next is read before they are recorded."""
        self._line = self._planned_in = 0
        """One more whenever a chunk was not recorded as planned: no plan made before that holds."""

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; the chunk at hand is finished first. A database or log that is away is waited for.

        Raises PositionOutOfRangeError, TooManyDeadLettersError.
        """
        pause = 0.25
        while not stop.is_set():
            try:
                self.step(0.5)
                self.chores.do()
                pause = 0.25
            except _LATER as error:
                log.warning("webhooks wait: %s; trying again in %.1f s", type(error).__name__, pause)
                stop.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        self.chores.end()

    def step(self, timeout: float) -> int:
        """One poll, recorded; returns how many requests that were. After a failure it first goes back."""
        if self._astray:
            for name in self.reader.assigned():
                self.reader.seek(name, self._stored(name))
        self._astray = True
        taken = 0
        if polled := self.reader.poll(timeout, _POLL_RECORDS):
            with uncollected(), quick_turns():
                taken = self._take(polled)
        self._astray = False
        return taken

    def _take(self, polled: Mapping[str, Batch]) -> int:
        """Record what was polled, chunk by chunk; a partition that another consumer was at is left from there on."""
        taken, after = 0, {name: batch.after for name, batch in polled.items()}
        with closing(self._understood(polled)) as chunks:
            for chunk in chunks:
                name = chunk.name
                if name not in after:
                    self._line += 1
                    continue
                try:
                    taken += self._record_chunk(name, after[name], chunk.told, chunk.plan)
                    after[name] = chunk.told[-1].offset
                except PositionLostError:
                    del after[name]
                    self.reader.seek(name, self._stored(name))
                    log.info("%s: another consumer was here", name)
        return taken

    def _understood(self, polled: Mapping[str, Batch]) -> Generator[_Chunk, None, None]:
        """The chunks in order, each partition's in turn. While one is recorded, and the database works, the next ones
        are read and planned."""
        waiting = [(name, chunk) for name, batch in polled.items() for chunk in _chunks(batch.records)]
        if len(waiting) == 1:
            yield self._understand(*waiting[0])
        elif waiting:
            with ThreadPoolExecutor(1, "planning ahead") as ahead:
                self._planned.clear()
                self._line += 1
                coming = deque(ahead.submit(self._plan_ahead, *one) for one in waiting[:_AHEAD])
                for number in range(len(waiting)):
                    ready = coming.popleft().result()
                    coming.extend(ahead.submit(self._plan_ahead, *one) for one in waiting[number + _AHEAD :][:1])
                    yield ready

    def _plan_ahead(self, name: str, records: Sequence[Record]) -> _Chunk:
        """Whatever fails here fails again, and is dealt with, when it is recorded."""
        line, chunk = self._line, self._understand(name, records)
        if self._planned_in != line:
            self._planned.clear()
            self._planned_in = line
        with suppress(Exception):
            outcomes = _outcomes(chunk.told)
            known = self._newest(self.attaching.know(_notices(outcomes)))
            plan = self._plan(outcomes, known)
            self._planned.append(plan.attached.known)
            return chunk._replace(plan=plan._replace(line=line))
        return chunk

    def _understand(self, name: str, records: Sequence[Record]) -> _Chunk:
        find = found_once(self.installation.connections.get)
        return _Chunk(name, [_Told(record.offset, understand_record(name, record, find)) for record in records])

    def _newest(self, known: Known) -> Known:
        """As the plans before leave it; that is taken away from them, because it is planned on from here."""
        for planned in self._planned:
            for number in known.communications.keys() & planned.keys():
                newer = planned.pop(number)
                if newer.version > known.communications[number].version:
                    known.communications[number] = newer
        return known

    def _record_chunk(self, name: str, after: int, chunk: Sequence[_Told], plan: _Plan | None = None) -> int:
        """In halves where it cannot be recorded whole, down to the record to blame. Raises PositionLostError."""
        outcomes = _outcomes(chunk)
        move = Advance(name, after, chunk[-1].offset)
        try:
            self._record(outcomes, move, plan)
        except Exception as error:
            if _passes(error):
                raise
            if len(chunk) > 1:
                half = len(chunk) // 2
                first = self._record_chunk(name, after, chunk[:half])
                return first + self._record_chunk(name, chunk[half - 1].offset, chunk[half:])
            self._bury(outcomes, move, error)
        self.reader.recorded(name, move.to)
        return len(outcomes)

    def _stored(self, name: str) -> int:
        return self.installation.communications.recorder.positions([name]).get(name, BEGINNING)

    def _bury(self, outcomes: Sequence[Outcome], move: Advance, error: Exception) -> None:
        """A record that cannot be recorded holds up nobody else."""
        reason = f"{type(error).__name__} while recording it"
        log.error("%s offset %d: %s; put to the dead letters", move.name, move.to, reason)
        self._record([_dead(o, reason) for o in outcomes], move)

    def _record(self, outcomes: Sequence[Outcome], move: Advance, plan: _Plan | None = None) -> None:
        dead_in_row = self._count_dead(outcomes)
        self.days.ensure(outcomes)
        plans = [plan] if plan and plan.line == self._line else []
        done = persist(lambda: self._once(outcomes, move, plans.pop() if plans else None))
        self._dead_in_row = dead_in_row
        self._note(outcomes)
        counts = len(done.attached.events), len(done.parked.rows), len(done.dead.rows)
        log.info("%d webhooks: %d events, %d parked, %d dead", len(outcomes), *counts)
        if done.attached.events:
            self._wake_projector()

    def _once(self, outcomes: Sequence[Outcome], move: Advance, plan: _Plan | None) -> _Plan:
        """As planned, or by what is recorded now; returns what was written."""
        try:
            done = plan or self._plan(outcomes)
            self.installation.communications.recorder.insert(done.attached.events, advance=[move], writes=done.writes)
        except BaseException:
            self._line += 1
            raise
        return done

    def _plan(self, outcomes: Sequence[Outcome], known: Known | None = None) -> _Plan:
        """`known`: what was read about them, else it is read now."""
        now, master = self.installation.clock(), self.installation.master
        attached = self.attaching.attach(_notices(outcomes), known)
        parked, dead = park(attached.unmatched, master, now), bury(outcomes, now)
        writes = [keep_raw(outcomes, attached.about), parked, dead, to_confirm(outcomes, master, now)]
        return _Plan(attached, parked, dead, writes)

    def _note(self, outcomes: Sequence[Outcome]) -> None:
        """Unreadable or not: the provider called."""
        heard = {id(o.connection): (o.connection, o.arrival) for o in outcomes if o.connection and o.arrival}
        for connection, arrival in heard.values():
            self.chores.heard.note(connection, arrival.logged.request.received_at)

    def _count_dead(self, outcomes: Sequence[Outcome]) -> int:
        """How many are dead in a row at the end of these. Raises TooManyDeadLettersError; nothing is recorded then."""
        in_row = self._dead_in_row
        for outcome in outcomes:
            if not isinstance(outcome, Dead):
                in_row = 0
            elif outcome.suspect:
                in_row += 1
                if in_row >= self.dead_limit:
                    where = f"{outcome.place.log} offset {outcome.place.offset}"
                    raise TooManyDeadLettersError(
                        f"{in_row} webhooks in a row unreadable, at {where}: {outcome.reason}"
                    )
        return in_row

    def _wake_projector(self) -> None:
        with self.installation.database.one_statement() as connection:
            notify(connection, "sendtrail_appended")


def _passes(error: Exception) -> bool:
    """Errors that are not about this record. Class 54 (a limit of PostgreSQL's) is, although psycopg counts it so."""
    limit = isinstance(error, OperationalError) and (error.sqlstate or "").startswith("54")
    return isinstance(error, (*_LATER, PositionLostError, TooManyDeadLettersError)) and not limit


def _chunks(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Bounded in requests and bytes, because each becomes one transaction."""
    chunk: list[Record] = []
    requests = size = 0
    for record in records:
        more = how_many(record.frame)
        if chunk and (size + len(record.frame) > _CHUNK_BYTES or requests + more > _CHUNK_REQUESTS):
            yield chunk
            chunk, requests, size = [], 0, 0
        chunk.append(record)
        requests, size = requests + more, size + len(record.frame)
    if chunk:
        yield chunk


def _dead(outcome: Outcome, reason: str) -> Dead:
    if isinstance(outcome, Dead):
        return outcome
    return Dead(outcome.arrival.place, reason, outcome.arrival, outcome.connection)


def _outcomes(told: Iterable[_Told]) -> list[Outcome]:
    return [outcome for one in told for outcome in one.outcomes]


def _notices(outcomes: Iterable[Outcome]) -> list[Notice]:
    return [notice for outcome in outcomes if isinstance(outcome, Understood) for notice in outcome.notices]
