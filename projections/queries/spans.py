"""Rows are counted by the four days in which they were shipped; here is which of those a range of time holds whole."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

DAYS = 4
"""As in the function read.span."""
_LAST = (date.max.toordinal() - 1) // DAYS


class Spans(NamedTuple):
    """Numbers, and the moments where the first begins and the last ends; None on a side that is open."""

    first: int | None
    end: int | None
    begins: datetime | None
    ends: datetime | None


def inside(since: datetime | None, until: datetime | None) -> Spans | None:
    """None where the range, half open, holds no span whole, or has no bound at all."""
    # A moment of the first day of all may lie before it in UTC.
    with suppress(OverflowError):
        return _inside(since, until)
    return None


def _inside(since: datetime | None, until: datetime | None) -> Spans | None:
    if since is None and until is None:
        return None
    first = None if since is None else _number(since) + (_begin(_number(since)) < since)
    end = None if until is None else _number(until)
    if first is not None and (first >= _LAST or (end is not None and first >= end)):
        return None
    return Spans(first, end, None if first is None else _begin(first), None if end is None else _begin(end))


def _number(at: datetime) -> int:
    return (at.astimezone(UTC).toordinal() - 1) // DAYS


def _begin(number: int) -> datetime:
    return datetime(1, 1, 1, tzinfo=UTC) + timedelta(days=number * DAYS)
