"""Appends from many request handlers at once: what comes within a few milliseconds goes together into the log."""

import asyncio
from collections import deque

from adapters.webhook_log.frames import size_of
from adapters.webhook_log.port import LoggedRequest, LogUnavailableError, WebhookLog

MOST_WAITING = 64 * 1024 * 1024
"""Bytes that may wait; above that requests are turned away instead of filling the memory."""
_AT_ONCE = 8 * 1024 * 1024
WIDTH = 3
APART = 0.005
"""Seconds between the beginnings of two appends. What one costs hardly depends on how much it carries: without a pause
a quick log is given a few requests at a time, and the processor is busy with appending. The first never waits."""
_Waiting = tuple[LoggedRequest, int, "asyncio.Future[None]"]


class MergingLog:
    """For one event loop. The log's own `append` runs in threads, `width` at a time: a slow one holds up no other."""

    def __init__(self, log: WebhookLog, most_waiting: int = MOST_WAITING, width: int = WIDTH) -> None:
        self.log = log
        self.most_waiting = most_waiting
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._working: asyncio.Task[None] | None = None
        self._appending: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(width)

    @property
    def waiting(self) -> int:
        """Requests that wait for the next append, beside those in the ones that run."""
        return len(self._waiting)

    async def append(self, logged: LoggedRequest) -> None:
        """Durable when it returns. Raises LogUnavailableError."""
        size = size_of(logged.request)
        if self._waiting and self._bytes + size > self.most_waiting:
            raise LogUnavailableError("too many requests wait for the log")
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((logged, size, done))
        self._bytes += size
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        await done

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._free.acquire()
                appending = asyncio.create_task(self._append(self._take()))
                self._appending.add(appending)
                appending.add_done_callback(self._ended)
                await asyncio.sleep(APART)
        finally:
            _settle(self._waiting, LogUnavailableError("stopped"))

    def _ended(self, appending: "asyncio.Task[None]") -> None:
        self._appending.discard(appending)
        self._free.release()

    async def _append(self, taken: list[_Waiting]) -> None:
        error: Exception | None = LogUnavailableError("stopped")
        try:
            await asyncio.to_thread(self.log.append, [logged for logged, _, _ in taken])
            error = None
        except Exception as failed:  # noqa: BLE001 - it is for those who wait
            error = failed
        finally:
            _settle(taken, error)

    def _take(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        size = 0
        while self._waiting and (not taken or size + self._waiting[0][1] <= _AT_ONCE):
            taken.append(self._waiting.popleft())
            size += taken[-1][1]
        self._bytes -= size
        return taken


def _settle(waiting: "list[_Waiting] | deque[_Waiting]", error: Exception | None) -> None:
    """A handler whose client went away no longer waits."""
    for _, _, done in waiting:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
