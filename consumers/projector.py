"""The loop that keeps the read models up to date. Any number may run: one works, the others stand by."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from psycopg import Connection, OperationalError

from adapters.database.session import Database, statement
from adapters.keys.ring import KeyRing
from adapters.store.errors import PositionLostError
from consumers.lead import Lead
from consumers.projecting import NAMES, SQL, Projecting
from consumers.uncollected import look_through, quick_turns, uncollected

log = logging.getLogger(__name__)
LOCK = 7265
"""The advisory lock of whoever leads."""
APPENDED, PROJECTED = "sendtrail_appended", "sendtrail_projected"
"""Channels: there are new events; the read models stand at the position in the payload."""
POLL = 0.05
STANDBY = 0.25
LONGEST_WAIT = 5.0


class Lag(NamedTuple):
    """`head` is the position of the last event; `behind` the distance to it, so at most that many events."""

    projection: str
    position: int
    head: int
    behind: int


class Projector:
    """Needs four connections of the pool at a time."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self.database = database
        self.projecting = Projecting(database, keys)

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. Waits for a database that is away. Raises UnprojectedEventError before an unknown event."""
        pause = POLL
        while not stop.is_set():
            try:
                with Lead(self.database, LOCK, APPENDED) as lead, self._reading() as connection:
                    pause = POLL
                    self._lead(lead, connection, stop)
            except OperationalError as error:
                log.warning("the database is away (%s); trying again", type(error).__name__)
                look_through()
                stop.wait(pause)
                pause = min(pause * 2, LONGEST_WAIT)

    def run_once(self) -> int:
        """Project all that is there now, beside any other projector; returns how many events this one did."""
        with self._reading() as connection:
            self.projecting.begin()
            return sum(self._stretch(connection))

    def lag(self) -> list[Lag]:
        """Where each projection stands."""
        with self.database.transaction() as connection:
            connection.execute(statement(SQL["begin"]), (NAMES,))
            found = connection.execute(statement(SQL["positions"]), (NAMES,)).fetchall()
        return [Lag(name, position, head, head - position) for name, position, head in found]

    def _lead(self, lead: Lead, connection: "Connection[Any]", stop: threading.Event) -> None:
        while not lead.take():
            if stop.wait(STANDBY):
                return
        self.projecting.begin()
        while not stop.is_set():
            for _ in self._stretch(connection):
                lead.wait(0)
                if stop.is_set():
                    return
            lead.wait(POLL)

    def _stretch(self, connection: "Connection[Any]") -> Iterator[int]:
        """Events of one batch after another (0 where another projector was quicker), until there is nothing more."""
        with uncollected(unseen=True), quick_turns():
            while (count := self._step(connection)) != 0:
                yield count or 0

    def _step(self, connection: "Connection[Any]") -> int | None:
        """None where another projector was quicker: then it goes on from where that one is."""
        try:
            return self.projecting.step(connection)
        except PositionLostError:
            self.projecting.begin()
            look_through()
            return None

    @contextmanager
    def _reading(self) -> Iterator["Connection[Any]"]:
        """A connection in autocommit: the reader must see what was committed a moment ago."""
        with self.database.pool.connection() as connection:
            connection.set_autocommit(True)
            try:
                yield connection
            finally:
                self.projecting.rest()
                if not connection.closed:
                    connection.set_autocommit(False)
