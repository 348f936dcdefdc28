"""One event loop for all threads of a process: what they ask for at the same time is merged, as coroutines' is."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Background:
    def __init__(self) -> None:
        self._first = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        """Runs until the process ends."""
        with self._first:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="background", daemon=True).start()
            return self._loop


_background = _Background()


def waited(coroutine: Coroutine[Any, Any, T]) -> T:
    """What it returns, carried out in the loop while this thread waits."""
    return asyncio.run_coroutine_threadsafe(coroutine, _background.loop()).result()
