"""Transactions with a role: the API's see one tenant, the workers' see all."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, LiteralString, NamedTuple, TypeVar
from uuid import UUID

from psycopg import Connection, Cursor
from psycopg.errors import InFailedSqlTransaction
from psycopg_pool import ConnectionPool

from adapters.database.arrays import Column, column
from adapters.database.loop import Done, Loops, may_wait
from adapters.database.pipeline import Ask, LostError, checked
from adapters.database.prepared import Steps, answer, carried_out

T = TypeVar("T")

Kinds = tuple[Callable[[Sequence[Any]], Column], ...]


class Write(NamedTuple):
    """Rows for one statement, which takes them as one array a column (`unnest`): one round trip for any number.

    `kinds`: for hot statements, what makes each column's array; without them, see `arrays.column`.
    """

    sql: str
    rows: Sequence[tuple[Any, ...]]
    kinds: Kinds = ()


class Database:
    """A pool of connections in one role. `per_tenant`: row-level security holds them to one tenant a transaction.

    In the middle of steps in an event loop whatever waits raises MustWaitError.
    """

    def __init__(self, pool: "ConnectionPool[Any]", *, per_tenant: bool) -> None:
        self.pool = pool
        self.per_tenant = per_tenant
        self._loops = Loops(pool)

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

    def carry_out(self, steps: Steps[T], tenant: UUID | None = None) -> T:
        """What the steps return. Each trip is a transaction, unless it says otherwise, and names its tenant itself."""
        with self.one_statement(tenant) as connection:
            return carried_out(connection, steps)

    def carry_out_in_loop(self, steps: Steps[T], done: Done[T], tenant: UUID | None = None) -> None:
        """The same without a thread: `done` gets what they return, or the error, in the running loop."""
        self._check(tenant)
        self._loops.here().carry_out(steps, done)

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
        may_wait()
        if self.per_tenant and not isinstance(tenant, UUID):
            raise ValueError("this role reads and writes for one tenant at a time")


def _run(connection: "Connection[Any]", command: bytes) -> None:
    """Raises what PostgreSQL says, and OperationalError where it says nothing any more.

    A COMMIT of a transaction in which something failed is answered by a rollback, and no error: here it is one.
    """
    result = checked(connection, connection.pgconn.exec_(command))
    if command == b"COMMIT" and result.command_status != b"COMMIT":
        raise InFailedSqlTransaction("nothing was committed, because a statement had failed")


def notify(connection: "Connection[Any]", channel: str) -> None:
    """Wakes those who listen. On its own, a notification is a commit, but one that need not wait for the disk.

    Inside another transaction it would let one commit through at a time, for as long as the disk takes.
    """
    connection.execute(statement(f"SET LOCAL synchronous_commit = off; NOTIFY {channel}"))


def write(cursor: "Cursor[Any] | Connection[Any]", writes: Sequence[Write]) -> None:
    """Carry the writes out in order; those without rows are passed over.

    Not `executemany`: it uses the pipeline mode, which hangs once a statement outgrows the socket's buffer.
    """
    for one in writes:
        if one.rows:
            cursor.execute(statement(one.sql), columns(one))


def naming(tenant: UUID) -> Ask:
    """For whom the rest of the transaction is, where row-level security holds it to one tenant."""
    return Ask("SELECT set_config('app.tenant', %b::uuid::text, true)", (tenant,))


def asks(writes: Sequence[Write]) -> list[Ask]:
    """The same, to be asked in a trip."""
    return [Ask(one.sql, columns(one)) for one in writes if one.rows]


def columns(one: Write) -> list[Any]:
    """The parameters of a write."""
    kinds = one.kinds or [column] * len(one.rows[0])
    return [make(values) for make, values in zip(kinds, zip(*one.rows, strict=True), strict=True)]


def statement(sql: str) -> LiteralString:
    """SQL from our own .sql files, which the type checker cannot see to be literal."""
    return sql
