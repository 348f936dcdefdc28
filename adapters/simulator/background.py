"""What goes on beside the requests: tasks that end with the simulator, and waits that can be cut short."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

log = logging.getLogger(__name__)


class Background:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._hurry = asyncio.Event()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._add(asyncio.create_task(work))

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """As spawn, for who wants to wait for it."""
        task = asyncio.create_task(work)
        self._add(task)
        return task

    async def pause(self, seconds: float) -> None:
        """Wait, or until somebody is in a hurry."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()

    def hurry(self) -> None:
        """End every wait that is going on."""
        waiting, self._hurry = self._hurry, asyncio.Event()
        waiting.set()

    async def cancel(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _add(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            # Only the kind of error: its text may hold an address.
            log.error("A background task of the simulator failed: %s", type(error).__name__)
