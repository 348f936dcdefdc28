from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.french_time import compact, day, local


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("2026-01-15 13:00", 12),
        ("2026-07-15 13:00", 11),
        ("2026-07-15 13:00:30", 11),
        ("2026-07-15T13:00", 11),
        ("2026-07-15T13:00:30.250", 11),
        ("2026-07-15T13:00:00+02:00", 11),
        ("2026-07-15T13:00:00Z", 13),
        (" 2026-01-15 13:00 ", 12),
    ],
)
def test_local_time_is_that_of_france_unless_a_zone_is_there(written: str, hour: int) -> None:
    found = local(written)
    assert found
    assert (found.tzinfo, found.hour) == (UTC, hour)


@pytest.mark.parametrize(
    "written", ["", "13:00", "15/01/2026 13:00", "2026-13-01 10:00", "20260115", None, 7, True, "2026-01-15 25:00"]
)
def test_what_is_no_local_time_is_none(written: object) -> None:
    assert local(written) is None


@pytest.mark.parametrize(
    ("digits", "at"),
    [
        ("20260115", datetime(2026, 1, 14, 23, tzinfo=UTC)),
        ("202601151300", datetime(2026, 1, 15, 12, tzinfo=UTC)),
        ("20260115130059", datetime(2026, 1, 15, 12, 0, 59, tzinfo=UTC)),
        ("20260715130059", datetime(2026, 7, 15, 11, 0, 59, tzinfo=UTC)),
        (" 20260115 ", datetime(2026, 1, 14, 23, tzinfo=UTC)),
    ],
)
def test_compact_moments_are_french_too(digits: str, at: datetime) -> None:
    assert compact(digits) == at


@pytest.mark.parametrize(
    "digits", [None, "", "2026", "20261301", "20260115130", "2026011513005", "2026-01-15", "٢٠٢٦٠١١٥"]
)
def test_what_is_no_compact_moment_is_none(digits: str | None) -> None:
    assert compact(digits) is None


def test_around_the_changes_of_the_clock() -> None:
    assert compact("20260329013000") == datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert compact("20260329033000") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert compact("20261025023000") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # there twice: the first
    assert compact("20261025033000") == datetime(2026, 10, 25, 2, 30, tzinfo=UTC)


def test_the_day_begins_at_french_midnight() -> None:
    assert day(datetime(2026, 1, 15, 22, 59, tzinfo=UTC)) == "2026-01-15"
    assert day(datetime(2026, 1, 15, 23, 0, tzinfo=UTC)) == "2026-01-16"


@given(
    st.text()
    | st.from_regex(r"[0-9]{8,14}", fullmatch=True)
    | st.from_regex(r"\d{4}-\d\d-\d\d \d\d:\d\d", fullmatch=True)
)
def test_whatever_is_written_is_a_moment_or_none(written: str) -> None:
    for found in (local(written), compact(written)):
        assert found is None or found.tzinfo is UTC
