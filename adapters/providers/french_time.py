"""Moments as French platforms write them: local time of France, without a zone.

In the hour that is there twice when summer time ends, the first one is meant: the writers do not say which.
"""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from adapters.providers.reading import moment

PARIS = ZoneInfo("Europe/Paris")
_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
"""By the number of digits: UNTDID 2379 formats 102 (a day, which begins at midnight), 203 and 204."""
_DIGITS = re.compile("[0-9]+")


def local(value: object) -> datetime | None:
    """UTC from `YYYY-MM-DD HH:MM` (with seconds or without), or from ISO 8601 with a zone; None for all else."""
    if not isinstance(value, str) or value.strip()[4:5] != "-":
        return None
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return moment(value) if found.tzinfo else _in_utc(found)


def compact(value: str | None) -> datetime | None:
    """UTC from `YYYYMMDD`, `YYYYMMDDhhmm` or `YYYYMMDDhhmmss`; None for all else."""
    digits = (value or "").strip()
    form = _COMPACT.get(len(digits))
    if form is None or not _DIGITS.fullmatch(digits):
        return None
    try:
        return _in_utc(datetime.strptime(digits, form))  # noqa: DTZ007 - the zone is given there
    except ValueError:
        return None


def day(at: datetime) -> str:
    """The day that it is in France, as `YYYY-MM-DD`."""
    return at.astimezone(PARIS).date().isoformat()


def _in_utc(naive: datetime) -> datetime | None:
    try:
        return naive.replace(tzinfo=PARIS).astimezone(UTC)
    except OverflowError:
        return None
