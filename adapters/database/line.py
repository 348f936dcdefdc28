"""One connection in one event loop, and steps carried out on it while everything else goes on beside."""

import asyncio
import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import finalize

from psycopg import Connection

from adapters.database.pipeline import Waits
from adapters.database.prepared import Steps, talking

T = TypeVar("T")
Done = Callable[[T | None, Exception | None], None]


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
    """For one conversation after the other; `lost` is told when the connection ends unasked.

    The socket is watched through a copy of its own: libpq closes it when the connection is lost, and its number may be
    another socket's then.
    """

    def __init__(self, connection: "Connection[Any]", lost: "Callable[[Line], None]") -> None:
        self.connection = connection
        self.lost = lost
        self.steps: Steps[Any] | None = None
        self._loop = asyncio.get_running_loop()
        self._talk: Waits[Any] | None = None
        self._done: Done[Any] = _nobody
        self._writes = False
        self._socket = os.dup(connection.fileno())
        self._close = finalize(self, os.close, self._socket)
        self._loop.add_reader(self._socket, self._go_on)

    def carry_out(self, steps: Steps[T], done: Done[T]) -> None:
        """`done` is called in the loop with what the steps return, or with what went wrong."""
        self.steps, self._talk, self._done = steps, talking(self.connection, steps), done
        self._go_on()

    def give_up(self) -> None:
        """Ends what is under way, and the connection with it: half an answer may be on its way."""
        if self._talk is not None:
            self._talk.close()
            self._end(None, None)

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
        done, self.steps, self._talk, self._done = self._done, None, None, _nobody
        done(found, error)


def _nobody(_: Any, __: Exception | None) -> None:
    pass
