"""One trip to PostgreSQL by libpq itself: several statements, each prepared once, in one message and one transaction.

psycopg's cursor takes 30 us of Python a call, this 3; its pipeline hangs once a statement outgrows the socket. For a
connection in autocommit, outside any transaction of psycopg's.
"""

import re
import select
from collections import OrderedDict
from collections.abc import Generator, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import count
from typing import Any, Literal, NamedTuple, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

from psycopg import Connection, OperationalError, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq.abc import PGresult

from adapters.database.arrays import Column

T = TypeVar("T")
Rows = list[tuple[Any, ...]]
Waits = Generator[bool, None, T]
"""Yields when the connection's socket has to be waited for: until it can be read, True: or written."""
MOST_PREPARED = 100
"""Statements that each connection keeps; the one that was asked longest ago goes first."""
_BINARY, _TEXT = pq.Format.BINARY, pq.Format.TEXT
_DONE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)
_IDLE, _BAD = pq.TransactionStatus.IDLE, pq.ConnStatus.BAD


class LostError(OperationalError):
    """The connection to PostgreSQL was lost."""


class Ask(NamedTuple):
    """One statement. `%b` with a type in it stands for a UUID or a Column, `%s` with a type for anything else."""

    sql: str
    values: Sequence[Any] = ()


class Typed(NamedTuple):
    """A value in PostgreSQL's words, and its type's number where the statement does not say it."""

    kind: int
    text: bytes | None


class _Given(NamedTuple):
    values: list[Any]
    formats: list[pq.Format]
    kinds: list[int]


class _Known(OrderedDict[bytes, None]):
    """The names of what is prepared on one connection. `dropped`: how often the others were.

    It goes into the names there, because what was prepared since is there still.
    """

    def __init__(self, connection: "Connection[Any]", dropped: int = 0) -> None:
        super().__init__()
        self.dropped = dropped
        self._reader = Transformer(connection)

    def rows(self, result: "PGresult") -> Rows:
        self._reader.set_pgresult(result, format=_BINARY)
        found = self._reader.load_rows(0, result.ntuples, tuple)
        self._reader.set_pgresult(None)
        return found


_known: "WeakKeyDictionary[Connection[Any], _Known]" = WeakKeyDictionary()
_Sent = tuple[Literal["prepared", "closed", "asked"], bytes]
"""What PostgreSQL answers to, and the name of the statement."""


def trip(connection: "Connection[Any]", asked: Sequence[Ask], *, waits: bool) -> Waits[list[Rows]]:
    """The rows of each statement. `waits` False: never yields, the thread waits.

    Raises LostError, and what PostgreSQL says. psycopg drops a connection's prepared statements after a rollback: then
    they are prepared, and asked, again. That is safe, because nothing of a trip that failed was carried out; unless it
    went on with a transaction.
    """
    if not asked:
        return []
    try:
        return (yield from _once(connection, asked, waits=waits))
    except InvalidSqlStatementName:
        _forgetting(connection)
        if connection.pgconn.transaction_status != _IDLE:
            raise LostError from None
        return (yield from _once(connection, asked, waits=waits))


def alone(connection: "Connection[Any]", one: Ask) -> Rows:
    """The rows of one statement, for which the thread waits once, without the interpreter's lock.

    A trip takes that again for every 8 KB of the answer, and beside another thread that computes waits for it each
    time. Raises LostError, and what PostgreSQL says. The next trip is what drops a statement that is one too many.
    """
    try:
        return _alone(connection, _knowing(connection), one)
    except InvalidSqlStatementName:
        return _alone(connection, _forgetting(connection), one)


def _alone(connection: "Connection[Any]", known: _Known, one: Ask) -> Rows:
    given, (name, text) = _given(connection, one.values), prepared(one.sql)
    there = b"%s_%d" % (name, known.dropped)
    if name not in known:
        checked(connection, connection.pgconn.prepare(there, text, given.kinds))
        known[name] = None
    known.move_to_end(name)
    result = checked(connection, connection.pgconn.exec_prepared(there, given.values, given.formats, _BINARY))
    return known.rows(result) if result.ntuples else []


def _knowing(connection: "Connection[Any]") -> _Known:
    if (known := _known.get(connection)) is None:
        known = _known[connection] = _Known(connection)
    return known


def _forgetting(connection: "Connection[Any]") -> _Known:
    """What was prepared there was dropped."""
    known = _known[connection] = _Known(connection, _known[connection].dropped + 1)
    return known


