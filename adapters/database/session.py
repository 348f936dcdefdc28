"""Transactions with a role: the API's see one tenant, the workers' see all."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from psycopg import Connection, Cursor
from psycopg.errors import InFailedSqlTransaction
from psycopg_pool import ConnectionPool

from adapters.database.arrays import Column, column
from adapters.database.prepared import LostError, answer, checked

Kinds = tuple[Callable[[Sequence[Any]], Column], ...]


class Write(NamedTuple):
    """Rows for one statement, which takes them as one array a column (`unnest`): one round trip for any number.

    `kinds`: for hot statements, what makes each column's array; without them, see `arrays.column`.
    """

    sql: str
    rows: Sequence[tuple[Any, ...]]
    kinds: Kinds = ()


class Database:
    """A pool of connections in one role. `per_tenant`: row-level security holds them to one tenant a transaction."""

    def __init__(self, pool: "ConnectionPool[Any]", *, per_tenant: bool) -> None:
        self.pool = pool
        self.per_tenant = per_tenant

    @contextmanager
    def transaction(self, tenant: UUID | None = None) -> Iterator["Connection[Any]"]:
        """One transaction, committed at the end of the block. Raises ValueError where a tenant is needed.

        Opening it and naming the tenant is one round trip.
        """
        self._check(tenant)
        connection = self._begun(tenant)
        try:
            with connection:
                yield connection
                _run(connection, b"COMMIT")
        finally:
            self.pool.putconn(connection)

    @contextmanager
    def one_statement(self, tenant: UUID | None = None) -> Iterator["Connection[Any]"]:
        """A connection on which each statement is a transaction: for one that names its tenant itself, or needs none.

        Raises ValueError where a tenant is needed.
        """
        self._check(tenant)
        connection: Connection[Any] = self.pool.getconn()
        try:
            yield connection
        finally:
            self.pool.putconn(connection)

    def ask(self, sql: str, values: Sequence[UUID | Column], tenant: UUID | None = None) -> list[tuple[Any, ...]]:
        """The rows of one such statement, which changes nothing: asked again where a connection had just died."""
        for _ in range(self.pool.max_size):
            with suppress(LostError), self.one_statement(tenant) as connection:
                return answer(connection, sql, values)
        raise LostError

    def _begun(self, tenant: UUID | None) -> "Connection[Any]":
        """A connection inside a transaction; opening it shows whether the connection still lives."""
        begin = f"BEGIN; SELECT set_config('app.tenant', '{tenant}', true)" if self.per_tenant else "BEGIN"
        for _ in range(self.pool.max_size):
            connection: Connection[Any] = self.pool.getconn()
            try:
                _run(connection, begin.encode())
                return connection
            except BaseException as error:
                self.pool.putconn(connection)
                if not isinstance(error, LostError):
                    raise
        raise LostError

    def _check(self, tenant: UUID | None) -> None:
        if self.per_tenant and not isinstance(tenant, UUID):
            raise ValueError("this role reads and writes for one tenant at a time")


def _run(connection: "Connection[Any]", command: bytes) -> None:
    """Raises what PostgreSQL says, and OperationalError where it says nothing any more.

    A COMMIT of a transaction in which something failed is answered by a rollback, and no error: here it is one.
    """
    result = checked(connection, connection.pgconn.exec_(command))
    if command == b"COMMIT" and result.command_status != b"COMMIT":
        raise InFailedSqlTransaction("nothing was committed, because a statement had failed")


def write(cursor: "Cursor[Any] | Connection[Any]", writes: Sequence[Write]) -> None:
    """Carry the writes out in order; those without rows are passed over.

    Not `executemany`: it uses the pipeline mode, which hangs once a statement outgrows the socket's buffer.
    """
    for one in writes:
        if one.rows:
            cursor.execute(statement(one.sql), columns(one))


def columns(one: Write) -> list[Any]:
    """The parameters of a write."""
    kinds = one.kinds or [column] * len(one.rows[0])
    return [make(values) for make, values in zip(kinds, zip(*one.rows, strict=True), strict=True)]


def statement(sql: str) -> LiteralString:
    """SQL from our own .sql files, which the type checker cannot see to be literal."""
    return sql
