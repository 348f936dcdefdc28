"""How long the first answer to an Idempotency-Key is kept."""

from datetime import timedelta

from adapters.clock import Clock
from adapters.database.session import Database, statement

KEPT = timedelta(days=30)


def drop_expired(database: Database, clock: Clock) -> int:
    """Drop the keys that are free again, asked for or not; returns how many. Needs the worker's role."""
    with database.transaction() as connection:
        gone = connection.execute(statement("DELETE FROM work.idempotency WHERE created_at <= %s"), (clock() - KEPT,))
        return int(gone.rowcount)
