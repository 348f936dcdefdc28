"""The overview and the log: pages by keyset, newest first, and how many there are in each status group."""

from typing import Any

from msgspec.structs import replace

from domain.status import Group
from projections.overview import NEVER_SENT
from projections.queries import searching, spans
from projections.queries.asking import Ask
from projections.queries.filters import Filters, of_customers, of_facets, of_time
from projections.queries.pieces import List, Page, Pieces, Place, Query, behind, put_together
from projections.sql import load

SQL = load(__file__)

COUNTED = (Group.FAILED, Group.NOT_SENT, Group.IN_PROGRESS, Group.COMPLETED)
HEADS = 4
"""Rows that are first read of each facet: more of those only that have the page to themselves."""
FEW_PARTS = 800
"""Facets of customers that are quicker tried than found."""
MOST_FACETS = 2000
"""More than these are not merged."""
STEPS = 20
"""For each row of a page, how far to walk down the newest before facets are merged."""


async def page(ask: Ask, of: List, filters: Filters, after: Place | None, limit: int) -> Page:
    """The first `limit` rows behind `after`."""
    if filters.q is not None:
        return await searching.page(ask, of, filters, after, limit)
    ((docs, at, last, follows),) = await ask(*page_query(of, filters, after, limit))
    return Page(docs or b"", Place(at, last) if follows else None)


async def counts(ask: Ask, of: List, filters: Filters) -> dict[str, int]:
    """The number per status group and of `all`, which is the length of the whole list with these filters."""
    found: dict[str, int] = dict(await ask(*counts_query(of, filters)))
    total = sum(found.values())
    found[Group.NOT_SENT] = found.get(Group.NOT_SENT, 0) + found.pop(NEVER_SENT, 0)
    return {**{group.value: found.get(group.value, 0) for group in COUNTED}, "all": total}


def page_query(of: List, filters: Filters, after: Place | None, limit: int) -> Query:
    """Without words. One row more than asked for tells whether there is more."""
    merged = _parts(filters) | {
        "behind": behind(after),
        "steps": [(SQL["no_steps" if _of_some_rows(filters) else "steps"], {})],
        "part_behind": [] if filters.sent_to else behind(after),
    }
    return _query("page", of, merged, limit + 1)


def counts_query(of: List, filters: Filters) -> Query:
    if filters.q is not None:
        return searching.counts_query(of, filters)
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
    return Query(SQL["together"].replace("{parts_of_it}", texts), values)


def _of_some_rows(filters: Filters) -> bool:
    """Whether a facet that is shown may have rows that are not."""
    return any(True for _ in (*of_customers(filters), *of_time(filters)))


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


def _query(name: str, of: List, pieces: Pieces, rows: int = 0) -> Query:
    values: dict[str, Any] = {
        "after_at": None,
        "after_id": None,
        "rows": rows,
        "heads": HEADS,
        "few_parts": FEW_PARTS,
        "most_facets": MOST_FACETS,
        "steps": rows * STEPS,
    }
    return put_together(SQL[name], of, pieces, values)
