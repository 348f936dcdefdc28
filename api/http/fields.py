"""The kinds of fields that requests are made of: bounded, trimmed, and free of characters that nobody can see."""

import re
from datetime import UTC, date, datetime
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HIDDEN_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _one_line(text: str) -> str:
    if _HIDDEN.search(text):
        raise PydanticCustomError("control_character", "Must be one line without control characters")
    return text


def _text(text: str) -> str:
    if _HIDDEN_IN_TEXT.search(text):
        raise PydanticCustomError("control_character", "Must not contain control characters")
    return text


def _http_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", url)
    except ValueError:
        good = False
    if not good:
        raise PydanticCustomError("url", "Must be an http or https URL")
    return url


def _moment(value: object) -> datetime:
    """Nothing but RFC 3339 with a zone: a bare number or a local time would be a guess."""
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise PydanticCustomError("datetime", "Must be a time with a zone, as in 2026-01-15T09:30:00Z")


def _day(value: str) -> str:
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise PydanticCustomError("date", "Must be a day, as in 2026-01-15")


def _line_of(most: int, least: int = 1) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=least, max_length=most)


Id = Annotated[str, _line_of(200), AfterValidator(_one_line)]
Word = Annotated[str, _line_of(64), AfterValidator(_one_line)]
Line = Annotated[str, _line_of(300), AfterValidator(_one_line)]
Url = Annotated[str, _line_of(2000), AfterValidator(_one_line), AfterValidator(_http_url)]
Slug = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$")]
Amount = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Language = Annotated[str, StringConstraints(max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Day = Annotated[str, AfterValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
Address = Annotated[str, _line_of(1000, 0), AfterValidator(_text)]
"""A postal one has several lines. Empty is missing."""
Text = Annotated[str, StringConstraints(max_length=100_000), AfterValidator(_text)]
Note = Annotated[str, _line_of(1000), AfterValidator(_text)]
