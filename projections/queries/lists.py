"""The overview and the log: pages by keyset, newest first, and how many there are in each status group."""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from msgspec.structs import replace

from domain.status import Group
from projections.overview import NEVER_SENT
from projections.queries import spans
from projections.queries.asking import Ask
from projections.queries.filters import (
    Condition,
    Filters,
    names_a_number,
    of_customers,
    of_facets,
    of_time,
    of_words,
)
from projections.queries.searching import WALKED, Guess
from projections.sql import load

SQL = load(__file__)


class List(NamedTuple):
    """A read model that is listed. `searched` is its view for searches, where an index of trigrams is of use."""

    table: str
    searched: str
    listed: str
    sorted_by: str
    id: str


OVERVIEW = List("read.communication", "read.communication_of_tenant", "communication", "sorted_at", "communication_id")
LOG = List("read.attempt", "read.attempt_of_tenant", "attempt", "created_at", "attempt_id")

COUNTED = (Group.FAILED, Group.NOT_SENT, Group.IN_PROGRESS, Group.COMPLETED)
HEADS = 4
"""Rows that are first read of each facet: more of those only that have the page to themselves."""
FEW_PARTS = 800
"""Facets of customers that are quicker tried than found."""
MOST_FACETS = 2000
"""More than these are not merged."""
STEPS = 20
"""For each row of a page, how far to walk down the newest before facets are merged."""
DEEP_HEADS = 25
"""Of so many rows that are looked through, one is read of each facet first."""


class Place(NamedTuple):
    """A row's place in its list."""

    at: datetime
    id: UUID


class Page(NamedTuple):
    """The JSON of rows, newest first, parted by commas. `last` is the last one's place, None where nothing follows."""

    docs: bytes
    last: Place | None


Pieces = dict[str, list[Condition]]
"""Conditions by the place in the SQL where they belong."""


class Query(NamedTuple):
    """`prepare`: one plan for all values, once it was asked a few times; else it is planned each time for its own."""

    sql: str
    values: dict[str, Any]
    prepare: bool


async def page(ask: Ask, of: List, filters: Filters, after: Place | None, limit: int) -> Page:
    """The first `limit` rows behind `after`."""
    guess = await guessed(ask, of, filters)
    for query in page_queries(of, filters, after, limit, guess):
        ((docs, at, last, follows, complete),) = await ask(*query)
        if complete:
            return Page(docs or b"", Place(at, last) if follows else None)
    raise AssertionError("the last query is complete")


async def guessed(ask: Ask, of: List, filters: Filters) -> Guess | None:
    """None where nothing is looked for, or a long number, which few rows have."""
    if filters.q is None or names_a_number(filters):
        return None
    words, narrowed = [*of_words(filters)], replace(filters, q=None)
    query = _query("guess", of, {"words": words, **_rows(narrowed)}, prepare=False)
    ((plan,),) = await ask(*query)
    return Guess(*(part["Plan Rows"] for part in plan[0]["Plan"]["Plans"]))


async def counts(ask: Ask, of: List, filters: Filters) -> dict[str, int]:
    """The number per status group and of `all`, which is the length of the whole list with these filters."""
    found: dict[str, int] = dict(await ask(*counts_query(of, filters)))
    total = sum(found.values())
    found[Group.NOT_SENT] = found.get(Group.NOT_SENT, 0) + found.pop(NEVER_SENT, 0)
    return {**{group.value: found.get(group.value, 0) for group in COUNTED}, "all": total}


def page_queries(
    of: List, filters: Filters, after: Place | None, limit: int, guess: Guess | None = None
) -> Iterator[Query]:
    """To be asked in turn until one is complete. One row more than asked for tells whether there is more."""
    behind: Pieces = {"behind": [(SQL["after"], {"after_at": after.at, "after_id": after.id})] if after else []}
    merged = _parts(filters) | behind | {"steps": [(SQL["no_steps" if _of_some_rows(filters) else "steps"], {})]}
    merged["part_behind"] = [] if filters.sent_to else behind["behind"]
    if filters.q is None:
        yield _query("page", of, merged | {"docs": [(SQL["docs"], {})], **ALWAYS}, limit + 1)
        return
    found = _rows(filters) | behind | {"docs": [(SQL["docs"], {})]}
    if guess is not None:
        yield from _looking(of, filters, merged, found, guess, limit + 1)
    yield _query("searched_page", of, found | ALWAYS, limit + 1, prepare=False)


ALWAYS: Pieces = {"complete": [("true", {})]}


