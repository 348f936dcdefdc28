"""Values of the installation itself, which its processes and commands agree on through the database."""

from typing import Any

from psycopg.types.json import Jsonb

from adapters.database.queries import load
from adapters.database.session import Database, statement

SQL = load(__file__)
MASTER_KEY = "master_key"
"""The fingerprint of the master key that the database was set up with."""
ADDRESS = "address"
"""Where providers reach the installation, as the processes that serve were told."""


class Values:
    """`get` works in any role, `put` in the owner's."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, name: str) -> Any:
        """None where it was never put."""
        with self.database.pool.connection() as connection:
            row = connection.execute(statement(SQL["get"]), (name,)).fetchone()
        return row[0] if row else None

    def put(self, name: str, value: Any) -> None:
        with self.database.transaction() as connection:
            connection.execute(statement(SQL["put"]), (name, Jsonb(value)))
