"""The loop that keeps the read models up to date. Any number may run: one works, the others stand by."""

import logging
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

from psycopg import Connection, OperationalError

from adapters.database.session import Database, statement
from adapters.keys.ring import KeyRing
from adapters.store.errors import PositionLostError
from consumers.lead import Lead
from consumers.parts import parting
from consumers.parts.leading import Crew, Parting
from consumers.parts.parting import Standing
from consumers.projecting import MOST, NAMES, SQL, Projecting
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
    """Needs four connections of the pool at a time, and two more for a backlog in parts."""

    def __init__(self, database: Database, keys: KeyRing, crew: Crew | None = None) -> None:
        self.database = database
        self.projecting = Projecting(database, keys)
        self.parting = Parting(database, keys, crew)
        self._busy = True
        """Whether there may be many events to come."""

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
            return sum(self._stretch(connection, anew=True))

    def lag(self) -> list[Lag]:
        """Where each projection stands."""
        with self.database.transaction() as connection:
            connection.execute(statement(SQL["begin"]), (NAMES,))
            found = connection.execute(statement(SQL["positions"]), (NAMES,)).fetchall()
        return [Lag(name, position, head, head - position) for name, position, head in found]

    def parts(self) -> list[Standing]:
        """Of a backlog that is being projected, where it is in parts."""
        with self.database.transaction() as connection:
            return parting.standing(connection)

    def _lead(self, lead: Lead, connection: "Connection[Any]", stop: threading.Event) -> None:
        while not lead.take():
            if stop.wait(STANDBY):
                return
        anew = True
        while not stop.is_set():
            with closing(self._stretch(connection, anew=anew)) as stretch:
                for _ in stretch:
                    lead.wait(0)
                    if stop.is_set():
                        return
            anew = False
            lead.wait(POLL)

    def _stretch(self, connection: "Connection[Any]", *, anew: bool) -> Generator[int, None, None]:
        """Events of one batch after another (0 where another projector was quicker), until there is nothing more.

        `anew`: from the checkpoint.
        """
        with uncollected(unseen=True), quick_turns():
            if anew:
                yield from self._begun(connection)
            while (count := self._step(connection)) != 0:
                yield count or 0
                if count is None:
                    yield from self._begun(connection)

    def _begun(self, connection: "Connection[Any]") -> Generator[int, None, None]:
        """Goes on from the checkpoint; from the parts of a backlog first, where there are any."""
        yield from self.parting.through(connection)
        self.projecting.begin()
        self._busy = True

    def _step(self, connection: "Connection[Any]") -> int | None:
        """None where it has to begin again: another projector was quicker, or there are parts now."""
        try:
            if self._busy and self.parting.begin(connection, self.projecting.position):
                return None
            count = self.projecting.step(connection)
        except PositionLostError:
            look_through()
            return None
        self._busy = count >= MOST
        return count

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
