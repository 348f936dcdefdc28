"""The queue of attempts to be sent. A claim is a lease: whoever dies holding one loses it."""

import os
import socket
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from adapters.clock import Clock
from adapters.database.queries import load
from adapters.database.session import Database, statement

SQL = load(__file__)
LEASE = timedelta(minutes=3)
"""Longer than any call to a provider may take, all its recipients included."""


class Claim(NamedTuple):
    attempt_id: str
    tenant_id: UUID
    communication_id: UUID


class Queue:
    """Claims for one dispatcher, under a name of its own."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self.who = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"

    def claim(self, limit: int) -> list[Claim]:
        """Up to `limit` due attempts, oldest first."""
        now = self.clock()
        values = {"who": self.who, "until": now + LEASE, "now": now, "limit": limit}
        with self.database.transaction() as connection:
            rows = connection.execute(statement(SQL["claim"]), values).fetchall()
        return [Claim(str(attempt), tenant, communication) for attempt, tenant, communication in rows]

    def release(self, attempt_id: str, due: datetime) -> None:
        """Give a claim back without a try: due again then."""
        self._run("release", {"attempt": attempt_id, "who": self.who, "due": due})

    def forget(self, attempt_id: str) -> None:
        """Take out what needs no sending."""
        self._run("forget", {"attempt": attempt_id, "who": self.who})

    def depth(self) -> tuple[int, int, datetime | None]:
        """(waiting, due now, when the oldest is or was due)."""
        with self.database.transaction() as connection:
            row = connection.execute(statement(SQL["depth"]), {"now": self.clock()}).fetchone()
        return row or (0, 0, None)

    def _run(self, name: str, values: dict[str, object]) -> None:
        with self.database.transaction() as connection:
            connection.execute(statement(SQL[name]), values)
