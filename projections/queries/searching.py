"""Pages and counts of rows that have some words.

An index of trigrams finds all that have them, and each must be read to know the newest. So samples of one row in so
many are asked first how far down the list there are enough.
"""

import re
from collections.abc import Iterator
from uuid import UUID

from domain.status import LOOK, Group
from projections import digits
from projections.docs import lowered
from projections.queries.asking import Ask
from projections.queries.filters import Condition, Filters, escaped, named, of_customers, of_facets, of_time, of_words
from projections.queries.pieces import List, Page, Pieces, Place, Query, behind, put_together
from projections.sql import load

SQL = load(__file__)

FAR, NEAR = 2, 3
"""Rows of the thinner and of the thicker sample that make sure of enough: of one in 128, three stand for 384."""
EACH = 128
FEW, FEWER, FEWEST = 32, 12, 8
"""Rows of that sample: below the first, what the other filters leave is read without asking for words; below the
second, what has the words, without asking for the filters; but not where they leave less than the third."""
WORDS = 5
"""Words that the index is asked for at most; the rows are compared with all."""
SHORTEST, STRONG = 3, 4
"""Letters of a word that has a trigram, and of a number that few rows have."""
_WORD = re.compile(r"[^\W_]+")
_SAME = re.compile(r"^(.)\1+")
"""Of leading zeros one will do: nearly every number has them."""
_NUMBER = re.compile(f"[0-9]{{{digits.LEAST},}}")


async def page(ask: Ask, of: List, filters: Filters, after: Place | None, limit: int) -> Page:
    """The first `limit` rows behind `after`. Where a sample promised too much, it goes on from where it came to."""
    parts: list[bytes] = []
    wanted, last = limit + 1, None
    while True:
        ((docs, number, at, id_, since),) = await ask(*page_query(of, filters, after, wanted))
        if docs is not None:
            parts.append(docs)
            last = Place(at, id_)
        wanted -= number
        if not wanted or since is None:
            return Page(b",".join(parts), None if wanted else last)
        after = Place(since, UUID(int=0))


def page_query(of: List, filters: Filters, after: Place | None, rows: int) -> Query:
    """One row more than a page shows tells whether there is more."""
    others, shown, words = [*_labels(filters)], _shown(filters), [*of_words(filters)]
    sql = SQL["page"].replace("{way}", SQL["way"] if others else "")
    pieces: Pieces = {
        "page": [(SQL["three_ways"] if others else "{both}", {})],
        "far": _worded(SQL["one_in_16384"], "whole", others, shown, filters),
        "near": _worded(SQL["one_in_128"], "far", others, shown, filters),
        "named_thinly": _found(SQL["one_in_16384"], "near", others, shown),
        "named_sample": _found(SQL["one_in_128"], "near", others, shown),
        "worded_thinly": _worded(SQL["one_in_16384"], "near", [], [], filters),
        "worded_sample": _worded(SQL["one_in_128"], "near", [], [], filters),
        "named": _found("true", "near", others, [*shown, *words]),
        "worded": _worded("true", "near", [], shown, filters),
        "both": _worded("true", "near", others, shown, filters),
        "behind": behind(after),
        "spans": [(SQL["spans"], {})],
    }
    values = {"after_at": None, "looks": _looks(filters), "rows": rows, "few": FEW, "fewer": FEWER, "fewest": FEWEST}
    return put_together(sql, of, pieces, values | {"far": FAR, "near": NEAR + rows // EACH})


def counts_query(of: List, filters: Filters) -> Query:
    both = _worded("true", "whole", [*_labels(filters)], _shown(filters), filters)
    return put_together(
        SQL["counts"], of, {"both": both, "behind": [], "spans": [(SQL["spans"], {})]}, {"looks": _looks(filters)}
    )


def _worded(
    sample: str, within: str, inside: list[Condition], outside: list[Condition], filters: Filters
) -> list[Condition]:
    """Of rows that have the words: those in the one column, then those in the other alone. PostgreSQL looks up all
    that belongs to one column, but of two only what it thinks worth it."""
    patterns = {f"word_{n}": f"%{word}%" for n, word in enumerate(_words(lowered(filters.q or "")))}
    q = {"q": f"%{escaped(lowered(filters.q or ''))}%"}
    has = {column: SQL["q"].replace("{column}", column) for column in ("search", "search_recipient")}
    asked, parts = {"search": has["search"]}, []
    if filters.in_recipients:
        asked["search_recipient"] = f"{has['search_recipient']} AND NOT {has['search']}"
    for column, compared in asked.items():
        words = [(SQL["word"].replace("{column}", column).replace("{name}", name), patterns) for name in patterns]
        parts += _found(sample, within, [*inside, *words], [*outside, (compared, q)])
    return [(" UNION ALL ".join(text for text, _ in parts), {n: v for _, given in parts for n, v in given.items()})]


def _found(sample: str, within: str, inside: list[Condition], outside: list[Condition]) -> list[Condition]:
    """Rows of a sample, as far as another one told: those that the index finds, and then by all conditions."""
    text, given = SQL["found"], {name: value for _, values in (*inside, *outside) for name, value in values.items()}
    for place, piece in (("sample", sample), ("within", within), ("inside", _all(inside)), ("outside", _all(outside))):
        text = text.replace(f"{{{place}}}", piece)
    return [(text, given)]


def _all(conditions: list[Condition]) -> str:
    return " AND ".join(text for text, _ in conditions) or "true"


def _shown(filters: Filters) -> list[Condition]:
    return [*of_facets(filters), *of_customers(filters), *of_time(filters)]


def _looks(filters: Filters) -> list[str]:
    """As the function read.look numbers them."""
    groups = [0] + [1] * filters.include_collecting + [2] * filters.never_sent
    return [str(group + 3 * ignored) for ignored in range(1 + filters.show_ignored) for group in groups]


def _labels(filters: Filters) -> Iterator[Condition]:
    """What the index knows of the other filters. What failed has an index of its own."""
    if filters.status_group is Group.FAILED or (
        filters.status and all(LOOK[s].group is Group.FAILED for s in filters.status)
    ):
        yield SQL["failed"], {}
    for column, wanted in named(filters).items():
        yield SQL["is_one_of"].replace("{column}", column), {column: wanted}
    if filters.sent_from is not None or filters.sent_to is not None:
        yield SQL["shipped"], {"sent_from": filters.sent_from, "sent_to": filters.sent_to}


def _words(q: str) -> list[str]:
    """The words, and long numbers by their letters: those alone where few rows have one of them."""
    numbers = digits.told(q)
    strong = [letters for letters in numbers if len(set(letters)) >= STRONG]
    if strong:
        return [_SAME.sub(r"\1", letters) for letters in strong[:WORDS]]
    words = [word for word in _WORD.findall(q) if len(word) >= SHORTEST and not _NUMBER.fullmatch(word)]
    return sorted({*words, *numbers}, key=len)[-WORDS:] or [escaped(q)]
