"""One part of a backlog, from where it stands to its end. Any number may be at it: each event counts once."""

from collections.abc import Iterator

from psycopg.errors import DeadlockDetected

from adapters.database.session import Database
from adapters.keys.ring import KeyRing
from adapters.store.errors import PositionLostError
from consumers.places import Part
from consumers.projecting import Projecting
from consumers.uncollected import look_through, quick_turns, uncollected

POOL_SIZE = 3
"""Connections that it needs."""


def project(database: Database, keys: KeyRing, part: Part) -> Iterator[int]:
    """Events of one batch after another, until there are no more. Raises UnprojectedEventError, MissingKeyError."""
    projecting = Projecting(database, keys, part)
    with projecting.reading() as connection, uncollected(unseen=True), quick_turns():
        projecting.begin()
        while projecting.position < part.until:
            try:
                yield projecting.step(connection)
            except (PositionLostError, DeadlockDetected):
                projecting.begin()
                look_through()
