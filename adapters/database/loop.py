"""The connections of an event loop, and who waits for one. The loop itself never waits."""

import asyncio
from collections import deque
from functools import partial
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from psycopg import Connection, OperationalError
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from adapters.database.line import Done as Done
from adapters.database.line import Line
from adapters.database.line import MustWaitError as MustWaitError
from adapters.database.line import may_wait as may_wait
from adapters.database.prepared import Steps

T = TypeVar("T")
KEPT = 1.0
"""Seconds between the times at which the connections that nobody uses are given back."""
_BRIEFLY = 0.002
"""Seconds that the loop waits for a connection that was there a moment ago."""


class _Waiting(NamedTuple):
    """`since`: in the loop's seconds."""

    steps: Steps[Any]
    done: Done[Any]
    since: float


class Lines:
    """The lines of one pool in one event loop. They are kept for a moment, as one that is free is soon needed again.

    Where the pool has none to give, the next one that is free is for who has waited longest, and a thread waits for the
    pool.
    """

    def __init__(self, pool: "ConnectionPool[Any]") -> None:
        self.pool = pool
        self._free: list[Line] = []
        self._talking: set[Line] = set()
        self._waiting: deque[_Waiting] = deque()
        self._coming = False
        self._gives_back = False

    def carry_out(self, steps: Steps[T], done: Done[T]) -> None:
        """As `Line.carry_out`. Errors may be the pool's: psycopg_pool.PoolTimeout."""
        line = self._free.pop() if self._free else self._new()
        if line is not None:
            self._on(line, steps, done)
        else:
            self._waiting.append(_Waiting(steps, done, asyncio.get_running_loop().time()))
            self._fetch()

    async def answered(self, steps: Steps[T]) -> T:
        """What the steps return. Given up, they end, and so does the connection that they are on."""
        ended: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.carry_out(steps, partial(settle, ended))
        try:
            return await ended
        except asyncio.CancelledError:
            self._waiting = deque(one for one in self._waiting if one.steps is not steps)
            for line in [line for line in self._talking if line.steps is steps]:
                line.give_up()
            raise

    def close(self) -> None:
        """Gives all connections back that nobody uses."""
        while self._free:
            self._give_back(self._free.pop())

    def abandon(self) -> None:
        """Gives all connections back: the loop was closed, whatever was under way in it."""
        self.close()
        while self._talking:
            line = self._talking.pop()
            line.connection.close()
            self._give_back(line)

    def _new(self) -> Line | None:
        """None if the pool has none to give."""
        if not self.pool.get_stats().get("pool_available"):
            return None
        try:
            return Line(self.pool.getconn(_BRIEFLY), self._lost)
        except OperationalError:
            return None

    def _fetch(self) -> None:
        if self._waiting and not self._coming:
            self._coming, loop = True, asyncio.get_running_loop()
            loop.run_in_executor(None, self.pool.getconn).add_done_callback(partial(self._came, loop.time()))

    def _came(self, since: float, came: "asyncio.Future[Connection[Any]]") -> None:
        """Where none came in time, who has waited for so long is told; the others wait on."""
        if came.cancelled():
            return
        self._coming = False
        try:
            self._next(Line(came.result(), self._lost))
        except Exception as error:  # noqa: BLE001 - told to whoever waits
            while self._waiting and self._waiting[0].since <= since:
                self._waiting.popleft().done(None, error)
        self._fetch()

    def _on(self, line: Line, steps: Steps[T], done: Done[T]) -> None:
        def ended(found: T | None, error: Exception | None) -> None:
            self._talking.discard(line)
            if line.connection.pgconn.transaction_status == TransactionStatus.IDLE:
                self._next(line)
            else:
                self._give_back(line)
                self._fetch()
            done(found, error)

        self._talking.add(line)
        line.carry_out(steps, ended)

    def _next(self, line: Line) -> None:
        if self._waiting:
            steps, done, _ = self._waiting.popleft()
            self._on(line, steps, done)
            return
        self._free.append(line)
        if not self._gives_back:
            self._gives_back = True
            asyncio.get_running_loop().call_later(KEPT, self._give_back_all)

    def _give_back_all(self) -> None:
        self._gives_back = False
        self.close()

    def _lost(self, line: Line) -> None:
        if line in self._free:
            self._free.remove(line)
            self._give_back(line)

    def _give_back(self, line: Line) -> None:
        line.close()
        self.pool.putconn(line.connection)


class Loops:
    """The lines of one pool in every event loop that asks for them."""

    def __init__(self, pool: "ConnectionPool[Any]") -> None:
        self.pool = pool
        self._lines: WeakKeyDictionary[asyncio.AbstractEventLoop, Lines] = WeakKeyDictionary()

    def here(self) -> Lines:
        """Those of the running loop."""
        loop = asyncio.get_running_loop()
        lines = self._lines.get(loop)
        if lines is None:
            for known, others in list(self._lines.items()):
                if known.is_closed():
                    others.abandon()
            lines = self._lines[loop] = Lines(self.pool)
        return lines

    def close(self) -> None:
        """Gives all connections back that nobody uses."""
        for lines in list(self._lines.values()):
            lines.close()


def settle(future: "asyncio.Future[Any]", found: Any, error: BaseException | None) -> None:
    """What is done once it is known what came of something, for one who may have stopped waiting."""
    if future.done():
        return
    if error is None:
        future.set_result(found)
    else:
        future.set_exception(error)
