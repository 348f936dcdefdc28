"""Reads by libpq itself: the tenant and the question go out in one message, and come back as one answer.

psycopg's cursor takes three (begin, ask, commit), each with a turn of the event loop and 100 us of Python. What is sent
together is one transaction, in which the tenant is named before anything is read.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection, OperationalError, pq
from psycopg.adapt import Transformer
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq.abc import PGconn, PGresult
from psycopg_pool import AsyncConnectionPool

Connection = AsyncConnection[tuple[Any, ...]]
Rows = list[tuple[Any, ...]]

MOST_PREPARED = 100
"""Statements that each connection keeps; the one that was asked longest ago goes first."""
_BINARY = pq.Format.BINARY
_TEXT, _INT8, _TIMESTAMPTZ, _UUID, _TEXTS = 25, 20, 1184, 2950, 1009
_Value = tuple[int, bytes | None]
Prepared = OrderedDict[bytes, None]
"""Names."""
_DONE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)
_PLACE = re.compile(r"%\((\w+)\)s")


class _Statement(NamedTuple):
    """`names`: of the values, in the order of `$1`, `$2`, ..."""

    name: bytes
    text: bytes
    names: tuple[str, ...]

    def unnamed(self) -> "_Statement":
        """Planned each time, for its own values."""
        return self._replace(name=b"")


_NAME = "SELECT set_config('app.tenant', $1, true), set_config('plan_cache_mode', '{}', true)"
_NAMING = {
    # By itself PostgreSQL would plan a list anew each time, which takes longer than most lists.
    True: _Statement(b"ask_one_plan", _NAME.format("force_generic_plan").encode(), ()),
    False: _Statement(b"ask_own_plan", _NAME.format("force_custom_plan").encode(), ()),
}
"""What goes before a question, by whether that is prepared."""


class Asker:
    """Asks over a pool whose role row-level security holds to one tenant. Its connections must be in autocommit."""

    def __init__(self, pool: "AsyncConnectionPool[Connection]") -> None:
        self.pool = pool
        self._known: WeakKeyDictionary[Connection, Prepared] = WeakKeyDictionary()
        self._reader = Transformer()

    async def ask(self, tenant: UUID, sql: str, values: Mapping[str, Any], prepare: bool = True) -> Rows:
        """The rows of one question, whose places for values are `%(name)s`. Raises psycopg.Error.

        `prepare`: planned once, for any values; else each time for its own.
        """
        asked = _statement(sql)
        given = [_encoded(values[name]) for name in asked.names]
        asked = asked if prepare else asked.unnamed()
        async with self.pool.connection() as connection:
            known = self._known.setdefault(connection, OrderedDict())
            try:
                result = await _answer(connection.pgconn, known, tenant, asked, given)
            except InvalidSqlStatementName:
                # psycopg drops all prepared statements of a connection after a rollback of its own.
                known.clear()
                result = await _answer(connection.pgconn, known, tenant, asked, given)
            self._reader.set_pgresult(result, format=_BINARY)
            return self._reader.load_rows(0, result.ntuples, tuple)


async def _answer(
    pgconn: "PGconn", known: Prepared, tenant: UUID, asked: _Statement, given: "Sequence[_Value]"
) -> "PGresult":
    """What lies before a sync is one transaction; where something in it fails, nothing after it is carried out."""
    try:
        pgconn.enter_pipeline_mode()
        _send(pgconn, known, _NAMING[asked.name != b""], [(0, str(tenant).encode())])
        _send(pgconn, known, asked, given)
        pgconn.pipeline_sync()
        results = await _results(pgconn)
        pgconn.exit_pipeline_mode()
        return _last(results)
    except InvalidSqlStatementName:
        raise
    except BaseException:
        # Half an answer may be on its way, or half of what was to be prepared: the pool opens another.
        pgconn.finish()
        raise


def _send(pgconn: "PGconn", known: Prepared, asked: _Statement, given: "Sequence[_Value]") -> None:
    values = [value for _, value in given]
    if asked.name not in known:
        pgconn.send_prepare(asked.name, asked.text, [kind for kind, _ in given])
    if asked.name:
        known[asked.name] = None
        known.move_to_end(asked.name)
    pgconn.send_query_prepared(asked.name, values, None, _BINARY)
    if len(known) > MOST_PREPARED:
        pgconn.send_close_prepared(known.popitem(last=False)[0])


async def _results(pgconn: "PGconn") -> "list[PGresult]":
    """Everything before the sync."""
    loop = asyncio.get_running_loop()
    found: list[PGresult] = []
    while pgconn.flush():
        await _ready(pgconn.socket, loop.add_writer, loop.remove_writer)
    while True:
        while pgconn.is_busy():
            await _ready(pgconn.socket, loop.add_reader, loop.remove_reader)
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            if pgconn.status == pq.ConnStatus.BAD:
                raise OperationalError("the connection to PostgreSQL was lost")
        elif result.status == pq.ExecStatus.PIPELINE_SYNC:
            return found
        else:
            found.append(result)


async def _ready(socket: int, add: Callable[..., None], remove: Callable[[int], object]) -> None:
    woken = asyncio.get_running_loop().create_future()
    add(socket, _wake, woken)
    try:
        await woken
    finally:
        remove(socket)


def _wake(woken: "asyncio.Future[None]") -> None:
    if not woken.done():
        woken.set_result(None)


def _last(results: "Sequence[PGresult]") -> "PGresult":
    """The rows. Raises what PostgreSQL says."""
    for result in results:
        if result.status not in _DONE:
            raise error_from_result(result)
    return next(result for result in reversed(results) if result.status == pq.ExecStatus.TUPLES_OK)


@lru_cache(maxsize=4000)
def _statement(sql: str) -> _Statement:
    names = tuple(dict.fromkeys(_PLACE.findall(sql)))
    numbers = {name: f"${number}" for number, name in enumerate(names, 1)}
    text = _PLACE.sub(lambda found: numbers[found[1]], sql).encode()
    return _Statement(b"ask_" + sha256(text).hexdigest()[:24].encode(), text, names)


def _encoded(value: Any) -> _Value:
    """Its type, where that is known, and its text."""
    match value:
        case None:
            return 0, None
        case str():
            return _TEXT, value.encode()
        case int():
            return _INT8, b"%d" % value
        case datetime():
            return _TIMESTAMPTZ, value.isoformat().encode()
        case UUID():
            return _UUID, str(value).encode()
        case list():
            return _TEXTS, _array(value)
    raise TypeError(f"a {type(value).__name__} cannot be asked with")


def _array(texts: Sequence[str]) -> bytes:
    escaped = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{{{}}}".format(",".join(f'"{text}"' for text in escaped)).encode()
