"""What the projector keeps in memory between batches: folded communications with their opened values, the last used."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from uuid import UUID

from adapters.keys.ring import KeyRing
from projections.engine import Happened, Rows, Stream, fold, keys_of, rows
from projections.folded import Folded

COMMUNICATIONS, CHARACTERS = 10_000, 30_000_000
"""Remembered at most: communications, and characters of their sealed values."""
Streams = Callable[[Sequence[UUID]], Iterator[list[Happened]]]
"""All earlier events of these communications, some whole streams at a time."""


class Hot:
    """Folded from events alone, whatever became of rows. Right until a key is destroyed, or events are read again."""

    def __init__(self, keys: KeyRing) -> None:
        self.keys = keys
        self._folded: dict[UUID, Folded] = {}
        self._characters = 0

    def forget(self) -> None:
        """Everything, the customers' keys included."""
        self.keys.forget()
        self._folded.clear()
        self._characters = 0

    def fold(self, folding: Sequence[Stream], earlier: Streams) -> list[Folded]:
        """These events into what came before them; returns the communications that they changed."""
        wanted = {one.id for one in folding if one.happened[0][1].originator_version > 1}
        known = {key: self._taken(key) for key in wanted if key in self._folded}
        for happened in earlier(sorted(wanted - known.keys())):
            for folded in fold(happened, known):
                folded.settle()
        return [(known.get(one.id) or Folded()).follow(one.happened) for one in folding]

    def rows(self, changed: Sequence[Folded]) -> Rows:
        return rows(changed, self.keys.opening(keys_of(changed)))

    def remember(self, changed: Iterable[Folded]) -> None:
        """Their rows are made. The last used are the last in the dict."""
        for folded in changed:
            folded.settle()
            self._characters += folded.size
            self._folded[folded.communication.id] = folded
        while len(self._folded) > COMMUNICATIONS or self._characters > CHARACTERS:
            self._taken(next(iter(self._folded)))

    def _taken(self, key: UUID) -> Folded:
        """No longer remembered, and its characters no longer counted, which will be more once it is."""
        folded = self._folded.pop(key)
        self._characters -= folded.size
        return folded
