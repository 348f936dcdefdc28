"""Sixteen clients that ask at once, each for the next thing when it has the last: coroutines, as in the API."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import count

from tests.bench.spending import Rate, Spending

CLIENTS, SECONDS = 16, 3.0
Ask = Callable[[int], Awaitable[object]]


async def rate(ask: Ask, spending: Spending, clients: int = CLIENTS) -> Rate:
    """Answers a second over 3 s, behind half a second of warming up; each is asked with a number of its own."""
    numbers, answered = count(), 0

    async def client(until: float) -> None:
        nonlocal answered
        while time.perf_counter() < until:
            await ask(next(numbers))
            answered += 1

    await _all(client, clients, 0.5)
    answered = 0
    with spending:
        await _all(client, clients, SECONDS)
    return spending.rate(answered)


async def _all(client: Callable[[float], Awaitable[None]], clients: int, seconds: float) -> None:
    until = time.perf_counter() + seconds
    await asyncio.gather(*(client(until) for _ in range(clients)))
