"""Parts of a backlog, from where they stand to their end. Any number may be at each: every event counts once."""

from collections.abc import Iterable, Iterator

from psycopg.errors import DeadlockDetected

from adapters.database.session import Database
from adapters.keys.ring import KeyRing
from adapters.store.errors import PositionLostError
from consumers.places import Part
from consumers.projecting import Projecting
from consumers.uncollected import look_through, quick_turns, uncollected
from projections.errors import ProjectionError

POOL_SIZE = 3
"""Connections that it needs."""


def project(database: Database, keys: KeyRing, parts: Iterable[Part]) -> Iterator[int]:
    """Events of one batch after another, until there are no more; one part after the other.

    Where one cannot go on, the next do all the same. Raises UnprojectedEventError then.
    """
    failed: ProjectionError | None = None
    for part in parts:
        try:
            yield from _project(Projecting(database, keys, part), part.until)
        except ProjectionError as error:
            failed = failed or error
    if failed:
        raise failed


def _project(projecting: Projecting, until: int) -> Iterator[int]:
    with projecting.reading() as connection, uncollected(unseen=True), quick_turns():
        projecting.begin()
        while projecting.position < until:
            try:
                yield projecting.step(connection)
            except (PositionLostError, DeadlockDetected):
                projecting.begin()
                look_through()
