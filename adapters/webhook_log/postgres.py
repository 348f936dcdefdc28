"""The webhook log in PostgreSQL: the default, with no broker to install."""

import asyncio
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

from adapters.clock import Clock
from adapters.database.arrays import Column, bigints, byteas, moments
from adapters.database.loop import Loops, settle
from adapters.database.prepared import Ask, Steps
from adapters.database.queries import load
from adapters.database.session import statement
from adapters.webhook_log.frames import by_partition
from adapters.webhook_log.port import BEGINNING, LoggedRequest, LogUnavailableError, Positions

SQL = load(__file__)
PARTITIONS = 4
"""As many as the migration made sequences for."""
CHANNEL = "sendtrail_webhook"
_AWAKE = 0.005
"""Seconds after a wake-up in which another is left to the appends that are still under way."""


def partition_name(number: int) -> str:
    return f"postgres/{number}"


class PostgresLog:
    """Appends in any role; `lag` needs the worker's."""

    def __init__(self, pool: "ConnectionPool[Any]", clock: Clock) -> None:
        self.pool = pool
        self.clock = clock
        self._loops = Loops(pool)
        self._under_way: set[object] = set()
        self._woken = -math.inf

    async def append(self, requests: Sequence[LoggedRequest]) -> None:
        if not requests:
            return
        frames = [(part, frame) for part, found in by_partition(requests, PARTITIONS).items() for frame in found]
        parts, contents = zip(*frames, strict=True)
        values = (bigints(parts), moments([self.clock()] * len(frames)), byteas(contents))
        done = asyncio.get_running_loop().create_future()
        self._under_way.add(done)
        self._loops.here().carry_out(self._appending(values, done), partial(settle, done))
        try:
            await done
        except psycopg.Error as error:
            raise LogUnavailableError(f"could not append: {type(error).__name__}") from error
        finally:
            self._under_way.discard(done)

    def _appending(self, values: Sequence[Column], me: object) -> Steps[None]:
        """Readers are woken as by adapters.database.session.notify; a lost wake-up costs them at most their next look.

        A wake-up costs as much as an append, and a busy reader hears of it too late: of many appends at once few wake.
        """
        yield [Ask(SQL["append"], values)]
        self._under_way.discard(me)
        now = time.monotonic()
        if self._under_way and now < self._woken + _AWAKE:
            return
        self._woken = now
        with suppress(psycopg.OperationalError):
            yield [Ask(SQL["wake"])]

    def lag(self, positions: Positions) -> dict[str, int]:
        numbers = list(range(PARTITIONS))
        stand = positions([partition_name(n) for n in numbers])
        behind = [stand.get(partition_name(n), BEGINNING) for n in numbers]
        try:
            with self.pool.connection() as connection:
                rows = connection.execute(statement(SQL["lag"]), (numbers, behind)).fetchall()
        except psycopg.OperationalError as error:
            raise LogUnavailableError(f"could not be asked: {type(error).__name__}") from error
        return {partition_name(number): count for number, count in sorted(rows)}

    def close(self) -> None:
        """The pool belongs to its opener; it gets its connections back."""
        self._loops.close()
