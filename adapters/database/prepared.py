"""Steps: what is asked trip after trip, carried out by a thread that waits, or by an event loop beside everything else.

What is asked in one trip is one transaction: PostgreSQL commits once it has answered all of it. `talking` waits for
nothing by itself, so that a thread may wait for it (`carried_out`) or an event loop (`adapters.database.loop`).
"""

from collections.abc import Generator, Sequence
from typing import Any, TypeVar

from psycopg import Connection, pq

from adapters.database.pipeline import Ask as Ask
from adapters.database.pipeline import LostError as LostError
from adapters.database.pipeline import Rows, Waits, alone, trip

T = TypeVar("T")
Steps = Generator[Sequence[Ask], list[Rows], T]
"""Says what to ask in each trip, is sent the rows of each statement, or thrown what PostgreSQL said; returns T."""
BEGIN, COMMIT, ROLLBACK = Ask("BEGIN"), Ask("COMMIT"), Ask("ROLLBACK")


def asking(*asked: Ask) -> Steps[list[Rows]]:
    """Steps that are one trip: the rows of each statement."""
    return (yield asked)


def answer(connection: "Connection[Any]", sql: str, values: Sequence[Any] = ()) -> Rows:
    """The rows of one statement. Raises LostError, and what PostgreSQL says."""
    return alone(connection, Ask(sql, values))


def carried_out(connection: "Connection[Any]", steps: Steps[T]) -> T:
    """What the steps return; this thread waits for each answer."""
    return _waited(talking(connection, steps, waits=False))


def talking(connection: "Connection[Any]", steps: Steps[T], *, waits: bool = True) -> Waits[T]:
    """What the steps return. The connection is outside any transaction then, or lost.

    `waits` False: never yields, the thread waits where it must.
    """
    try:
        try:
            asked = next(steps)
            while True:
                try:
                    answers = yield from trip(connection, asked, waits=waits)
                except Exception as error:  # noqa: BLE001 - the steps say what comes of it
                    asked = steps.throw(error)
                else:
                    asked = steps.send(answers)
        except StopIteration as done:
            found: T = done.value
    except Exception:
        yield from _left(connection, waits=waits)
        raise
    yield from _left(connection, waits=waits)
    return found


def _left(connection: "Connection[Any]", *, waits: bool) -> Waits[None]:
    """No transaction stays open where the steps gave up."""
    pgconn = connection.pgconn
    if pgconn.status != pq.ConnStatus.BAD and pgconn.transaction_status != pq.TransactionStatus.IDLE:
        yield from trip(connection, [ROLLBACK], waits=waits)


def _waited(talk: Waits[T]) -> T:
    try:
        next(talk)
    except StopIteration as done:
        found: T = done.value
        return found
    raise AssertionError("libpq was to wait")
