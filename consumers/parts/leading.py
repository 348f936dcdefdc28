"""Leads through a backlog in parts: one process each, of which this is the first."""

import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

from psycopg import Connection

from adapters.database.session import Database
from adapters.keys.ring import KeyRing
from consumers.parts import parting, worker
from consumers.parts.working import Part, project
from consumers.worker import Access
from consumers.workers import Workers, WorkersError
from projections.errors import ProjectionError

log = logging.getLogger(__name__)
LARGE = 30_000
"""Events of a backlog from which on other processes, which take a quarter of a second to begin, are worth it."""
TICK = 0.1
"""Seconds between looks at the other processes once our own part is done."""


class Crew(NamedTuple):
    """Of how many processes, this one included, and what the others are told of the installation."""

    processes: int
    access: Access


class Parting:
    """Without a crew it begins nothing, and goes on alone with what others have left."""

    def __init__(self, database: Database, keys: KeyRing, crew: Crew | None) -> None:
        self.database = database
        self.keys = keys
        self.crew = crew

    def begin(self, connection: "Connection[Any]", position: int) -> bool:
        """Whether there is enough behind the checkpoint at `position`, and it is parted now.

        Raises PositionLostError.
        """
        if self.crew is None:
            return False
        if (count := parting.behind(connection, position)) < LARGE:
            return False
        log.info("projecting %d events in %d parts", count, self.crew.processes)
        parting.set_out(self.database, connection, position, self.crew.processes)
        return True

    def through(self, connection: "Connection[Any]") -> Iterator[int]:
        """Events of our own batches (0 while we wait for others) until there are no parts.

        Where one cannot go on, the others do, so that all before its event is shown. Raises ProjectionError then.
        """
        while found := [one.part for one in parting.standing(connection)]:
            with self._others(found) as workers:
                yield from self._led(project(self.database, self.keys, found[:: self._processes]), workers)
            parting.arrive(self.database, found[0].until)

    def _led(self, ours: Iterator[int], workers: Workers) -> Iterator[int]:
        failed: Exception | None = None
        count: int | None = 0
        working = True
        while working:
            try:
                count = next(ours, None) if count is not None else None
                working = workers.at_work(TICK if count is None else 0) or count is not None
            except ProjectionError as error:
                failed, count = failed or error, None
            except WorkersError as error:
                failed = failed or error
            parting.follow(self.database)
            yield count or 0
        if isinstance(failed, WorkersError):
            raise ProjectionError(str(failed))
        if failed:
            raise failed

    def _others(self, parts: list[Part]) -> Workers:
        if self.crew is None:
            return Workers(worker.__name__, [], log.warning)
        shares = [parts[n :: self._processes] for n in range(1, self._processes)]
        told = [worker.Told(self.crew.access, share) for share in shares if share]
        return Workers(worker.__name__, told, log.warning)

    @property
    def _processes(self) -> int:
        return self.crew.processes if self.crew else 1
