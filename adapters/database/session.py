"""Transactions with a role: the API's see one tenant, the workers' see all."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from psycopg import Connection, Cursor
from psycopg_pool import ConnectionPool


class Write(NamedTuple):
    """Rows for one statement, which takes them as one array a column (`unnest`): one round trip for any number."""

    sql: str
    rows: Sequence[tuple[Any, ...]]


class Database:
    """A pool of connections in one role. `per_tenant`: row-level security holds them to one tenant a transaction."""

    def __init__(self, pool: "ConnectionPool[Any]", *, per_tenant: bool) -> None:
        self.pool = pool
        self.per_tenant = per_tenant

    @contextmanager
    def transaction(self, tenant: UUID | None = None) -> Iterator["Connection[Any]"]:
        """One transaction, committed at the end of the block. Raises ValueError where a tenant is needed."""
        if self.per_tenant and tenant is None:
            raise ValueError("this role reads and writes for one tenant at a time")
        with self.pool.connection() as connection, connection.transaction():
            if self.per_tenant:
                connection.execute("SELECT set_config('app.tenant', %s, true)", (str(tenant),))
            yield connection


def write(cursor: "Cursor[Any] | Connection[Any]", writes: Sequence[Write]) -> None:
    """Carry the writes out in order; those without rows are passed over.

    Not `executemany`: it uses the pipeline mode, which hangs once a statement outgrows the socket's buffer.
    """
    for sql, rows in writes:
        if rows:
            cursor.execute(statement(sql), [list(column) for column in zip(*rows, strict=True)])


def statement(sql: str) -> LiteralString:
    """SQL from our own .sql files, which the type checker cannot see to be literal."""
    return sql
