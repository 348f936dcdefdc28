"""Reads a sequence in order and never passes a place that a slower transaction may still fill.

Ids are given out before commit, so a reader can see 7 before 6. Contiguous ids need no check. At a gap the reader
asks which writers hold our shared lock, then reads again: a lock is let go only after its commit is visible, so what
is still missing belongs to one of them or was rolled back. Once all of those have ended, the gap is dead. Only our
own writers hold the lock: a foreign long transaction never stalls a reader. Works on the primary only.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from psycopg import Connection

from adapters.database.queries import load
from adapters.database.session import statement

SQL = load(__file__)
Row = tuple[Any, ...]
"""The id first, then whatever the sequence holds."""


class LockKey(NamedTuple):
    """An advisory lock as pg_locks names it: (0, key, 1) for a bigint key, (class, key, 2) for two integers."""

    classid: int
    objid: int
    objsubid: int


EVENTS_LOCK = LockKey(0, 7262, 1)
PAUSE = 0.01
"""Seconds between looks for writers."""


class GapSafeReader:
    """`fetch(connection, after, limit)` answers rows with id > after, ascending; the connection is in autocommit."""

    def __init__(self, fetch: Callable[["Connection[Any]", int, int], list[Row]], lock: LockKey, position: int) -> None:
        self.fetch = fetch
        self.lock = lock
        self.position = position
        self._suspects: set[str] = set()
        self._suspect_gap_below = position
        self._dead_below = position

    def read(self, connection: "Connection[Any]", limit: int) -> list[Row]:
        """The next rows, up to the first place that may still be filled; moves `position` behind them."""
        rows = self.fetch(connection, self.position, limit)
        if not rows or rows[-1][0] - self.position == len(rows):
            return self._take(rows)
        live = self._writers(connection)
        self._settle(live, top=rows[-1][0])
        return self._take(self._certain(self.fetch(connection, self.position, limit)))

    def _settle(self, live: set[str], top: int) -> None:
        """Every id below `top` was given out before the first read: whoever may fill it is live now, or never will."""
        if self._suspects and not self._suspects & live:
            self._dead_below, self._suspects = max(self._dead_below, self._suspect_gap_below), set()
        if not live:
            self._dead_below = max(self._dead_below, top)
        elif not self._suspects:
            self._suspects, self._suspect_gap_below = live, top

    def _certain(self, rows: list[Row]) -> list[Row]:
        expected = self.position + 1
        for count, row in enumerate(rows):
            if row[0] != expected and row[0] - 1 > self._dead_below:
                return rows[:count]
            expected = row[0] + 1
        return rows

    def _take(self, rows: list[Row]) -> list[Row]:
        if rows:
            self.position = rows[-1][0]
        return rows

    def _writers(self, connection: "Connection[Any]") -> set[str]:
        return writers(connection, self.lock)


def writers(connection: "Connection[Any]", lock: LockKey) -> set[str]:
    """The transactions that may yet fill a place below what is visible now."""
    found = connection.execute(statement(SQL["writers"]), lock, prepare=True).fetchone()
    return set(found[0]) if found else set()


def settled_head(connection: "Connection[Any]") -> int:
    """A position of the event store below which nothing can come any more. `connection` is in autocommit.

    Waits until every writer of this moment has ended: no id below the last one that is visible was given to another.
    """
    found = connection.execute(statement(SQL["head"])).fetchone()
    suspects = writers(connection, EVENTS_LOCK)
    while suspects := suspects & writers(connection, EVENTS_LOCK):
        time.sleep(PAUSE)
    return int(found[0]) if found else 0
