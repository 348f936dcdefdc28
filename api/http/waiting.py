"""Where the read models stand, followed over one connection that listens for the projector's commits."""

import asyncio
import logging
from contextlib import suppress
from typing import Any

from psycopg import AsyncConnection, Error

from adapters.database.pool import conninfo
from api.http.problems import Problem
from projections.queries.changes import checkpoint

log = logging.getLogger(__name__)
WAIT_LIMIT = 5.0
"""Seconds that an answer waits for a write to reach the read models."""
RECHECK = 1.0
"""Seconds without news after which the checkpoint is read all the same: a notification may be lost, say by a crash
between the projector's commit and its word of it."""
_PAUSES = (0.05, 0.2, 1.0, 2.0)
"""Seconds before each new attempt to connect; the last is repeated."""


class Projected:
    """Where the read models stand. One per process; `run` follows, all others wait without a query of their own.

    The connection is no pool's, because it is held for good, and its lock with it while it listens.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.position = 0
        self.waiting = 0
        """Requests that wait now."""
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled; connects anew whenever the connection is lost."""
        failures = 0
        while True:
            try:
                async with await self._connect() as connection:
                    failures = 0
                    await self._follow(connection)
            except (Error, OSError) as error:
                pause = _PAUSES[min(failures, len(_PAUSES) - 1)]
                failures += 1
                log.warning("no news from the projector (%s), connecting again in %g s", type(error).__name__, pause)
                await asyncio.sleep(pause)

    async def _connect(self) -> "AsyncConnection[tuple[Any, ...]]":
        given = conninfo(self.url, "sendtrail_api", "sendtrail listener")
        return await AsyncConnection.connect(given, autocommit=True)

    async def _follow(self, connection: "AsyncConnection[tuple[Any, ...]]") -> None:
        await connection.execute("LISTEN sendtrail_projected")
        while True:
            self._move(await checkpoint(connection.cursor()))
            async for news in connection.notifies(timeout=RECHECK):
                with suppress(ValueError):
                    self._move(max(self.position, int(news.payload)))

    def _move(self, position: int) -> None:
        """It goes back only where somebody emptied the read models."""
        if position != self.position:
            self.position = position
            self._moved.set()
            self._moved = asyncio.Event()

    async def moved(self, seen: int, within: float) -> None:
        """Returns once the position is another than `seen`, or after `within` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self.position == seen:
                    await self._moved.wait()

    async def reach(self, position: int | None, within: float = WAIT_LIMIT) -> None:
        """Returns once the read models hold the event at `position`. Raises Problem 503 after `within` seconds."""
        if position is None or self.position >= position:
            return
        self.waiting += 1
        try:
            async with asyncio.timeout(within):
                while self.position < position:
                    await self._moved.wait()
        except TimeoutError:
            detail = f"The read models do not hold position {position} yet; they are at {self.position}."
            raise Problem(503, "not_yet_projected", detail, title="Not yet projected") from None
        finally:
            self.waiting -= 1
