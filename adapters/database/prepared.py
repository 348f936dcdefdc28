"""The hottest statements by libpq itself: psycopg's cursor takes 30 us of Python a call, this 3.

For a connection in autocommit, outside any transaction.
"""

import re
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakSet

from psycopg import Connection, OperationalError, pq
from psycopg.adapt import Transformer
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq.abc import PGresult

from adapters.database.arrays import Column

_BINARY = pq.Format.BINARY
_DONE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)


class LostError(OperationalError):
    """The connection to PostgreSQL was lost."""


class _Prepared(NamedTuple):
    name: bytes
    text: bytes
    known: "WeakSet[Connection[Any]]"


def answer(connection: "Connection[Any]", sql: str, values: Sequence[UUID | Column]) -> list[tuple[Any, ...]]:
    """The rows of one statement, whose values are all `%b` with a type. Raises LostError, and what PostgreSQL says.

    psycopg drops all prepared statements of a connection after a rollback: then it is prepared, and asked, again.
    """
    prepared = _prepared(sql)
    given = [value.bytes if isinstance(value, UUID) else value.data for value in values]
    if connection not in prepared.known:
        _prepare(connection, prepared)
    try:
        result = _execute(connection, prepared, given)
    except InvalidSqlStatementName:
        _prepare(connection, prepared)
        result = _execute(connection, prepared, given)
    if not result.ntuples:
        return []
    reader = Transformer(connection)
    reader.set_pgresult(result, format=_BINARY)
    return reader.load_rows(0, result.ntuples, tuple)


def checked(connection: "Connection[Any]", result: "PGresult") -> "PGresult":
    """Raises what PostgreSQL says, and LostError where it says nothing any more."""
    if result.status in _DONE:
        return result
    if connection.pgconn.status == pq.ConnStatus.BAD:
        raise LostError
    raise error_from_result(result)


def _execute(connection: "Connection[Any]", prepared: _Prepared, given: Sequence[bytes]) -> "PGresult":
    formats = [_BINARY] * len(given)
    return checked(connection, connection.pgconn.exec_prepared(prepared.name, given, formats, _BINARY))


def _prepare(connection: "Connection[Any]", prepared: _Prepared) -> None:
    checked(connection, connection.pgconn.prepare(prepared.name, prepared.text))
    prepared.known.add(connection)


@cache
def _prepared(sql: str) -> _Prepared:
    number = count(1)
    text = re.sub("%b", lambda _: f"${next(number)}", sql).encode()
    return _Prepared(b"sendtrail_" + sha256(text).hexdigest()[:16].encode(), text, WeakSet())
