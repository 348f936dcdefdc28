"""What a list may be narrowed down by, as conditions in SQL and as a test of one changed row; the two agree."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol

import msgspec

from domain.status import Group, Status
from domain.values import Channel, SubjectType
from projections.docs import lowered
from projections.overview import NEVER_SENT
from projections.sql import load

SQL = load(__file__)
SHORTEST_SEARCH = 3
"""Characters: an index of trigrams cannot find less."""
FEWEST_LETTERS = 2
"""Letters and digits among them: with less there may be no trigram at all, and every row would be read."""

FLAGS = ("show_ignored", "include_collecting", "never_sent")
_OF_FACETS = ("status", "channel", "subject_type", "category", "reason")
"""Filters that take one or more values of the column of the same name: few values, so that facets have it too."""


class Filters(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of several values of one filter any may match; of several filters, all must. Without any: what people expect to
    see, which is neither ignored nor collecting nor never sent.

    `in_recipients`: `q` looks at addresses too. `sent_from` and `sent_to` are half open, on `shipped_at`.
    """

    q: str | None = None
    in_recipients: bool = False
    status_group: Group | None = None
    status: tuple[Status, ...] = ()
    channel: tuple[Channel, ...] = ()
    subject_type: tuple[SubjectType, ...] = ()
    category: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()
    customer_id: tuple[str, ...] = ()
    sent_from: datetime | None = None
    sent_to: datetime | None = None
    show_ignored: bool = False
    include_collecting: bool = False
    never_sent: bool = False


class Row(Protocol):
    """The columns that are filtered by, of either read model."""

    @property
    def status(self) -> str | None: ...
    @property
    def status_group(self) -> str: ...
    @property
    def shipped_at(self) -> datetime | None: ...
    @property
    def ignored(self) -> bool: ...
    @property
    def search(self) -> str: ...
    @property
    def search_recipient(self) -> str: ...


Condition = tuple[str, dict[str, Any]]
"""SQL, and the values of its parameters."""


def of_facets(filters: Filters) -> Iterator[Condition]:
    """What a facet is shown by, or left out: all but the next four."""
    yield from ((SQL[flag], {}) for flag in FLAGS if not getattr(filters, flag))
    for name, wanted in named(filters).items():
        if name != "customer_id":
            yield SQL["is_one_of"].replace("{column}", name), {name: wanted}


def of_customers(filters: Filters) -> Iterator[Condition]:
    if filters.customer_id:
        yield SQL["is_one_of"].replace("{column}", "customer_id"), {"customer_id": list(filters.customer_id)}


def of_time(filters: Filters) -> Iterator[Condition]:
    for name in ("sent_from", "sent_to"):
        if (moment := getattr(filters, name)) is not None:
            yield SQL[name], {name: moment}


def of_words(filters: Filters) -> Iterator[Condition]:
    if filters.q is None:
        return
    columns = ("search", "search_recipient") if filters.in_recipients else ("search",)
    either = (SQL["q"].replace("{column}", column) for column in columns)
    yield f"({' OR '.join(either)})", {"q": f"%{escaped(lowered(filters.q))}%"}


def named(filters: Filters) -> dict[str, list[str]]:
    """Columns, and of each the values of which one is wanted; those that anything will do for are left out."""
    wanted = {"status_group": _groups(filters)} | {
        name: getattr(filters, name) for name in (*_OF_FACETS, "customer_id")
    }
    return {name: [str(value) for value in values] for name, values in wanted.items() if values}


def _groups(filters: Filters) -> list[str]:
    """What the column may hold. Empty: anything."""
    if filters.status_group is Group.NOT_SENT and filters.never_sent:
        return [Group.NOT_SENT.value, NEVER_SENT]
    return [filters.status_group.value] if filters.status_group else []


def escaped(text: str) -> str:
    """As it stands within a pattern of LIKE."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def matches(filters: Filters, row: Row) -> bool:
    """Whether the list with these filters holds the row."""
    return _is_shown(filters, row) and _is_named(filters, row) and _is_sent(filters, row) and _is_found(filters, row)


def _is_shown(filters: Filters, row: Row) -> bool:
    return (
        (filters.show_ignored or not row.ignored)
        and (filters.include_collecting or row.status_group != Group.HIDDEN)
        and (filters.never_sent or row.status_group != NEVER_SENT)
    )


def _is_named(filters: Filters, row: Row) -> bool:
    if (groups := _groups(filters)) and row.status_group not in groups:
        return False
    columns = (*_OF_FACETS, "customer_id")
    return all(getattr(row, name) in wanted for name in columns if (wanted := getattr(filters, name)))


def _is_sent(filters: Filters, row: Row) -> bool:
    if filters.sent_from is None and filters.sent_to is None:
        return True
    at = row.shipped_at
    if at is None:
        return False
    return (filters.sent_from is None or at >= filters.sent_from) and (filters.sent_to is None or at < filters.sent_to)


def _is_found(filters: Filters, row: Row) -> bool:
    if filters.q is None:
        return True
    wanted = lowered(filters.q)
    return wanted in row.search or (filters.in_recipients and wanted in row.search_recipient)
