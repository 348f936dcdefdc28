"""Reads the webhook log in PostgreSQL. Readers share its partitions through advisory locks of their sessions.

The locks only save double work: two readers that both believe they own a partition are told apart by the
compare-and-set of its position.
"""

import time
from typing import Any

import psycopg
from psycopg import Connection

from adapters.database.pool import connect
from adapters.database.prepared import answer
from adapters.database.queries import load
from adapters.database.session import statement
from adapters.store.reader import GapSafeReader, LockKey, Row
from adapters.webhook_log.port import BEGINNING, Batch, LogUnavailableError, Positions, Record
from adapters.webhook_log.postgres import CHANNEL, PARTITIONS, partition_name

SQL = load(__file__)
NAMES = {partition_name(number): number for number in range(PARTITIONS)}
_LOOK = 0.1
"""Seconds after which it looks although nobody called."""
_BALANCE = 1.0
_MOST_BYTES = 4 * 1024 * 1024
"""Of a poll: the next is made while this one is recorded."""


class PostgresReader:
    """Takes its share of the partitions; all of them while it is alone."""

    def __init__(self, url: str, positions: Positions) -> None:
        self.url = url
        self.positions = positions
        self._connection: Connection[Any] | None = None
        self._readers: dict[str, GapSafeReader] = {}
        self._balance_at = 0.0

    def assigned(self) -> set[str]:
        return set(self._readers)

    def poll(self, timeout: float, max_records: int) -> dict[str, Batch]:
        until = time.monotonic() + timeout
        try:
            while True:
                connection = self._open()
                self._balance(connection)
                found = self._read(connection, max_records)
                left = until - time.monotonic()
                if found or left <= 0:
                    return found
                list(connection.notifies(timeout=min(left, _LOOK), stop_after=1))
        except psycopg.OperationalError as error:
            self.close()
            raise LogUnavailableError(f"could not be read: {type(error).__name__}") from error

    def seek(self, partition: str, position: int) -> None:
        if partition in self._readers:
            self._readers[partition] = _reader(partition, position)

    def recorded(self, partition: str, position: int) -> None:
        """Nobody else watches this log."""

    def close(self) -> None:
        """Ends the session, and so gives the partitions back."""
        self._readers.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> "Connection[Any]":
        if self._connection is None:
            made = connect(self.url, "sendtrail_worker", autocommit=True, application_name="sendtrail webhooks")
            self._connection, self._balance_at = made, 0.0
            made.execute(statement(f"LISTEN {CHANNEL}"))
            made.execute(statement(SQL["join"]))
        return self._connection

    def _read(self, connection: "Connection[Any]", max_records: int) -> dict[str, Batch]:
        found: dict[str, Batch] = {}
        for name, reader in self._readers.items():
            after = reader.position
            if rows := reader.read(connection, max_records):
                found[name] = Batch(after, [Record(offset, frame) for offset, frame in rows])
        return found

    def _balance(self, connection: "Connection[Any]") -> None:
        """Hold a fair share: give back what is too much now, take what nobody holds."""
        if time.monotonic() < self._balance_at:
            return
        self._balance_at = time.monotonic() + _BALANCE
        share = -(-PARTITIONS // _number(connection, "readers"))
        for name in sorted(self._readers)[share:]:
            del self._readers[name]
            connection.execute(statement(SQL["leave"]), (NAMES[name],))
        for name, number in NAMES.items():
            if len(self._readers) < share and name not in self._readers and _number(connection, "take", number):
                self._readers[name] = _reader(name, self.positions([name]).get(name, BEGINNING))


def _number(connection: "Connection[Any]", name: str, *values: int) -> int:
    row = connection.execute(statement(SQL[name]), values).fetchone()
    return int(row[0]) if row else 0


def _reader(name: str, position: int) -> GapSafeReader:
    number = NAMES[name]

    def fetch(connection: "Connection[Any]", after: int, limit: int) -> list[Row]:
        return answer(connection, SQL["records"], (number, after, limit, _MOST_BYTES))

    return GapSafeReader(fetch, LockKey(7263, number, 2), position)
