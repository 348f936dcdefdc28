"""Communications as they were last recorded, so that the next report about one costs reading only what came after."""

from collections.abc import Iterable
from uuid import UUID

from domain.communication import InvoiceCommunication

MOST_EVENTS = 20_000
"""Of all that are remembered together: some tens of megabytes."""


class Recent:
    """For one thread. What is taken out comes back only once what was done to it is recorded: nothing else is true."""

    def __init__(self, most_events: int = MOST_EVENTS) -> None:
        self.most_events = most_events
        self._known: dict[UUID, InvoiceCommunication] = {}
        self._events = 0

    def take(self, ids: Iterable[UUID]) -> dict[UUID, InvoiceCommunication]:
        """Those of them that are remembered; they no longer are."""
        taken = {one: known for one in ids if (known := self._known.pop(one, None)) is not None}
        self._events -= sum(known.version for known in taken.values())
        return taken

    def keep(self, recorded: Iterable[InvoiceCommunication]) -> None:
        """The oldest make room for the newest."""
        for communication in recorded:
            before = self._known.pop(communication.id, None)
            self._known[communication.id] = communication
            self._events += communication.version - (before.version if before else 0)
        while self._events > self.most_events:
            self.take([next(iter(self._known))])
