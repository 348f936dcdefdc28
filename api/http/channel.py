"""One tenant's recent changes, each encoded once for all who watch the tenant."""

import asyncio
from collections import deque
from contextlib import suppress
from functools import cached_property
from uuid import UUID

from api.http.masking import masked
from projections.queries.changes import Batch, Changed, Kind

RECENT = 2000
"""Changes of one tenant that are held for its watchers."""
_EVENTS = {Kind.COMMUNICATION: b"communication.updated", Kind.ATTEMPT: b"attempt.updated"}


class Change:
    """A changed row and its server-sent event, but for the id."""

    def __init__(self, row: Changed) -> None:
        self.row = row

    @cached_property
    def event(self) -> bytes:
        return self._event(self.row.doc.encode())

    @cached_property
    def masked_event(self) -> bytes:
        return self._event(masked(self.row.doc))

    def _event(self, doc: bytes) -> bytes:
        return b"event: %s\ndata: %s\n\n" % (_EVENTS[self.row.kind], doc)


class Channel:
    """One tenant's recent changes: all those behind `floor`, up to `upto`."""

    def __init__(self, tenant_id: UUID, start: int) -> None:
        self.tenant_id = tenant_id
        self.floor = self.upto = start
        self.watchers = 0
        self._recent: deque[Change] = deque()
        self._moved = asyncio.Event()

    def add(self, batch: Batch) -> None:
        self._recent.extend(Change(row) for row in batch.changes)
        self.upto = batch.upto
        while len(self._recent) > RECENT:
            self.floor = self._recent.popleft().row.position
        self.wake()

    def wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    def since(self, place: int) -> list[Change] | None:
        """All changes behind a place, in order; None where it is too far back."""
        if place < self.floor:
            return None
        found: list[Change] = []
        for change in reversed(self._recent):
            if change.row.position <= place:
                break
            found.append(change)
        return found[::-1]

    async def wait(self, within: float) -> None:
        """Until something was added, or for `within` seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._moved.wait(), within)