def _looking(of: List, filters: Filters, merged: Pieces, found: Pieces, guess: Guess, wanted: int) -> Iterator[Query]:
    """What looks through the newest of all, then of the list, where that is likely to be the shorter way."""
    if guess.may_walk(wanted) and not _of_some_rows(filters):
        yield _query("walked_page", of, found | {"complete": [("count(*) = %(rows)s", {})]}, wanted, prepare=False)
    looking = merged | {"docs": [(SQL["looked_through"], {"wanted": wanted})], "words": [*of_words(filters)]}
    for depth in guess.depths(wanted):
        yield _query("page", of, looking, depth, heads=max(HEADS, depth // DEEP_HEADS))


def counts_query(of: List, filters: Filters) -> Query:
    if filters.q is not None:
        return _query("searched_counts", of, _rows(filters), prepare=False)
    if not filters.customer_id and (whole := spans.inside(filters.sent_from, filters.sent_to)):
        return _counts_of_time(of, filters, whole)
    if _of_some_rows(filters):
        return _query("counts_of_rows", of, _parts(filters))
    return _query("counts", of, {"shown": [*of_facets(filters)]})


def _counts_of_time(of: List, filters: Filters, whole: spans.Spans) -> Query:
    """Sums over the spans that lie inside, and the rows at the two ends that do not."""
    bounds = {"span_from": whole.first, "span_to": whole.end}
    inside = [(SQL[name], {name: bound}) for name, bound in bounds.items() if bound is not None]
    parts = [_query("counts_of_spans", of, {"shown": [*of_facets(filters)], "spans": inside})]
    for moment, begins in ((filters.sent_from, whole.begins), (whole.ends, filters.sent_to)):
        if moment and begins and moment < begins:
            end = replace(filters, sent_from=moment, sent_to=begins)
            parts.append(_query("counts_of_rows", of, _parts(end)))
    return _together(parts)


def _together(parts: list[Query]) -> Query:
    """One statement, so that all are of the same moment; the values of each under names of their own."""
    named = [(f"p{number}_", part) for number, part in enumerate(parts)]
    texts = " UNION ALL ".join(f"({part.sql.replace('%(', f'%({prefix}')})" for prefix, part in named)
    values = {prefix + name: value for prefix, part in named for name, value in part.values.items()}
    return Query(SQL["together"].replace("{parts_of_it}", texts), values, prepare=True)


def _of_some_rows(filters: Filters) -> bool:
    """Whether a facet that is shown may have rows that are not."""
    return any(True for _ in (*of_customers(filters), *of_time(filters)))


def _rows(filters: Filters) -> Pieces:
    return {"shown": [*of_facets(filters), *of_customers(filters), *of_time(filters), *of_words(filters)]}


def _parts(filters: Filters) -> Pieces:
    """What is merged: the facets that are shown, each in its window of time, for each customer its own."""
    parts, of_part = ("parts_of_customers", "of_part_of_customer") if filters.customer_id else ("parts", "of_part")
    pieces: Pieces = {
        "shown": [*of_facets(filters)],
        "parts": [(SQL[parts], {"customer_id": list(filters.customer_id)})],
        "of_part": [(SQL[of_part], {}), *of_time(filters)],
    }
    for moment, inside, names in (
        (filters.sent_from, "after_since", {"since": "timestamptz"}),
        (filters.sent_to, "before_until", {"until": "timestamptz", "until_id": "uuid"}),
    ):
        pieces |= {name: [(SQL[name] if moment else f"NULL::{kind}", {})] for name, kind in names.items()}
        pieces["of_part"] += [(SQL[inside], {})] if moment else []
    return pieces


def _query(name: str, of: List, pieces: Pieces, rows: int = 0, *, prepare: bool = True, heads: int = HEADS) -> Query:
    limits = {
        "rows": rows,
        "walk": WALKED,
        "heads": heads,
        "few_parts": FEW_PARTS,
        "most_facets": MOST_FACETS,
        "steps": rows * STEPS,
    }
    values: dict[str, Any] = limits | {"after_at": None, "after_id": None}
    texts: list[tuple[str, str]] = []
    for place, conditions in pieces.items():
        texts.append((place, " AND ".join(text for text, _ in conditions) or "true"))
        for _, given in conditions:
            values |= given
    return Query(_sql(name, of, tuple(texts)), values, prepare)


@lru_cache(maxsize=2000)
def _sql(name: str, of: List, pieces: tuple[tuple[str, str], ...]) -> str:
    """Put together from the pieces of our own .sql files; values are only ever parameters."""
    sql = SQL[name]
    # What a piece stands for may have places of its own: they are filled afterwards.
    for place, text in (*pieces, *of._asdict().items()):
        sql = sql.replace(f"{{{place}}}", text)
    return sql
