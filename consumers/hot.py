"""What the projector keeps in memory between batches: folded communications and opened values, the last used ones."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from psycopg import Connection

import projections.engine
from adapters.database.queries import load
from adapters.database.session import statement
from adapters.keys.ring import KeyRing
from domain.values import Personal
from projections.engine import Happened
from projections.folded import Folded
from projections.personal import Opened

SQL = load(projections.engine.__file__)
COMMUNICATIONS = 10_000
VALUES = 100_000


class Hot:
    """Right as long as this projector alone has moved the checkpoint, and no key was destroyed since."""

    def __init__(self, keys: KeyRing) -> None:
        self.keys = keys
        self._folded: dict[UUID, Folded] = {}
        self._opened: dict[Personal, str] = {}

    def forget(self) -> None:
        """Everything, the customers' keys included."""
        self.keys.forget()
        self._folded.clear()
        self._opened.clear()

    def known(self, connection: "Connection[Any]", folding: Iterable[Happened]) -> dict[UUID, Folded]:
        """These communications as they were before these events, from memory or the tables; a new one is absent."""
        born = {h.event.originator_id for h in folding if h.event.originator_version == 1}
        wanted = {h.event.originator_id for h in folding} - born
        known = {key: self._folded[key] for key in wanted if key in self._folded}
        if missing := wanted - known.keys():
            cursor = connection.cursor(binary=True)
            for key, version, state in cursor.execute(statement(SQL["states"]), (list(missing),), prepare=True):
                known[key] = Folded.from_bytes(key, version, state)
        return known

    def opened(self, sealed: Iterable[Personal]) -> Opened:
        """The texts of at least these values."""
        if len(self._opened) > VALUES:
            self._opened.clear()
        if new := [value for value in sealed if value not in self._opened]:
            self._opened |= self.keys.open(new)
        return self._opened

    def remember(self, changed: Sequence[Folded]) -> None:
        """After the commit. The last used are the last in the dict."""
        for folded in changed:
            folded.settle()
            key = folded.communication.id
            self._folded.pop(key, None)
            self._folded[key] = folded
        while len(self._folded) > COMMUNICATIONS:
            del self._folded[next(iter(self._folded))]
