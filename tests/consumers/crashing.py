"""Connections on which a chosen statement never happens: what a kill leaves undone, at any place."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg


class Crash(BaseException):
    """Nobody catches it by mistake."""


class Countdown:
    """Of all statements of all connections together; the next one after none are left crashes, once."""

    def __init__(self, left: int | None) -> None:
        self.left = left

    def tick(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise Crash


def crashing(countdown: Countdown) -> type[psycopg.Cursor[Any]]:
    """A cursor factory."""

    class CrashingCursor(psycopg.Cursor[Any]):
        def execute(self, *given: Any, **more: Any) -> Any:
            countdown.tick()
            return super().execute(*given, **more)

        @contextmanager
        def copy(self, *given: Any, **more: Any) -> Iterator[Any]:
            countdown.tick()
            with super().copy(*given, **more) as copy:
                yield copy

    return CrashingCursor
