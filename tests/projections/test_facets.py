"""Facets and their numbers follow from the rows, whatever is written to them; and each tenant sees its own."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from adapters.database.pool import connect
from adapters.database.session import Write, write
from domain.status import LOOK, Status
from projections import attempt_log, overview
from projections.sql import load
from tests.conftest import Pool
from tests.support.asking import Asking
from tests.support.read_rows import OTHER_TENANT, TENANT, at, attempt, put_attempts, put_communications, row

PUT = {"attempt": load(attempt_log.__file__)["put"], "communication": load(overview.__file__)["put"]}
COLUMNS = {"attempt": attempt_log.Row._fields, "communication": overview.Row._fields}
OF_FACETS = "tenant_id, facet, ignored, status_group, status, reason, channel, subject_type, category"
STATUSES = (Status.SENT, Status.FAILED, Status.QUEUED)


def counted(connection: "Connection[Any]", listed: str) -> list[tuple[Any, ...]]:
    sql = f"SELECT {OF_FACETS}, number FROM read.facet WHERE listed = '{listed}' AND number <> 0 ORDER BY facet"
    return connection.execute(sql).fetchall()


def grouped(connection: "Connection[Any]", listed: str) -> list[tuple[Any, ...]]:
    sql = f"SELECT {OF_FACETS}, count(*) FROM read.{listed} GROUP BY {OF_FACETS} ORDER BY facet"
    return connection.execute(sql).fetchall()


def spans(connection: "Connection[Any]", listed: str) -> list[tuple[Any, ...]]:
    sql = f"SELECT tenant_id, facet, span, number FROM read.facet_span WHERE listed = '{listed}' AND number <> 0"
    return sorted(connection.execute(sql).fetchall())


def spanned(connection: "Connection[Any]", listed: str) -> list[tuple[Any, ...]]:
    sql = f"""SELECT tenant_id, facet, floor(extract(epoch FROM shipped_at - timestamptz '0001-01-01Z') / 345600)::int4,
              count(*) FROM read.{listed} WHERE shipped_at IS NOT NULL GROUP BY 1, 2, 3"""
    return sorted(connection.execute(sql).fetchall())


def outside(connection: "Connection[Any]", listed: str) -> list[tuple[Any, ...]]:
    """Rows that were shipped sooner or later than their facet says."""
    sql = f"""SELECT r.lag, f.lag_least, f.lag_most FROM read.{listed} AS r
              JOIN read.facet AS f USING (tenant_id, facet) WHERE f.listed = '{listed}'
              AND (r.lag < f.lag_least OR r.lag > f.lag_most OR (r.lag IS NULL) <> (f.lag_least IS NULL))"""
    return connection.execute(sql).fetchall()


def made(listed: str, place: int, look: int) -> tuple[Any, ...]:
    """One row as its projector puts it; `look` says what it shows."""
    status = STATUSES[look % 3]
    shown = row(place, tenant_id=(TENANT, OTHER_TENANT)[place % 2], status=status, ignored=look % 5 == 0)
    shown |= {
        "attempt_id": shown["id"],
        "communication_id": shown["id"],
        "created_at": at(place),
        "sorted_at": at(place),
    }
    shown |= {
        "shipped_at": at(place + look * 1500 - 20_000) if look % 4 else None,
        "reason": (None, "a", "b")[look % 3],
    }
    shown |= {"category": ("x", "y")[look % 2], "status_group": LOOK[status].group.value}
    return tuple(shown[column] for column in COLUMNS[listed])


LISTED = st.sampled_from(["attempt", "communication"])
WRITES: st.SearchStrategy[Any] = st.one_of(
    st.tuples(st.just("put"), LISTED, st.dictionaries(st.integers(1, 12), st.integers(0, 29), min_size=1, max_size=8)),
    st.tuples(st.just("remove"), LISTED, st.dictionaries(st.integers(1, 12), st.just(0), max_size=5)),
    st.tuples(st.just("empty"), LISTED, st.just({})),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(WRITES, max_size=12))
def test_numbers_are_those_of_the_rows_after_any_history(
    worker_pool: Pool, history: list[tuple[str, str, dict[int, int]]]
) -> None:
    with worker_pool.connection() as connection, connection.transaction(force_rollback=True):
        for what, listed, rows in history:
            if what == "put":
                write(connection, [Write(PUT[listed], [made(listed, *item) for item in rows.items()])])
            elif what == "remove":
                gone = [made(listed, place, 0)[0] for place in rows]
                connection.execute(f"DELETE FROM read.{listed} WHERE {COLUMNS[listed][0]} = ANY (%s)", (gone,))
            else:
                connection.execute(f"TRUNCATE read.{listed}")
            assert counted(connection, listed) == grouped(connection, listed)
            assert outside(connection, listed) == []
            assert spans(connection, listed) == spanned(connection, listed)
        before = [(counted(connection, listed), spans(connection, listed)) for listed in COLUMNS]
        for listed in ("attempt", "communication"):
            connection.execute("SELECT read.recount_facets(%s, %s)", (listed, f"read.{listed}"))
        assert [(counted(connection, listed), spans(connection, listed)) for listed in COLUMNS] == before


def test_rows_that_were_put_in_without_a_word_are_counted_when_asked_for(database_url: str) -> None:
    with connect(database_url, "sendtrail_owner") as owner:
        owner.execute("ALTER TABLE read.attempt DISABLE TRIGGER USER")
        put_attempts(owner, [attempt(1), attempt(2, status="failed")])
        assert counted(owner, "attempt") == []
        owner.execute("SELECT read.recount_facets('attempt', 'read.attempt')")
        assert counted(owner, "attempt") == grouped(owner, "attempt") != []
        assert spans(owner, "attempt") == spanned(owner, "attempt") != []


@pytest.mark.parametrize("who", [TENANT, OTHER_TENANT])
def test_a_tenant_sees_its_own_facets_alone(ask: Asking, worker_pool: Pool, who: Any) -> None:
    with worker_pool.connection() as connection:
        put_communications(connection, [row(1), row(2, tenant_id=OTHER_TENANT), row(3, tenant_id=OTHER_TENANT)])

    async def facets(cursor: Any) -> list[Any]:
        sql = "SELECT f.tenant_id, s.tenant_id, f.number, s.number FROM read.facet AS f, read.facet_span AS s"
        return list(await (await cursor.execute(sql)).fetchall())

    assert ask(facets, who) == [(who, who, *(2 * [1 if who == TENANT else 2]))]
    assert ask.runner.run(facets(ask.connection)) == []


def test_the_api_may_not_write_facets(api_pool: Pool) -> None:
    with api_pool.connection() as connection:
        for table in ("read.facet", "read.facet_span"):
            sql = "SELECT has_table_privilege(%s, 'INSERT, UPDATE, DELETE, TRUNCATE')"
            assert connection.execute(sql, (table,)).fetchone() == (False,)
