"""Batches of events into the read models: read, fold, open what is sealed, write and move on, all or nothing."""

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from eventsourcing.persistence import MapperDeserialisationError, StoredEvent
from eventsourcing.utils import TopicError
from psycopg import Connection

import projections.attempt_log
import projections.engine
import projections.overview
import projections.timeline
from adapters.database.queries import load
from adapters.database.session import Database, Write, statement, write
from adapters.keys.ring import KeyRing
from adapters.store.errors import PositionLostError
from adapters.store.mapper import EventMapper
from adapters.store.reader import EVENTS_LOCK, GapSafeReader, Row, events_after
from consumers.hot import Hot
from projections.engine import Happened, Meaning, Rows, fold, meaning, retell, rows, sealed
from projections.errors import ProjectionError, UnprojectedEventError
from projections.folded import Folded

SQL = load(__file__) | load(projections.engine.__file__)
PUT_OVERVIEW = load(projections.overview.__file__)["put"]
PUT_ATTEMPTS = load(projections.attempt_log.__file__)["put"]
PUT_TIMELINE = load(projections.timeline.__file__)["put"]
NAMES = ["attempt_log", "overview", "timeline"]
MOST, FIRST = 5000, 500
"""Events in one transaction: at most, and at first."""
QUICK, SLOW = 0.5, 2.0
"""Seconds for a full batch: below, the next may be larger; above, it must be smaller."""
RETOLD_AT_ONCE = 200
"""Communications that an erasure reads whole at a time."""


class Projecting:
    """Reads on from the checkpoint. After any error, `begin` again: what is in memory may be ahead of the tables."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self.database = database
        self.mapper = EventMapper()
        self.limit = FIRST
        self.reader = GapSafeReader(events_after, EVENTS_LOCK, 0)
        self._hot = Hot(keys)

    def begin(self) -> None:
        """Go on from the checkpoint. Raises ProjectionError where the read models stand at different places."""
        self._hot.forget()
        with self.database.transaction() as connection:
            connection.execute(statement(SQL["begin"]), (NAMES,))
            found = {row[1] for row in connection.execute(statement(SQL["positions"]), (NAMES,)).fetchall()}
        if len(found) != 1:
            raise ProjectionError("the read models stand at different places; rebuild them")
        self.reader = GapSafeReader(events_after, EVENTS_LOCK, found.pop())

    def step(self, connection: "Connection[Any]") -> int:
        """Project what is there, up to one batch; returns how many events that were. `connection` is in autocommit.

        Raises PositionLostError where another projector was quicker, UnprojectedEventError when the next event is one
        that nobody decided about. Nothing is written in either case.
        """
        expected, begun = self.reader.position, time.monotonic()
        stored = self.reader.read(connection, self.limit)
        if not stored:
            return 0
        with _uncollected():
            happened = self._decode(stored)
            self._project(happened, expected)
        self.reader.position = happened[-1].position
        self._adapt(len(stored), time.monotonic() - begun)
        return len(happened)

    def _project(self, happened: Sequence[Happened], expected: int) -> None:
        folding = [h for h in happened if meaning(h.event) is Meaning.FOLD]
        erasing = [h for h in happened if meaning(h.event) is Meaning.ERASE]
        if erasing:
            self._hot.forget()
        with self.database.transaction() as connection:
            self._advance(connection, expected, happened[-1].position)
            changed = fold(folding, self._hot.known(connection, folding))
            made = self._rows(changed)
            write(connection, [*_shown(made), Write(SQL["put_states"], made.states), Write(SQL["put_keys"], made.keys)])
            if erasing:
                self._retell(connection, erasing, happened[-1].position)
        self._hot.remember(changed)

    def _advance(self, connection: "Connection[Any]", expected: int, to: int) -> None:
        """First of all: it holds the checkpoint, so that no other projector reads states that are about to change."""
        values = {"names": NAMES, "expected": expected, "to": to}
        if connection.execute(statement(SQL["advance"]), values).rowcount != len(NAMES):
            raise PositionLostError(f"the read models are no longer at {expected}")

    def _rows(self, changed: Sequence[Folded]) -> Rows:
        return rows(changed, self._hot.opened(sealed(changed)))

    def _retell(self, connection: "Connection[Any]", erasing: list[Happened], until: int) -> None:
        """Write every row anew that showed a value whose key is gone."""
        keys = [UUID(key) for h in erasing for key in h.event.key_ids]
        ids = [row[0] for row in connection.execute(statement(SQL["sealed_under"]), (keys,)).fetchall()]
        cursor = connection.cursor(binary=True)
        for start in range(0, len(ids), RETOLD_AT_ONCE):
            some = ids[start : start + RETOLD_AT_ONCE]
            streams = cursor.execute(statement(SQL["streams_until"]), (some, until)).fetchall()
            write(connection, _shown(self._rows(retell(self._decode(streams), erasing))))

    def _decode(self, stored: Sequence[Row]) -> list[Happened]:
        """Up to the first event that nobody decided about; if that is the very first, raises UnprojectedEventError."""
        happened: list[Happened] = []
        for position, _, originator, version, topic, state in stored:
            try:
                event = self.mapper.to_domain_event(StoredEvent(originator, version, topic, state))
                meaning(event)
            except (TopicError, UnprojectedEventError, MapperDeserialisationError) as error:
                if happened:
                    break
                place = f"{topic}, version {version} of {originator}, at position {position}"
                raise UnprojectedEventError(f"the read models stop before {place}: {error}") from error
            happened.append(Happened(position, event))
        return happened

    def _adapt(self, count: int, seconds: float) -> None:
        if seconds > SLOW:
            self.limit = max(1, self.limit // 2)
        elif count == self.limit and seconds < QUICK:
            self.limit = min(MOST, self.limit * 2)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing in a batch is cyclic, and looking for cycles among its many objects would take two fifths of its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _shown(made: Rows) -> list[Write]:
    return [
        Write(PUT_OVERVIEW, made.overview),
        Write(PUT_ATTEMPTS, made.attempts),
        Write(PUT_TIMELINE, made.timeline),
    ]
