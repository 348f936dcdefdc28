"""Whatever the filters and the size of a page: all pages together are the whole list, and a change is judged alike."""

from collections import Counter
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.status import Group, Status
from domain.values import Channel, SubjectType
from projections.overview import NEVER_SENT
from projections.queries import lists, searching
from projections.queries.filters import Filters, matches
from projections.queries.pieces import LOG, OVERVIEW, List, Place
from tests.conftest import Pool
from tests.support.asking import Asking
from tests.support.read_rows import Row, at, attempt, project_to, put_attempts, put_communications, row

ROWS = 120
HOURS = 7 * 60
"""Minutes. So that what is shipped fills some spans of four days, and begins and ends within others."""
STATUSES = [*Status, None]


def some(place: int, *, never_sent: bool) -> Row:
    """Every value of every column comes with many others, some looks come often; each moment belongs to three rows."""
    look = place if place < ROWS // 3 else place % 5
    status = STATUSES[look % len(STATUSES)]
    status = Status.SENT if status is None and not never_sent else status
    made = attempt(
        place,
        at=at(place // 3),
        status=status,
        channel=str(list(Channel)[look % 5]) if status else None,
        subject_type=str(list(SubjectType)[look % 7]),
        category=("a", "b")[look % 2],
        reason=(None, "hard_bounce", "mailbox_full")[look % 3],
        customer_id=(None, "c-1", "c-2", "c-3")[look % 4],
        shipped_at=at(place % 40 * HOURS) if status and place % 11 else None,
        ignored=look % 9 == 0,
        number=f"2026-{place:04}",
        recipient=f"person{place % 10}@payer.example",
    )
    if never_sent:
        del made["communication_id"]
    return made


@pytest.fixture
def filled(worker_pool: Pool) -> None:
    with worker_pool.connection() as connection:
        put_communications(connection, [some(n, never_sent=True) for n in range(1, ROWS + 1)])
        put_attempts(connection, [some(n, never_sent=False) for n in range(1, ROWS + 1)])
        project_to(connection, ROWS)


moments = (
    st.none() | st.integers(-1, 41).map(lambda n: at(n * HOURS)) | st.sampled_from([at(-540), at(5220), at(10980)])
)
filters = st.builds(
    Filters,
    q=st.none() | st.sampled_from(["2026-00", "6-01", "payer", "PERSON3", "ext-9"]),
    in_recipients=st.booleans(),
    status_group=st.none() | st.sampled_from([g for g in Group if g is not Group.HIDDEN]),
    status=st.sets(st.sampled_from(Status), max_size=4).map(tuple),
    channel=st.sets(st.sampled_from(Channel), max_size=2).map(tuple),
    subject_type=st.sets(st.sampled_from(SubjectType), max_size=3).map(tuple),
    category=st.sampled_from([(), ("a",), ("a", "c")]),
    reason=st.sampled_from([(), (), ("hard_bounce",), ("hard_bounce", "mailbox_full")]),
    customer_id=st.sampled_from([(), (), ("c-1",), ("c-2", "c-3")]),
    sent_from=moments,
    sent_to=moments,
    show_ignored=st.booleans(),
    include_collecting=st.booleans(),
    never_sent=st.booleans(),
)
examples = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Ways(NamedTuple):
    """What decides how a page is put together."""

    HEADS: int
    STEPS: int
    MOST_FACETS: int
    FEW_PARTS: int


WALKED, MERGED, BOTH = Ways(4, 20, 2000, 600), Ways(1, 0, 2000, 0), Ways(3, 1, 2000, 20)
NOT_MERGED = Ways(2, 1, 3, 3)


class Samples(NamedTuple):
    """How a search goes down a list that is much too short for it: the samples, and what it takes for enough."""

    one_in_16384: str
    one_in_128: str
    FAR: int
    NEAR: int
    FEW: int
    FEWER: int
    FEWEST: int


THICK = Samples("r.lot & 7 = 0", "r.lot & 3 = 0", 2, 3, 3, 2, 1)
THIN = Samples("r.lot & 15 = 0", "r.lot & 1 = 0", 1, 1, 9, 0, 0)
WORDS_FIRST = Samples("r.lot & 7 = 0", "r.lot & 3 = 0", 1, 1, 0, 9, 0)
EMPTY = Samples("false", "false", 1, 1, 0, 0, 0)
OTHERS_FIRST = Samples("false", "r.lot & 1 = 0", 1, 2, 9, 9, 9)


def pages(ask: Asking, of: List, chosen: Filters, limit: int) -> list[str]:
    """All rows, page after page."""
    collected: list[str] = []
    after: Place | None = None
    while True:
        found = ask.page(of, chosen, after, limit)
        collected += found.docs
        assert len(found.docs) == limit or found.last is None
        assert len(collected) <= ROWS
        if found.last is None:
            return collected
        after = found.last


def plain(ask: Asking, of: List, chosen: Filters) -> list[str]:
    kind = 0 if of is OVERVIEW else 1
    rows = [c for c in ask.changes(0, 1000).changes if c.kind == kind and matches(chosen, c)]
    return [c.doc for c in sorted(rows, key=lambda c: (at(c.id.int // 3), c.id), reverse=True)]


@pytest.mark.usefixtures("filled")
@examples
@given(
    chosen=filters,
    limit=st.integers(1, 50),
    of=st.sampled_from([OVERVIEW, LOG]),
    ways=st.sampled_from([WALKED, MERGED, BOTH, NOT_MERGED]),
)
def test_pages_are_the_rows_of_a_plain_scan_in_order(
    ask: Asking, chosen: Filters, limit: int, of: List, ways: Ways
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ways._asdict().items():
            patch.setattr(lists, name, value)
        assert pages(ask, of, chosen, limit) == plain(ask, of, chosen)


searches = st.builds(
    replace,
    st.builds(Filters, q=st.sampled_from(["2026-00", "6-01", "payer", "PERSON3", "ext"]), in_recipients=st.booleans()),
    show_ignored=st.booleans(),
    status_group=st.sampled_from([None, None, Group.FAILED, Group.COMPLETED]),
    category=st.sampled_from([(), (), ("a",)]),
    customer_id=st.sampled_from([(), (), ("c-1", "c-2")]),
    sent_to=st.none() | moments,
)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("samples", [THICK, THIN, WORDS_FIRST, OTHERS_FIRST, EMPTY])
@examples
@given(chosen=searches, limit=st.integers(1, 50), of=st.sampled_from([OVERVIEW, LOG]))
def test_a_search_finds_all_whatever_its_samples_promise(
    ask: Asking, samples: Samples, chosen: Filters, limit: int, of: List
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, sampled in samples._asdict().items():
            if isinstance(sampled, int):
                patch.setattr(searching, name, sampled)
            else:
                patch.setitem(searching.SQL, name, sampled)
        assert pages(ask, of, chosen, limit) == plain(ask, of, chosen)


@pytest.mark.usefixtures("filled")
@examples
@given(chosen=filters, of=st.sampled_from([OVERVIEW, LOG]))
def test_counts_are_those_of_a_plain_scan(ask: Asking, chosen: Filters, of: List) -> None:
    kind = 0 if of is OVERVIEW else 1
    rows = [c for c in ask.changes(0, 1000).changes if c.kind == kind and matches(chosen, c)]
    groups = Counter("not_sent" if c.status_group == NEVER_SENT else c.status_group for c in rows)
    expected = {group.value: groups[group.value] for group in lists.COUNTED} | {"all": len(rows)}
    assert ask.counts(of, chosen) == expected


@pytest.mark.usefixtures("filled")
@examples
@given(chosen=filters, of=st.sampled_from([OVERVIEW, LOG]))
def test_a_change_matches_exactly_if_its_list_holds_the_row(ask: Asking, chosen: Filters, of: List) -> None:
    listed = set(ask.page(of, chosen).docs)
    kind = 0 if of is OVERVIEW else 1
    changed = [c for c in ask.changes(0, 1000).changes if c.kind == kind]
    assert len(changed) == ROWS
    assert {c.doc for c in changed if matches(chosen, c)} == listed


@pytest.mark.usefixtures("filled")
@examples
@given(after=st.integers(0, ROWS + 5), most=st.integers(1, 50))
def test_changes_come_in_order_and_none_is_missing(ask: Asking, after: int, most: int) -> None:
    seen: list[tuple[int, int, UUID]] = []
    place = after
    while True:
        batch = ask.changes(place, most)
        seen += [(c.position, c.kind, c.id) for c in batch.changes]
        if batch.upto == place:
            break
        place = batch.upto
    expected = [(n, kind, UUID(int=n)) for n in range(after + 1, ROWS + 1) for kind in (0, 1)]
    assert seen == expected
    assert place == max(after, ROWS)


def test_what_one_event_changed_is_never_parted(ask: Asking, worker_pool: Pool) -> None:
    with worker_pool.connection() as connection:
        put_communications(connection, [row(1, position=9)])
        put_attempts(connection, [attempt(n, communication=1, position=9 if n < 30 else n) for n in range(2, 40)])
        project_to(connection, 40)
    batch = ask.changes(0, 5)
    assert (len(batch.changes), batch.upto) == (29, 9)
    batch = ask.changes(9, 5)
    assert ([c.position for c in batch.changes], batch.upto) == ([30, 31, 32, 33, 34, 35], 35)


def test_rows_that_the_checkpoint_has_not_reached_are_no_changes_yet(ask: Asking, worker_pool: Pool) -> None:
    with worker_pool.connection() as connection:
        put_communications(connection, [row(n) for n in (1, 2, 3)])
        assert ask.changes(0, 10).upto == 0
        project_to(connection, 2)
    assert [c.position for c in ask.changes(0, 10).changes] == [1, 2]
