"""One aggregate while commands change it one after the other."""

from typing import Any

from eventsourcing.persistence import StoredEvent

from adapters.store.commands import Command
from adapters.store.mapper import EventMapper


class Stream:
    """One aggregate while commands change it one after the other; each change is collected at once."""

    def __init__(self, mapper: EventMapper) -> None:
        self.mapper = mapper
        self.found: Any = None
        self.position = 0
        self.made: list[Any] = []
        self._rows: list[StoredEvent] = []

    def load(self, stored: StoredEvent, position: int) -> None:
        self._rows.append(stored)
        self.found = self.mapper.to_domain_event(stored).mutate(self.found)  # type: ignore[attr-defined]
        self.position = position

    def run(self, command: Command) -> tuple[Any, list[StoredEvent]]:
        """The result and the new events. Raises what the command raises, and is then as it was before."""
        try:
            changed, result = command.run(self.found)
            stored = [self.mapper.to_stored_event(event) for event in changed.pending_events] if changed else []
        except BaseException:
            self._restore()
            raise
        if changed is None:
            self._restore()
        else:
            self.found = changed
            self.made += changed.collect_events()
        return result, stored

    def _restore(self) -> None:
        """A command that stopped half-way may have left something behind."""
        if self.found is None or not self.found.pending_events:
            return
        found: Any = None
        for stored in self._rows:
            found = self.mapper.to_domain_event(stored).mutate(found)  # type: ignore[attr-defined]
        for event in self.made:
            found = event.mutate(found)
        self.found = found
