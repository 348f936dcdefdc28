"""The webhook log in PostgreSQL: the default, with no broker to install."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.types.numeric import Int2
from psycopg_pool import ConnectionPool

from adapters.clock import Clock
from adapters.database.queries import load
from adapters.database.session import statement
from adapters.webhook_log.frames import by_partition
from adapters.webhook_log.port import BEGINNING, LoggedRequest, LogUnavailableError, Positions

SQL = load(__file__)
PARTITIONS = 4
"""As many as the migration made sequences for."""
CHANNEL = "sendtrail_webhook"


def partition_name(number: int) -> str:
    return f"postgres/{number}"


class PostgresLog:
    """Appends in any role; `lag` and `drop_before` need the worker's."""

    def __init__(self, pool: "ConnectionPool[Any]", clock: Clock) -> None:
        self.pool = pool
        self.clock = clock

    def append(self, requests: Sequence[LoggedRequest]) -> None:
        if not requests:
            return
        frames = [(part, frame) for part, found in by_partition(requests, PARTITIONS).items() for frame in found]
        values = ([Int2(part) for part, _ in frames], [frame for _, frame in frames], self.clock())
        try:
            with self._autocommit() as connection:
                connection.execute(statement(SQL["append"]), values, prepare=True)
                _wake_readers(connection)
        except psycopg.Error as error:
            raise LogUnavailableError(f"could not append: {type(error).__name__}") from error

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

    def drop_before(self, moment: datetime) -> int:
        """Delete what was appended earlier, taken in or not; returns how many records that were."""
        with self.pool.connection() as connection:
            return int(connection.execute(statement(SQL["drop_before"]), (moment,)).rowcount)

    def close(self) -> None:
        """Nothing to do: the pool belongs to its opener."""

    @contextmanager
    def _autocommit(self) -> Iterator["Connection[Any]"]:
        """Each statement commits by itself: one round trip instead of three."""
        with self.pool.connection() as connection:
            connection.set_autocommit(True)
            try:
                yield connection
            finally:
                if not connection.closed:
                    connection.set_autocommit(False)


def _wake_readers(connection: "Connection[Any]") -> None:
    """After the commit and on its own: inside the transaction it would let one commit through at a time.

    A lost wake-up costs a reader at most its next look.
    """
    with suppress(psycopg.OperationalError):
        connection.execute(statement(f"NOTIFY {CHANNEL}"))
