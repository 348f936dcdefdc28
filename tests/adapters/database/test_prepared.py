from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection
from psycopg.errors import DivisionByZero

from adapters.database import arrays
from adapters.database.pool import connect
from adapters.database.prepared import LostError, answer
from tests.support.eventually import eventually

KINDS = "SELECT %b::uuid, n, t, b FROM unnest(%b::int8[], %b::text[], %b::bytea[]) AS u (n, t, b)"
DIVIDED = "SELECT 6 / n FROM unnest(%b::int8[]) AS u (n)"


@pytest.fixture
def connection(database_url: str) -> "Iterator[Connection[Any]]":
    with connect(database_url, autocommit=True) as opened:
        yield opened


def test_every_kind_of_value_goes_there_and_back(connection: "Connection[Any]") -> None:
    one, texts, states = uuid4(), ["", "Zoë"], [b"\x00\xff", b""]
    found = answer(connection, KINDS, (one, arrays.bigints([-1, 2**40]), arrays.texts(texts), arrays.byteas(states)))
    assert found == [(one, -1, "", b"\x00\xff"), (one, 2**40, "Zoë", b"")]


def test_without_rows_there_are_none(connection: "Connection[Any]") -> None:
    assert answer(connection, DIVIDED, (arrays.bigints([]),)) == []


def test_what_postgresql_says_is_raised_and_the_next_is_answered(connection: "Connection[Any]") -> None:
    with pytest.raises(DivisionByZero):
        answer(connection, DIVIDED, (arrays.bigints([0]),))
    assert answer(connection, DIVIDED, (arrays.bigints([2, 3]),)) == [(3,), (2,)]


def test_a_rollback_that_drops_the_prepared_ones_is_made_good(connection: "Connection[Any]") -> None:
    """psycopg drops all of a connection's, its own and ours."""
    assert answer(connection, DIVIDED, (arrays.bigints([1]),)) == [(6,)]
    connection.execute("SELECT 1", prepare=True)
    with connection.transaction(force_rollback=True):
        connection.execute("SELECT 1")
    connection.execute("SELECT 1")
    left = connection.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'sendtrail%'").fetchone()
    assert left == (0,)
    assert answer(connection, DIVIDED, (arrays.bigints([1]),)) == [(6,)]


def test_what_was_prepared_since_the_others_were_dropped_is_still_asked(connection: "Connection[Any]") -> None:
    one = uuid4()
    answer(connection, DIVIDED, (arrays.bigints([1]),))
    connection.execute("DEALLOCATE ALL")
    for _ in range(2):
        assert answer(connection, "SELECT %b::uuid", (one,)) == [(one,)]
        assert answer(connection, DIVIDED, (arrays.bigints([1]),)) == [(6,)]


def test_a_connection_that_died_is_told_from_a_refusal(connection: "Connection[Any]", database_url: str) -> None:
    answer(connection, DIVIDED, (arrays.bigints([1]),))
    with connect(database_url, autocommit=True) as killer:
        killer.execute("SELECT pg_terminate_backend(%s, 10000)", (connection.info.backend_pid,))
    with pytest.raises(LostError):
        answer(connection, DIVIDED, (arrays.bigints([1]),))


def test_other_threads_go_on_while_one_waits_for_an_answer(connection: "Connection[Any]", database_url: str) -> None:
    lock = "SELECT pg_advisory_lock(7)::text"
    with connect(database_url, autocommit=True) as holder, ThreadPoolExecutor(1) as thread:
        holder.execute(lock)
        connection.execute("SET statement_timeout = '20s'")
        waiting = thread.submit(answer, connection, lock)
        eventually(lambda: holder.execute("SELECT FROM pg_locks WHERE NOT granted").rowcount == 1, within=10)
        holder.execute("SELECT pg_advisory_unlock(7)")
        assert waiting.result() == [("",)]
