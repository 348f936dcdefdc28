"""Appends from many request handlers at once: what comes within a few milliseconds goes together into the log."""

import asyncio
from collections import deque
from functools import partial

from adapters.database.loop import settle
from adapters.webhook_log.port import LoggedRequest, LogUnavailableError, WebhookLog

MOST_WAITING = 64 * 1024 * 1024
"""Bytes that may wait; above that requests are turned away instead of filling the memory."""
_AT_ONCE = 8 * 1024 * 1024
WIDTH = 3
APART = 0.005
"""Seconds between the beginnings of two appends. What one costs hardly depends on how much it carries: without a pause
a quick log is given a few requests at a time, and the processor is busy with appending. The first never waits."""
ENOUGH = 16
"""So many that wait are worth an append of their own at once, unless more are under way: while it runs, others are
checked. With as many in each append as in those before it, fewer carry the same."""
_Waiting = tuple[LoggedRequest, int, "asyncio.Future[None]"]


class MergingLog:
    """For one event loop. `width` appends run at a time: a slow one holds up no other."""

    def __init__(self, log: WebhookLog, most_waiting: int = MOST_WAITING, width: int = WIDTH) -> None:
        self.log = log
        self.most_waiting = most_waiting
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._free = width
        self._pausing = False
        self._under_way = 0
        """Requests."""

    @property
    def waiting(self) -> int:
        """Requests that wait for the next append, beside those in the ones that run."""
        return len(self._waiting)

    def append(self, logged: LoggedRequest, size: int) -> "asyncio.Future[None]":
        """Done when it is durable; `size` is about how many bytes it takes. Raises LogUnavailableError, or tells it."""
        if self._waiting and self._bytes + size > self.most_waiting:
            raise LogUnavailableError("too many requests wait for the log")
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((logged, size, done))
        self._bytes += size
        self._go_on()
        return done

    def _go_on(self) -> None:
        waiting = len(self._waiting)
        if waiting and self._free and (not self._pausing or waiting >= max(ENOUGH, self._under_way)):
            self._begin(asyncio.get_running_loop(), self._take())

    def _begin(self, loop: asyncio.AbstractEventLoop, taken: list[_Waiting]) -> None:
        self._free -= 1
        self._under_way += len(taken)
        if not self._pausing:
            self._pausing = True
            loop.call_later(APART, self._rested)
        appending = loop.create_task(self.log.append([logged for logged, _, _ in taken]))
        appending.add_done_callback(partial(self._ended, taken))

    def _rested(self) -> None:
        self._pausing = False
        self._go_on()

    def _ended(self, taken: list[_Waiting], appending: "asyncio.Task[None]") -> None:
        self._free += 1
        self._under_way -= len(taken)
        error = LogUnavailableError("stopped") if appending.cancelled() else appending.exception()
        for _, _, done in taken:
            settle(done, None, error)
        self._go_on()

    def _take(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        size = 0
        while self._waiting and (not taken or size + self._waiting[0][1] <= _AT_ONCE):
            taken.append(self._waiting.popleft())
            size += taken[-1][1]
        self._bytes -= size
        return taken
