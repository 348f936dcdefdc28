"""Waiting for something that happens elsewhere, for as long as it takes and no longer than a bound."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
_PAUSE = 0.02


def eventually(condition: Callable[[], T | None], within: float = 10.0) -> T:
    """The first true answer of `condition`. Raises AssertionError with the last answer after `within` seconds."""
    until = time.monotonic() + within
    while not (answer := condition()):
        if time.monotonic() > until:
            raise AssertionError(f"did not come true within {within:g} s; last answer: {answer!r}")
        time.sleep(_PAUSE)
    return answer


async def eventually_async(condition: Callable[[], Awaitable[T | None]], within: float = 10.0) -> T:
    """The same for a coroutine function, without blocking the loop."""
    until = time.monotonic() + within
    while not (answer := await condition()):
        if time.monotonic() > until:
            raise AssertionError(f"did not come true within {within:g} s; last answer: {answer!r}")
        await asyncio.sleep(_PAUSE)
    return answer
