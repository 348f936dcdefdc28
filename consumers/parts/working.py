"""A part of a backlog, from where it stands to its end. Any number may be at it: who is overtaken changes nothing.

It goes on by large windows. What changed in one is told whole, each communication once, some at a time: rows may be
ahead of the part's position, which moves with the last of them, but never behind it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.errors import DeadlockDetected

from adapters.database.queries import load
from adapters.database.session import Database, statement, write
from adapters.keys.ring import KeyRing
from adapters.store.errors import PositionLostError
from consumers.projecting import PENDING_OF_BACKLOG, puts
from consumers.telling import Erasures, Telling, whole_streams
from consumers.uncollected import look_through, uncollected
from projections.engine import Rows
from projections.errors import ProjectionError, UnprojectedEventError

SQL = load(__file__)
POOL_SIZE = 2
"""Connections that it needs."""
WINDOW = 100_000
"""Events of a part, about, after which it moves: the larger, the fewer communications are met in several."""
TOLD_AT_ONCE = 300
"""Communications, in one transaction."""


class Part(NamedTuple):
    """The communications whose ids' hashes leave `number` when divided by `parts`; their events up to `until`.

    Nothing can come before `until` any more.
    """

    number: int
    parts: int
    until: int


def project(database: Database, keys: KeyRing, parts: Iterable[Part]) -> Iterator[int]:
    """Events of one transaction after another, until there are no more; one part after the other.

    Where one cannot go on, the next do all the same. Raises UnprojectedEventError then.
    """
    failed: ProjectionError | None = None
    for part in parts:
        try:
            yield from Working(database, keys, part).run()
        except ProjectionError as error:
            failed = failed or error
    if failed:
        raise failed


class Working:
    """Keeps nothing from one window to the next."""

    def __init__(self, database: Database, keys: KeyRing, part: Part) -> None:
        self.database = database
        self.keys = keys
        self.part = part

    def run(self) -> Iterator[int]:
        """Raises UnprojectedEventError right before an unknown event."""
        failed, stop = None, self.part.until
        while (position := self.position()) < stop:
            try:
                yield from self.window(position, min(position + WINDOW * self.part.parts, stop))
            except UnprojectedEventError as error:
                failed, stop = error, error.position - 1
            except (PositionLostError, DeadlockDetected):
                look_through()
        if failed:
            raise failed

    def position(self) -> int:
        """A part that is no longer there has come to its end."""
        with self.database.transaction() as connection:
            found = connection.execute(statement(SQL["position"]), self.part).fetchone()
        return int(found[0]) if found else self.part.until

    def window(self, after: int, to: int) -> Iterator[int]:
        """From where the part stands. Raises PositionLostError where it does not stand there any more."""
        with uncollected(unseen=True):
            telling, ids = self._changed(after, to)
            starts = range(0, len(ids), TOLD_AT_ONCE) or [0]
            for start in starts:
                moved = to if start == starts[-1] else after
                yield self._tell(telling, ids[start : start + TOLD_AT_ONCE], after, to, moved)

    def _changed(self, after: int, to: int) -> tuple[Telling, list[UUID]]:
        erasures = Erasures(after)
        with self.database.transaction() as connection:
            erasures.read(connection, to)
            if gone := erasures.keys(after, to):
                self.keys.forget()
            values = {"after": after, "to": to, "keys": gone, "parts": self.part.parts, "number": self.part.number}
            found = connection.cursor(binary=True).execute(statement(SQL["changed"]), values).fetchall()
        return Telling(self.keys, erasures), [row[0] for row in found]

    def _tell(self, telling: Telling, ids: Sequence[UUID], after: int, to: int, moved: int) -> int:
        with self.database.transaction() as connection:
            streams = whole_streams(connection, ids, to)
            made = _since(after, telling.rows(streams))
            self._move(connection, after, moved)
            write(connection, puts(made))
        return sum(position > after for position, *_ in streams)

    def _move(self, connection: "Connection[Any]", after: int, to: int) -> None:
        number, parts, _ = self.part
        values = {"number": number, "parts": parts, "expected": after, "to": to, "pending": PENDING_OF_BACKLOG}
        if connection.execute(statement(SQL["move"]), values).rowcount != 1:
            raise PositionLostError(f"part {number} of {parts} is no longer at {after}")


def _since(after: int, made: Rows) -> Rows:
    """Those that changed; the others are there, and stand where an erasure may have touched them before."""
    overview = [row for row in made.overview if row.position > after]
    return Rows(overview, [row for row in made.attempts if row.position > after], made.keys)
