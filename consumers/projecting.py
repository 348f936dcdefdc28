"""Batches of events into the read models, all or nothing each: one is written while the next is made."""

import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any
from uuid import UUID

from psycopg import Connection

import projections.attempt_log
import projections.engine
import projections.overview
from adapters.database.arrays import makers
from adapters.database.queries import load
from adapters.database.session import Database, Write, statement, write
from adapters.keys.ring import KeyRing
from adapters.store.errors import PositionLostError
from consumers.batches import Batch, Batches
from consumers.hot import Hot
from projections.engine import Happened, KeyUse, Rows, retell
from projections.errors import ProjectionError

SQL = load(projections.engine.__file__)
PUT_OVERVIEW = load(projections.overview.__file__)["put"]
PUT_ATTEMPTS = load(projections.attempt_log.__file__)["put"]
OVERVIEW, ATTEMPTS, KEYS = map(makers, (projections.overview.Row, projections.attempt_log.Row, KeyUse))
NAMES = ["attempt_log", "overview"]
MOST, FIRST = 2000, 250
"""Events in one transaction: at most, and at first, while PostgreSQL waits for them."""
AHEAD_FROM = 100
"""Events in a batch from which on more are probably waiting."""
PENDING, PENDING_OF_BACKLOG = "64", "4096"
"""kB that a search index puts off sorting in: 2 ms at a time while somebody watches, 40 ms while a backlog is eaten."""
QUICK, SLOW = 0.5, 2.0
"""Seconds for a full batch: below, the next may be larger; above, it must be smaller."""


class Projecting:
    """Reads on from the checkpoint. After any error, `begin` again: what is in memory may be ahead of the tables."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self.database = database
        self.limit = FIRST
        self.position = 0
        """Where the read models stand."""
        self._hot = Hot(keys)
        self._batches = Batches(self._hot, 0)
        self._thread = ThreadPoolExecutor(1, "projecting")
        self._ahead: Future[Batch | None] | None = None

    def begin(self) -> None:
        """Go on from the checkpoint. Raises ProjectionError where the read models stand at different places."""
        self.rest()
        self._hot.forget()
        with self.database.transaction() as connection:
            connection.execute(statement(SQL["begin"]), (NAMES,))
            found = {row[1] for row in connection.execute(statement(SQL["positions"]), (NAMES,)).fetchall()}
        if len(found) != 1:
            raise ProjectionError("the read models stand at different places; rebuild them")
        self.position = found.pop()
        self._batches = Batches(self._hot, self.position)

    def step(self, connection: "Connection[Any]") -> int:
        """Project what is there, up to one batch; returns how many events that were. `connection` is in autocommit.

        Raises PositionLostError where another projector was quicker, UnprojectedEventError when the next event is one
        that nobody decided about. Nothing is written in either case.
        """
        begun = time.monotonic()
        batch = self._next(connection)
        if batch is None:
            return 0
        if batch.size >= AHEAD_FROM and not batch.erasing:
            self._ahead = self._thread.submit(self._batches.next, connection, self.limit)
        try:
            self._write(batch)
        except BaseException:
            self.rest()
            raise
        self.position = batch.to
        self._adapt(batch.size, time.monotonic() - begun)
        return batch.size

    def rest(self) -> None:
        """Wait for what is being read ahead, and drop it: `begin` before the next step."""
        if self._ahead is not None:
            wait([self._ahead])
            self._ahead = None

    def _next(self, connection: "Connection[Any]") -> Batch | None:
        """What was read ahead; where nothing was there then, what is there now."""
        ahead, self._ahead = self._ahead, None
        found = ahead.result() if ahead is not None else None
        return found or self._batches.next(connection, self.limit)

    def _write(self, batch: Batch) -> None:
        with self.database.transaction() as connection:
            self._advance(connection, batch)
            write(connection, puts(batch.rows))
            if batch.erasing:
                self._retell(connection, batch.erasing, batch.to)

    def _advance(self, connection: "Connection[Any]", batch: Batch) -> None:
        """First of all: whoever holds the checkpoint is the only one to write rows."""
        pending = PENDING if batch.size < AHEAD_FROM else PENDING_OF_BACKLOG
        values = {"names": NAMES, "expected": batch.after, "to": batch.to, "pending": pending}
        if connection.execute(statement(SQL["advance"]), values).rowcount != len(NAMES):
            raise PositionLostError(f"the read models are no longer at {batch.after}")

    def _retell(self, connection: "Connection[Any]", erasing: list[Happened], until: int) -> None:
        """Write every row anew that showed a value whose key is gone. Nothing is read ahead meanwhile."""
        keys = [UUID(key) for h in erasing for key in h.event.key_ids]
        ids = [row[0] for row in connection.execute(statement(SQL["sealed_under"]), (keys,)).fetchall()]
        for streams in self._batches.streams(connection, ids, until):
            told = retell(streams, erasing)
            write(connection, _shown(self._hot.rows(told)))

    def _adapt(self, count: int, seconds: float) -> None:
        if seconds > SLOW:
            self.limit = max(1, self.limit // 2)
        elif count == self.limit and seconds < QUICK:
            self.limit = min(MOST, self.limit * 2)


def puts(made: Rows) -> list[Write]:
    return [*_shown(made), Write(SQL["put_keys"], made.keys, KEYS)]


def _shown(made: Rows) -> list[Write]:
    return [Write(PUT_OVERVIEW, made.overview, OVERVIEW), Write(PUT_ATTEMPTS, made.attempts, ATTEMPTS)]
