"""The query parameters of lists, counts and the stream: one table that requests are read by and OpenAPI tells of."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from api.http.fields import Moment
from domain.status import Group, Status
from domain.values import Channel, SubjectType
from projections.queries.filters import FEWEST_LETTERS, SHORTEST_SEARCH

LARGEST_PAGE = 200
PAGE = 50
_LONGEST = 300
"""Characters of a text: more than any number, name or address that it could be found in."""
_moment = TypeAdapter(Moment)


class BadValueError(ValueError):
    """The message says what is allowed, and never repeats what was given."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Parameter(NamedTuple):
    """`read` makes the value of one text, or raises BadValueError."""

    name: str
    read: Callable[[str], Any]
    says: str
    schema: dict[str, Any]
    repeats: bool = False

    def openapi(self) -> dict[str, Any]:
        schema = {"type": "array", "items": self.schema} if self.repeats else self.schema
        return {"name": self.name, "in": "query", "required": False, "description": self.says, "schema": schema}


def _choice(name: str, among: Iterable[StrEnum | str], says: str, *, repeats: bool = False) -> Parameter:
    known = {str(word): word for word in among}

    def read(text: str) -> StrEnum | str:
        if text not in known:
            raise BadValueError("not_allowed", f"Must be one of: {', '.join(known)}.")
        return known[text]

    return Parameter(name, read, says, {"type": "string", "enum": list(known)}, repeats)


def _flag(name: str, says: str) -> Parameter:
    words = {"true": True, "false": False}

    def read(text: str) -> bool:
        if text not in words:
            raise BadValueError("not_allowed", "Must be one of: true, false.")
        return words[text]

    return Parameter(name, read, says, {"type": "boolean", "default": False})


def _text(name: str, says: str, *, least: int = 1, repeats: bool = False) -> Parameter:
    def read(text: str) -> str:
        if not least <= len(text) <= _LONGEST:
            raise BadValueError("length", f"Must have {least} to {_LONGEST} characters.")
        if "\x00" in text:
            raise BadValueError("control_character", "Must not contain the character NUL.")
        return text

    return Parameter(name, read, says, {"type": "string", "minLength": least, "maxLength": _LONGEST}, repeats)


def _search(name: str, says: str) -> Parameter:
    text = _text(name, says, least=SHORTEST_SEARCH)

    def read(given: str) -> str:
        found = text.read(given)
        if sum(map(str.isalnum, found)) < FEWEST_LETTERS:
            raise BadValueError("length", f"Must have {FEWEST_LETTERS} letters or digits, or more.")
        return str(found)

    return text._replace(read=read)


def _time(name: str, says: str) -> Parameter:
    def read(text: str) -> Any:
        try:
            return _moment.validate_python(text)
        except ValidationError:
            raise BadValueError("datetime", "Must be a time with a zone, as in 2026-01-15T09:30:00Z.") from None

    return Parameter(name, read, says, {"type": "string", "format": "date-time"})


def whole_number(name: str, says: str, least: int, most: int, default: int | None = None) -> Parameter:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) < 20 and least <= int(text) <= most):
            raise BadValueError("out_of_range", f"Must be a whole number from {least} to {most}.")
        return int(text)

    schema: dict[str, Any] = {"type": "integer", "minimum": least, "maximum": most}
    return Parameter(name, read, says, schema if default is None else schema | {"default": default})


FILTERS = (
    _search(
        "q",
        "Part of the number, external id, customer's name, message's subject or, for readers who may see addresses, "
        "a recipient's address, with two letters or digits at least; upper and lower case are the same.",
    ),
    _choice("status_group", [*(g for g in Group if g is not Group.HIDDEN), "all"], "Not applied to counts."),
    _choice("status", Status, "Any of these statuses.", repeats=True),
    _choice("channel", Channel, "Any of these channels.", repeats=True),
    _choice("subject_type", SubjectType, "Any of these types of document.", repeats=True),
    _text("category", "Any of these categories of the tenant's own.", repeats=True),
    _text("reason", "Any of these reason codes.", repeats=True),
    _text("customer_id", "Any of these customers.", repeats=True),
    _time("sent_from", "`shipped_at` from this moment on."),
    _time("sent_to", "`shipped_at` before this moment."),
    _flag("show_ignored", "Also what people chose to ignore."),
    _flag("include_collecting", "Also what waits for its data or document."),
)
NEVER_SENT = _flag("never_sent", "Also subjects that were never sent.")
LIMIT = whole_number("limit", "Rows of a page.", 1, LARGEST_PAGE, PAGE)
CURSOR = Parameter("cursor", str, "`next_cursor` of the page before, with the same filters.", {"type": "string"})
WAIT_FOR = whole_number(
    "wait_for", "A `position` that a write returned: the answer includes that write, or is 503.", 0, 2**63 - 1
)
LAST_EVENT_ID = whole_number("last_event_id", "As the header Last-Event-ID, which goes before it.", 0, 2**63 - 1)
