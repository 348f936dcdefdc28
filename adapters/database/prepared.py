"""Statements by libpq itself, prepared, several in one trip: psycopg's cursor takes 30 us of Python a call, this 3.

For a connection in autocommit, outside any transaction of psycopg's. What is asked in one trip is one transaction:
PostgreSQL commits once it has answered all of it. `talking` waits for nothing by itself, so that a thread may wait for
it (`carried_out`) or an event loop (`adapters.database.loop`).
"""

import re
import select
from collections.abc import Generator, Sequence
from functools import cache
from hashlib import sha256
from itertools import count
from typing import Any, NamedTuple, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

from psycopg import Connection, OperationalError, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq.abc import PGresult

from adapters.database.arrays import Column

T = TypeVar("T")
Rows = list[tuple[Any, ...]]
_BINARY, _TEXT = pq.Format.BINARY, pq.Format.TEXT
_DONE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)
_IDLE, _BAD = pq.TransactionStatus.IDLE, pq.ConnStatus.BAD


class LostError(OperationalError):
    """The connection to PostgreSQL was lost."""


class Ask(NamedTuple):
    """One statement. `%b` with a type in it stands for a UUID or a Column, `%s` with a type for anything else."""

    sql: str
    values: Sequence[Any] = ()


Steps = Generator[Sequence[Ask], list[Rows], T]
"""Says what to ask in each trip, is sent the rows of each statement, or thrown what PostgreSQL said; returns T."""
Waits = Generator[bool, None, T]
"""Yields when the connection's socket has to be waited for: until it can be read, True: or written."""
BEGIN, COMMIT, ROLLBACK = Ask("BEGIN"), Ask("COMMIT"), Ask("ROLLBACK")


class _Known(set[bytes]):
    """What is prepared on one connection, by name. `dropped`: how often the others were.

    It goes into the names there, because what was prepared since is there still.
    """

    dropped = 0


_known: "WeakKeyDictionary[Connection[Any], _Known]" = WeakKeyDictionary()


class _Prepared(NamedTuple):
    name: bytes
    text: bytes


def answer(connection: "Connection[Any]", sql: str, values: Sequence[Any] = ()) -> Rows:
    """The rows of one statement. Raises LostError, and what PostgreSQL says."""
    return _waited(_trip(connection, [Ask(sql, values)], waits=False))[0]


def carried_out(connection: "Connection[Any]", steps: Steps[T]) -> T:
    """What the steps return; this thread waits for each answer."""
    return _waited(talking(connection, steps, waits=False))


def asking(*asked: Ask) -> Steps[list[Rows]]:
    """Steps that are one trip: the rows of each statement."""
    return (yield asked)


def talking(connection: "Connection[Any]", steps: Steps[T], *, waits: bool = True) -> Waits[T]:
    """What the steps return. The connection is outside any transaction then, or lost.

    `waits` False: never yields, libpq waits where it must.
    """
    try:
        try:
            asked = next(steps)
            while True:
                try:
                    answers = yield from _trip(connection, asked, waits=waits)
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


def checked(connection: "Connection[Any]", result: "PGresult") -> "PGresult":
    """Raises what PostgreSQL says, and LostError where it says nothing any more."""
    if result.status in _DONE:
        return result
    if connection.pgconn.status == _BAD:
        raise LostError
    raise error_from_result(result)


def _waited(talk: Waits[T]) -> T:
    try:
        next(talk)
    except StopIteration as done:
        found: T = done.value
        return found
    raise AssertionError("libpq was to wait")


def _left(connection: "Connection[Any]", *, waits: bool) -> Waits[None]:
    """No transaction stays open where the steps gave up."""
    pgconn = connection.pgconn
    if pgconn.status != _BAD and pgconn.transaction_status != _IDLE:
        yield from _trip(connection, [ROLLBACK], waits=waits)


def _trip(connection: "Connection[Any]", asked: Sequence[Ask], *, waits: bool) -> Waits[list[Rows]]:
    """psycopg drops all prepared statements of a connection after a rollback: then they are prepared, and asked, again.

    That is safe, because nothing of a trip that failed was carried out; unless it went on with a transaction.
    """
    try:
        return (yield from _once(connection, asked, waits=waits))
    except InvalidSqlStatementName:
        anew = _Known()
        anew.dropped = _known[connection].dropped + 1
        _known[connection] = anew
        if connection.pgconn.transaction_status != _IDLE:
            raise LostError from None
        return (yield from _once(connection, asked, waits=waits))


