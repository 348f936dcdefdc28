"""Raw provider requests: found again for one communication, and gone after their days."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from adapters.clock import Clock
from adapters.database.queries import load
from adapters.database.session import Database, statement

SQL = load(__file__)
_MAKING_DAYS = 7264
"""The lock under which days' partitions are made."""


class RawEvent(NamedTuple):
    """A request as it came in, its secrets taken out."""

    received_at: datetime
    connection_id: UUID
    provider: str
    url: str
    headers: dict[str, str]
    body: bytes


def raw_events(database: Database, tenant: UUID, communication_id: UUID, limit: int = 1000) -> list[RawEvent]:
    """What providers sent about a communication, as far as it is still kept; the oldest first."""
    with database.transaction(tenant) as connection:
        rows = connection.execute(statement(SQL["about"]), (tenant, communication_id, limit)).fetchall()
    return [RawEvent(*row) for row in rows]


def drop_old(database: Database, clock: Clock, days: int) -> dict[str, int]:
    """Drop every raw body that is `days` old, wherever it lies; returns how many of each kind.

    A day's requests go together, once the first of them may be that old. Needs the worker's role.
    """
    now = clock()
    before = now - timedelta(days=days)
    with database.transaction() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING_DAYS,))
        row = connection.execute(statement(SQL["drop_days"]), (now, timedelta(days=days - 1))).fetchone()
    dropped = {"days of raw requests": int(row[0]) if row else 0}
    for what, name in (("parked reports", "drop_parked"), ("dead letters", "drop_dead"), ("log records", "drop_log")):
        with database.transaction() as connection:
            dropped[what] = int(connection.execute(statement(SQL[name]), (before,)).rowcount)
    return dropped
