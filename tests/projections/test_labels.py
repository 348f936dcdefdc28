"""What labels narrow a search down by, no row that is looked for may lack; and hardly any other may have it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Pool
from tests.support.read_rows import OTHER_TENANT, TENANT

HELD = """SELECT read.span_labels(%(tenant)s, %(kind)s, %(at)s)
          && read.covering(%(of)s, '{2,5,7}', %(since)s::timestamptz, %(until)s::timestamptz)"""
SPAN = timedelta(seconds=512)
examples = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
moments = st.datetimes(datetime(1890, 1, 1), datetime(2300, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
near = st.integers(-5000, 5000).map(lambda seconds: datetime(2026, 1, 31, tzinfo=UTC) + timedelta(seconds=seconds))


def held(pool: Pool, **given: Any) -> bool:
    with pool.connection() as connection:
        values = {"tenant": TENANT, "of": TENANT, "kind": 5} | given
        row = connection.execute(HELD, values).fetchone()
    assert row is not None
    return bool(row[0])


@examples
@given(at=moments | near, since=st.none() | moments | near, until=st.none() | moments | near)
def test_a_range_of_time_holds_what_lies_in_it_and_hardly_anything_beside(
    worker_pool: Pool, at: datetime, since: datetime | None, until: datetime | None
) -> None:
    found = held(worker_pool, at=at, since=since, until=until)
    if (since is None or since <= at) and (until is None or at <= until):
        assert found
    elif datetime(1970, 1, 2, tzinfo=UTC) < at < datetime(2239, 12, 31, tzinfo=UTC):
        near_it = (since is None or since - SPAN < at) and (until is None or at < until + SPAN)
        assert near_it or not found


def test_another_tenant_another_kind_and_nothing_at_all_are_not_held(worker_pool: Pool) -> None:
    at = datetime(2026, 1, 31, tzinfo=UTC)
    assert held(worker_pool, at=at, since=None, until=None)
    assert not held(worker_pool, at=at, since=None, until=None, of=OTHER_TENANT)
    assert not held(worker_pool, at=at, since=None, until=None, kind=3)
    assert not held(worker_pool, at=None, since=None, until=None)


def test_few_spans_cover_any_time(worker_pool: Pool) -> None:
    number = "SELECT cardinality(read.covering(%s, '{0}', %s, %s))"
    begin = datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)
    with worker_pool.connection() as connection:
        for days in (0, 1, 30, 365, 20_000):
            row = connection.execute(number, (UUID(int=1), begin, begin + timedelta(days=days))).fetchone()
            assert row is not None
            assert row[0] <= 14 * 7