def _once(connection: "Connection[Any]", asked: Sequence[Ask], *, waits: bool) -> Waits[list[Rows]]:
    if not asked:
        return []
    pgconn, known = connection.pgconn, _known.setdefault(connection, _Known())
    ready = [(_prepared(one.sql), *_given(connection, one.values)) for one in asked]
    together = len(asked) > 1 or ready[0][0].name not in known
    try:
        if together:
            pgconn.enter_pipeline_mode()
        new = [_send(pgconn, known, *one) for one in ready]
        if together:
            pgconn.pipeline_sync()
        yield from _flushed(pgconn, waits=waits)
        results = yield from _results(pgconn, sum(map(len, new)) + len(asked), together=together, waits=waits)
        if together:
            pgconn.exit_pipeline_mode()
    except BaseException as error:
        connection.close()  # in the middle of something it is of no use any more
        if isinstance(error, OperationalError):
            raise LostError from error
        raise
    return _read(connection, new, results, known)


def _send(pgconn: Any, known: _Known, one: _Prepared, given: Sequence[Any], formats: Sequence[int]) -> list[bytes]:
    """The names that are prepared on the way: none, or its own."""
    there = b"%s_%d" % (one.name, known.dropped)
    new = [] if one.name in known else [one.name]
    if new:
        pgconn.send_prepare(there, one.text)
        known.add(one.name)
    pgconn.send_query_prepared(there, given, formats, _BINARY)
    return new


def _flushed(pgconn: Any, *, waits: bool) -> Waits[None]:
    """What it was sent may not fit into the socket: then PostgreSQL may want to be heard first.

    libpq by itself would wait until it can write, while PostgreSQL waits for the same.
    """
    while pgconn.flush():
        if waits:
            yield True
        else:
            _wait_for_either(pgconn.socket)
        pgconn.consume_input()


def _wait_for_either(socket: int) -> None:
    polled = select.poll()
    polled.register(socket, select.POLLIN | select.POLLOUT)
    polled.poll()


def _results(pgconn: Any, number: int, *, together: bool, waits: bool) -> "Waits[list[PGresult]]":
    """Of all statements and preparations; behind a failure, those that were passed over too."""
    results: list[PGresult] = []
    while True:
        while waits and pgconn.is_busy():
            yield False
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            if not together or len(results) > number or pgconn.status == _BAD:
                return results
        elif result.status == pq.ExecStatus.PIPELINE_SYNC:
            return results
        else:
            results.append(result)


def _read(
    connection: "Connection[Any]", new: Sequence[list[bytes]], results: "list[PGresult]", known: set[bytes]
) -> list[Rows]:
    """Raises the first thing that went wrong; what was not prepared because of it is not known."""
    rows: list[Rows] = []
    wrong: PGresult | None = None
    ordered = iter(results)
    for names in new:
        for name in names:
            prepared = next(ordered, None)
            if prepared is None or prepared.status not in _DONE:
                known.discard(name)
                wrong = wrong or prepared
        found = next(ordered, None)
        if found is None or found.status not in _DONE:
            wrong = wrong or found
            continue
        rows.append(_rows(connection, found) if found.ntuples else [])
    if wrong is not None:
        checked(connection, wrong)
    if len(rows) < len(new):
        raise LostError
    return rows


def _rows(connection: "Connection[Any]", result: "PGresult") -> Rows:
    reader = Transformer(connection)
    reader.set_pgresult(result, format=_BINARY)
    return reader.load_rows(0, result.ntuples, tuple)


def _given(connection: "Connection[Any]", values: Sequence[Any]) -> tuple[list[Any], list[pq.Format]]:
    """Values and their formats. What is neither UUID nor Column goes as text: its type is said in the statement."""
    given: list[Any] = []
    formats = [_BINARY] * len(values)
    for number, value in enumerate(values):
        if value.__class__ is Column:
            given.append(value.data)
        elif value.__class__ is UUID:
            given.append(value.bytes)
        else:
            given += Transformer(connection).dump_sequence([value], [PyFormat.TEXT])
            formats[number] = _TEXT
    return given, formats


@cache
def _prepared(sql: str) -> _Prepared:
    number = count(1)
    text = re.sub("%[bs]", lambda _: f"${next(number)}", sql).encode()
    return _Prepared(b"sendtrail_" + sha256(text).hexdigest()[:16].encode(), text)
