"""Steps carried out in an event loop: what PostgreSQL takes its time for, everything else goes on beside."""

import asyncio
import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, finalize

from psycopg import Connection, OperationalError
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from adapters.database.prepared import Steps, Waits, talking

T = TypeVar("T")
Done = Callable[[T | None, Exception | None], None]
KEPT = 1.0
"""Seconds between the times at which the connections that nobody uses are given back."""
_BRIEFLY = 0.002
"""Seconds that the loop waits for a connection that was there a moment ago."""


class MustWaitError(Exception):
    """What runs in an event loop asked PostgreSQL for something and would have had to wait for the answer."""


class _Here(threading.local):
    waits = True


_here = _Here()


def may_wait() -> None:
    """Raises MustWaitError in the middle of a line's steps."""
    if not _here.waits:
        raise MustWaitError


class Line:
    """One connection in one event loop, for one conversation after the other; `lost` is told when it ends unasked.

    The socket is watched through a copy of its own: libpq closes it when the connection is lost, and its number may be
    another socket's then.
    """

    def __init__(self, connection: "Connection[Any]", lost: "Callable[[Line], None]") -> None:
        self.connection = connection
        self.lost = lost
        self._loop = asyncio.get_running_loop()
        self._talk: Waits[Any] | None = None
        self._done: Done[Any] = _nobody
        self._writes = False
        self._socket = os.dup(connection.fileno())
        self._close = finalize(self, os.close, self._socket)
        self._loop.add_reader(self._socket, self._go_on)

    def carry_out(self, steps: Steps[T], done: Done[T]) -> None:
        """`done` is called in the loop with what the steps return, or with what went wrong."""
        self._talk, self._done = talking(self.connection, steps), done
        self._go_on()

    def close(self) -> None:
        """Watches the connection no more."""
        if self._close.alive:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._close()

    def _go_on(self) -> None:
        if self._talk is None:
            self.lost(self)
            return
        _here.waits = False
        try:
            writes = next(self._talk)
        except StopIteration as ended:
            self._end(ended.value, None)
        except Exception as error:  # noqa: BLE001 - told to whoever waits
            self._end(None, error)
        else:
            if writes != self._writes:
                self._watch_writing(writes=writes)
        finally:
            _here.waits = True

    def _watch_writing(self, *, writes: bool) -> None:
        self._writes = writes
        if writes:
            self._loop.add_writer(self._socket, self._go_on)
        else:
            self._loop.remove_writer(self._socket)

    def _end(self, found: Any, error: Exception | None) -> None:
        if self._writes:
            self._watch_writing(writes=False)
        done, self._talk, self._done = self._done, None, _nobody
        done(found, error)


def _nobody(_: Any, __: Exception | None) -> None:
    pass


class Lines:
    """The lines of one pool in one event loop. They are kept for a moment, as one that is free is soon needed again."""

    def __init__(self, pool: "ConnectionPool[Any]") -> None:
        self.pool = pool
        self._free: list[Line] = []
        self._talking: set[Line] = set()
        self._gives_back = False

    def carry_out(self, steps: Steps[T], done: Done[T]) -> None:
        """As `Line.carry_out`. Errors may be the pool's: psycopg_pool.PoolTimeout."""
        line = self._free.pop() if self._free else self._new()
        if line is not None:
            self._on(line, steps, done)
            return
        waiting = asyncio.get_running_loop().run_in_executor(None, self.pool.getconn)
        waiting.add_done_callback(partial(self._came, steps, done))

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

    def _came(self, steps: Steps[T], done: Done[T], waiting: "asyncio.Future[Connection[Any]]") -> None:
        if waiting.cancelled():
            return
        try:
            line = Line(waiting.result(), self._lost)
        except Exception as error:  # noqa: BLE001 - told to whoever waits
            done(None, error)
        else:
            self._on(line, steps, done)

    def _on(self, line: Line, steps: Steps[T], done: Done[T]) -> None:
        def ended(found: T | None, error: Exception | None) -> None:
            self._talking.discard(line)
            if error is None or line.connection.pgconn.transaction_status == TransactionStatus.IDLE:
                self._keep(line)
            else:
                self._give_back(line)
            done(found, error)

        self._talking.add(line)
        line.carry_out(steps, ended)

    def _keep(self, line: Line) -> None:
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
