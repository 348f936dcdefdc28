"""Sixteen clients that ask at once, each for the next thing when it has the last: coroutines, as in the API."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import count

import uvloop

CLIENTS, SECONDS = 16, 3.0
Ask = Callable[[int], Awaitable[object]]


def rate(ask: Ask, clients: int = CLIENTS) -> float:
    """Answers a second over 3 s, behind half a second of warming up; each is asked with a number of its own."""
    return uvloop.run(rate_in_loop(ask, clients))


async def rate_in_loop(ask: Ask, clients: int = CLIENTS) -> float:
    numbers, answered = count(), 0

    async def client(until: float) -> None:
        nonlocal answered
        while time.perf_counter() < until:
            await ask(next(numbers))
            answered += 1

    await _all(client, clients, 0.5)
    answered, begun = 0, time.perf_counter()
    await _all(client, clients, SECONDS)
    return answered / (time.perf_counter() - begun)


async def _all(client: Callable[[float], Awaitable[None]], clients: int, seconds: float) -> None:
    until = time.perf_counter() + seconds
    await asyncio.gather(*(client(until) for _ in range(clients)))
