"""Changes as they happen, for everyone who watches a tenant: read once, encoded once, sent to many.

A watcher has a place in the order of positions and no queue. What is behind its place comes from the tenant's recent
changes or, where it is further back than those reach, from the read models. So a watcher may be as slow as it likes and
resume wherever it stopped; it costs no memory and loses nothing.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from psycopg import OperationalError

from api.http.channel import Change, Channel
from api.http.waiting import Projected
from projections.queries.asking import Ask
from projections.queries.changes import CHECKPOINT, Batch, changes

log = logging.getLogger(__name__)
PAGE = 500
_RETRY = 0.5
"""Seconds until a failed read is tried again."""
_LONG = 60.0


class Live:
    """The channels of all watched tenants. `run` fills them whenever the projector has moved."""

    def __init__(self, asking: Callable[[UUID], Ask], projected: Projected) -> None:
        self.asking = asking
        self.projected = projected
        self.closed = False
        self._channels: dict[UUID, Channel] = {}

    @asynccontextmanager
    async def channel(self, tenant_id: UUID) -> AsyncIterator[tuple[Channel, int]]:
        """The tenant's channel, and where the read models stand now."""
        ((now,),) = await self.asking(tenant_id)(CHECKPOINT, {})
        channel = self._channels.setdefault(tenant_id, Channel(tenant_id, now))
        channel.watchers += 1
        try:
            yield channel, now
        finally:
            channel.watchers -= 1
            if not channel.watchers:
                self._channels.pop(tenant_id, None)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            seen = self.projected.position
            try:
                await self._fill(seen)
            except OperationalError as error:
                log.warning("no live changes (%s), reading them again in %g s", type(error).__name__, _RETRY)
                await asyncio.sleep(_RETRY)
            else:
                await self.projected.moved(seen, _LONG)

    async def _fill(self, upto: int) -> None:
        """A page for each tenant in turn, so that one with much to tell does not keep the others waiting."""
        behind = [channel for channel in self._channels.values() if channel.upto < upto]
        while behind:
            moved = []
            for channel in behind:
                batch = await self._read(channel.tenant_id, channel.upto)
                if batch.upto > channel.upto:
                    channel.add(batch)
                    moved.append(channel)
            behind = [channel for channel in moved if channel.upto < upto]

    async def next(self, channel: Channel, place: int, within: float) -> tuple[list[Change], int]:
        """What changed behind a place, and the place behind that; nothing new after `within` seconds of silence."""
        if channel.upto <= place and not self.closed:
            await channel.wait(within)
        known = channel.since(place)
        if known is not None:
            return known, max(place, channel.upto)
        try:
            batch = await self._read(channel.tenant_id, place)
        except OperationalError:
            await asyncio.sleep(_RETRY)
            return [], place
        return [Change(row) for row in batch.changes], batch.upto

    async def _read(self, tenant_id: UUID, after: int) -> Batch:
        return await changes(self.asking(tenant_id), after, PAGE)

    def close(self) -> None:
        """Ends every stream; their clients come back with the id of the last event they had."""
        self.closed = True
        for channel in self._channels.values():
            channel.wake()
