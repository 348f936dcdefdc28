"""The loop that takes webhooks from the log and records each exactly once, whatever is killed when.

Everything that follows from a chunk of one partition is one transaction: the partition's position (moved first, by
compare-and-set), the events, the raw requests, parked reports and dead letters.
"""

import gc
import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing

from psycopg import OperationalError

from adapters.bootstrap import Installation
from adapters.database.session import notify
from adapters.store.communications import persist
from adapters.store.errors import BusyError, PositionLostError
from adapters.store.recorder import Advance
from adapters.webhook_log.port import BEGINNING, LogReader, LogUnavailableError
from consumers.arrivals import Dead, Outcome
from consumers.attaching import Attaching
from consumers.chores import Chores
from consumers.keeping import Days
from consumers.planning import Plan, Planning, Polled, Told, outcomes_of
from consumers.uncollected import quick_turns, uncollected

log = logging.getLogger(__name__)
DEAD_LIMIT = 100
"""Unreadable requests in a row after which it stops: that is a bad release."""
_POLL_RECORDS = 2000
_STRETCH = 2.0
"""Seconds that a backlog is worked on without a pause; in a pause, nothing is planned ahead."""
_LONGEST_PAUSE = 15.0
_LATER = (LogUnavailableError, BusyError, OperationalError)
"""Nothing is lost and nothing was recorded: try again."""


class TooManyDeadLettersError(Exception):
    """So many requests in a row cannot be read that the release is to blame, not the requests."""


class WebhookConsumer:
    """Any number of them, in any number of processes, share the partitions of one log."""

    def __init__(self, installation: Installation, reader: LogReader, *, dead_limit: int = DEAD_LIMIT) -> None:
        self.installation = installation
        self.reader = reader
        self.dead_limit = dead_limit
        self.attaching = Attaching(installation)
        self.days = Days(installation.database, installation.clock)
        self.chores = Chores(installation, self.attaching)
        self.planning = Planning(installation, self.attaching)
        self._dead_in_row = 0
        self._astray = False

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; what is at hand is finished first. A database or log that is away is waited for.

        Raises PositionOutOfRangeError, TooManyDeadLettersError.
        """
        gc.freeze()  # the application itself is not looked through between batches
        pause = 0.25
        while not stop.is_set():
            try:
                self.step(0.5, _for_a_stretch(stop))
                self.chores.do()
                pause = 0.25
            except _LATER as error:
                log.warning("webhooks wait: %s; trying again in %.1f s", type(error).__name__, pause)
                stop.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        self.chores.end()

    def step(self, timeout: float, go_on: Callable[[], bool] = lambda: False) -> int:
        """One poll, recorded; returns how many requests that were. After a failure it first goes back.

        Of a backlog, more is polled while the first is recorded, as long as `go_on` says so.
        """
        if self._astray:
            for name in self.reader.assigned():
                self.reader.seek(name, self._stored(name))
        self._astray = True
        taken = 0
        if polled := self.reader.poll(timeout, _POLL_RECORDS):
            with uncollected(), quick_turns():
                taken = self._take(polled, go_on)
        self._astray = False
        return taken

    def _take(self, polled: Polled, go_on: Callable[[], bool] = lambda: False) -> int:
        """Record what was polled, chunk by chunk; a partition that another consumer was at is left from there on."""
        taken = 0
        lost: set[str] = set()

        def more() -> Polled:
            return self.reader.poll(0, _POLL_RECORDS) if go_on() and not lost else {}

        with closing(self.planning.chunks(polled, more)) as chunks:
            for name, after, told, plan in chunks:
                if name in lost:
                    self.planning.miss()
                    continue
                try:
                    taken += self._record_chunk(name, after, told, plan)
                except PositionLostError:
                    lost.add(name)
                    log.info("%s: another consumer was here", name)
        for name in lost:  # now that nobody polls ahead
            self.reader.seek(name, self._stored(name))
        return taken

    def _record_chunk(self, name: str, after: int, chunk: Sequence[Told], plan: Plan | None = None) -> int:
        """In halves where it cannot be recorded whole, down to the record to blame. Raises PositionLostError."""
        outcomes = outcomes_of(chunk)
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

    def _record(self, outcomes: Sequence[Outcome], move: Advance, plan: Plan | None = None) -> None:
        dead_in_row = self._count_dead(outcomes)
        self.days.ensure(outcomes)
        plans = [plan] if plan and self.planning.holds(plan) else []
        done = persist(lambda: self._once(outcomes, move, plans.pop() if plans else None))
        self._dead_in_row = dead_in_row
        self._note(outcomes)
        counts = len(done.attached.events), len(done.parked.rows), len(done.dead.rows)
        log.info("%d webhooks: %d events, %d parked, %d dead", len(outcomes), *counts)
        if done.attached.events:
            self._wake_projector()

    def _once(self, outcomes: Sequence[Outcome], move: Advance, plan: Plan | None) -> Plan:
        """As planned, or by what is recorded now; returns what was written."""
        try:
            done = plan or self.planning.plan(outcomes)
            self.installation.communications.recorder.insert(done.attached.events, advance=[move], writes=done.writes)
        except BaseException:
            self.planning.miss()
            raise
        return done

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


def _for_a_stretch(stop: threading.Event) -> Callable[[], bool]:
    until = time.monotonic() + _STRETCH
    return lambda: not stop.is_set() and time.monotonic() < until


def _passes(error: Exception) -> bool:
    """Errors that are not about this record. Class 54 (a limit of PostgreSQL's) is, although psycopg counts it so."""
    limit = isinstance(error, OperationalError) and (error.sqlstate or "").startswith("54")
    return isinstance(error, (*_LATER, PositionLostError, TooManyDeadLettersError)) and not limit


def _dead(outcome: Outcome, reason: str) -> Dead:
    if isinstance(outcome, Dead):
        return outcome
    return Dead(outcome.arrival.place, reason, outcome.arrival, outcome.connection)
