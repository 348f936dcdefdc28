"""What we write as PostgreSQL's binary arrays is what PostgreSQL reads."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.database import arrays
from adapters.database.pool import connect
from adapters.database.session import Write, columns
from domain.status import Status

HOUR = timedelta(hours=1)
ZONES = st.integers(min_value=-12, max_value=14).map(lambda hours: timezone(hours * HOUR))
FIRST, LAST = datetime(1900, 1, 1), datetime(2900, 1, 1)  # noqa: DTZ001 - the zone is drawn
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
ROWS = st.lists(
    st.tuples(
        st.datetimes(FIRST, LAST, timezones=ZONES), TEXTS, st.integers(-(2**63), 2**63 - 1), st.binary(max_size=40),
        st.uuids(), st.sampled_from([*Status, "other", "", None]),
    ),
    min_size=1, max_size=20,
)  # fmt: skip
KINDS = (arrays.moments, arrays.texts, arrays.bigints, arrays.byteas, arrays.uuids, arrays.words)
ASK = "SELECT * FROM unnest(%b::timestamptz[], %b::text[], %b::int8[], %b::bytea[], %b::uuid[], %b::text[])"


def test_every_value_comes_back_as_it_was(database_url: str) -> None:
    with connect(database_url) as connection:

        @given(rows=ROWS)
        def check(rows: list[tuple[Any, ...]]) -> None:
            # given rows of every kind, when PostgreSQL takes them apart
            told = connection.cursor(binary=True).execute(ASK, columns(Write(ASK, rows, KINDS))).fetchall()
            # then nothing is lost, to the microsecond
            assert [(row[0].astimezone(UTC), *row[1:]) for row in told] == [
                (row[0].astimezone(UTC), *row[1:]) for row in rows
            ]

        check()


def test_a_moment_of_no_zone_is_refused_instead_of_guessed() -> None:
    with pytest.raises(TypeError):
        arrays.moments([datetime(2026, 1, 15)])  # noqa: DTZ001 - that is what is asked


SOME_TIME = st.none() | st.datetimes(FIRST, LAST, timezones=ZONES)
NULLS = st.lists(
    st.tuples(st.none() | st.uuids(), st.none() | st.integers(-(2**31), 2**31 - 1), SOME_TIME), min_size=1, max_size=20
)
NULL_KINDS = (arrays.uuids_or_null, arrays.integers_or_null, arrays.moments)
ASK_NULLS = "SELECT * FROM unnest(%b::uuid[], %b::int4[], %b::timestamptz[])"


def test_nulls_come_back_too(database_url: str) -> None:
    with connect(database_url) as connection:

        @given(rows=NULLS)
        def check(rows: list[tuple[Any, ...]]) -> None:
            told = connection.cursor(binary=True).execute(ASK_NULLS, columns(Write(ASK_NULLS, rows, NULL_KINDS)))
            assert told.fetchall() == rows

        check()
