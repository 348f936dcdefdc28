"""One aggregate while commands change it one after the other."""

from collections.abc import Sequence
from typing import Any

from adapters.store.commands import Command
from adapters.store.mapper import EventMapper


class Stream:
    """One aggregate while commands change it one after the other; each change is collected at once.

    `read`: how many events it had; `made` came since, and `written` are their topics and states.
    """

    __slots__ = ("_rows", "found", "ids", "made", "mapper", "position", "read", "written")

    def __init__(self, mapper: EventMapper) -> None:
        self.mapper = mapper
        self.found: Any = None
        self.read = 0
        self.position = 0
        self.made: list[Any] = []
        self.written: list[tuple[str, bytes]] = []
        self.ids: Sequence[int] = ()
        self._rows: list[tuple[Any, ...]] = []

    def load(self, row: tuple[Any, ...]) -> None:
        """An event as the recorder reads it."""
        self._rows.append(row)
        self.found = self.mapper.read(*row[:4]).mutate(self.found)  # type: ignore[attr-defined]
        self.read, self.position = row[1], row[5]

    def run(self, command: Command) -> "tuple[Any, Sequence[tuple[str, bytes]]]":
        """The result, and its events' topics and states. Raises what the command raises, and is then as before."""
        try:
            changed, result = command.run(self.found)
            written = [self.mapper.write(event) for event in changed.pending_events] if changed is not None else []
        except BaseException:
            self._restore()
            raise
        if changed is None:
            self._restore()
            return result, ()
        self.found = changed
        self.made += changed.collect_events()
        self.written += written
        return result, written

    @property
    def version(self) -> int:
        return self.read + len(self.made)

    def position_at(self, version: int) -> int:
        """The global position of its `version`th event, once what was made has its `ids`."""
        return self.ids[version - self.read - 1] if version > self.read else self.position

    def _restore(self) -> None:
        """A command that stopped half-way may have left something behind."""
        if self.found is None or not self.found.pending_events:
            return
        found: Any = None
        for row in self._rows:
            found = self.mapper.read(*row[:4]).mutate(found)  # type: ignore[attr-defined]
        for event in self.made:
            found = event.mutate(found)
        self.found = found
