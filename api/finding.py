"""Finds the communication of an attempt that is named by its id alone."""

from uuid import UUID

from adapters.database.queries import load
from adapters.database.session import Database, statement
from api.errors import AttemptUnknownError

SQL = load(__file__)


def communication_of(database: Database, tenant: UUID, attempt_id: UUID) -> UUID:
    """Raises AttemptUnknownError."""
    with database.transaction(tenant) as connection:
        row = connection.execute(statement(SQL["find"]), {"tenant": tenant, "id": attempt_id}).fetchone()
    if row is None:
        raise AttemptUnknownError
    found: UUID = row[0]
    return found