def checked(connection: "Connection[Any]", result: "PGresult") -> "PGresult":
    """Raises what PostgreSQL says, and LostError where it says nothing any more."""
    if result.status in _DONE:
        return result
    if connection.pgconn.status == _BAD:
        raise LostError
    raise error_from_result(result)


def _once(connection: "Connection[Any]", asked: Sequence[Ask], *, waits: bool) -> Waits[list[Rows]]:
    pgconn, known = connection.pgconn, _knowing(connection)
    ready = [(one, _given(connection, one.values)) for one in asked]
    try:
        pgconn.enter_pipeline_mode()
        sent = [sending for one, given in ready for sending in _send(pgconn, known, one, given)]
        pgconn.pipeline_sync()
        yield from _flushed(pgconn, waits=waits)
        results = yield from _results(pgconn, waits=waits)
        pgconn.exit_pipeline_mode()
    except BaseException as error:
        connection.close()  # in the middle of something it is of no use any more
        if isinstance(error, OperationalError):
            raise LostError from error
        raise
    return _read(connection, known, sent, results)


def _send(pgconn: Any, known: _Known, one: Ask, given: _Given) -> Iterator[_Sent]:
    name, text = prepared(one.sql)
    there = b"%s_%d" % (name, known.dropped)
    if name in known:
        known.move_to_end(name)
    else:
        pgconn.send_prepare(there, text, given.kinds)
        known[name] = None
        yield "prepared", name
    pgconn.send_query_prepared(there, given.values, given.formats, _BINARY)
    yield "asked", name
    if len(known) > MOST_PREPARED:
        oldest, _ = known.popitem(last=False)
        pgconn.send_close_prepared(b"%s_%d" % (oldest, known.dropped))
        yield "closed", oldest


def _flushed(pgconn: Any, *, waits: bool) -> Waits[None]:
    """What it was sent may not fit into the socket: then PostgreSQL may want to be heard first.

    libpq by itself would wait until it can write, while PostgreSQL waits for the same.
    """
    while pgconn.flush():
        if waits:
            yield True
        else:
            _wait_for(pgconn.socket, select.POLLIN | select.POLLOUT)
        pgconn.consume_input()


def _wait_for(socket: int, what: int) -> None:
    """libpq would wait too, and psycopg would not let other threads go on meanwhile."""
    polled = select.poll()
    polled.register(socket, what)
    polled.poll()


def _results(pgconn: Any, *, waits: bool) -> "Waits[list[PGresult]]":
    """Of all that was sent; behind a failure, those that were passed over too, unless the connection was lost."""
    results: list[PGresult] = []
    while True:
        while pgconn.is_busy():
            if waits:
                yield False
            else:
                _wait_for(pgconn.socket, select.POLLIN)
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            if pgconn.status == _BAD:
                return results
        elif result.status == pq.ExecStatus.PIPELINE_SYNC:
            return results
        else:
            results.append(result)


def _read(connection: "Connection[Any]", known: _Known, sent: Sequence[_Sent], results: "list[PGresult]") -> list[Rows]:
    """Raises the first thing that went wrong; what was not carried out because of it is as before."""
    rows: list[Rows] = []
    wrong: PGresult | None = None
    for (what, name), result in zip(sent, results, strict=False):
        if result.status in _DONE:
            if what == "asked":
                rows.append(known.rows(result) if result.ntuples else [])
            continue
        wrong = wrong or result
        if what == "prepared":
            known.pop(name, None)
        elif what == "closed":
            known[name] = None
    if wrong is not None:
        checked(connection, wrong)
    if len(results) < len(sent):
        raise LostError
    return rows


def _given(connection: "Connection[Any]", values: Sequence[Any]) -> _Given:
    given = _Given([], [_BINARY] * len(values), [0] * len(values))
    for number, value in enumerate(values):
        if value.__class__ is Column:
            given.values.append(value.data)
        elif value.__class__ is UUID:
            given.values.append(value.bytes)
        else:
            given.formats[number] = _TEXT
            if value.__class__ is Typed:
                given.kinds[number], text = value
                given.values.append(text)
            else:
                given.values.extend(Transformer(connection).dump_sequence([value], [PyFormat.TEXT]))
    return given


@lru_cache(maxsize=4000)
def prepared(sql: str) -> tuple[bytes, bytes]:
    """The statement's name, as far as it goes, and its text in PostgreSQL's own form."""
    number = count(1)
    text = re.sub("%[bs]", lambda _: f"${next(number)}", sql).encode()
    return b"sendtrail_" + sha256(text).hexdigest()[:16].encode(), text
