"""Which way is taken to the newest rows that have some words."""

from hypothesis import given
from hypothesis import strategies as st

from projections.queries.searching import DEEPEST, SHALLOWEST, WALKED, Guess

ALL = 6_000_000
PAGE = 51
counts = st.integers(0, ALL).map(float)


def test_what_every_row_has_is_found_among_the_very_newest() -> None:
    guess = Guess(found=ALL, shown=ALL, every=ALL)
    assert guess.may_walk(PAGE)
    assert guess.depths(PAGE)[0] == SHALLOWEST


def test_rare_words_are_left_to_the_index() -> None:
    guess = Guess(found=600, shown=ALL, every=ALL)
    assert not guess.may_walk(PAGE)
    assert guess.depths(PAGE) == []


def test_common_words_in_a_list_of_few_rows_are_looked_for_in_that_list_alone() -> None:
    guess = Guess(found=300_000, shown=2_000, every=ALL)
    assert not guess.may_walk(PAGE)
    assert guess.depths(PAGE)[-1] >= 2_000


def test_where_nothing_was_ever_counted_nothing_fails() -> None:
    assert Guess(0, 0, 0).depths(PAGE) == []
    assert Guess(1, 1, 1).depths(PAGE) == []


@given(counts, counts, st.integers(1, 201))
def test_one_look_goes_deeper_than_the_last_and_none_too_deep(found: float, shown: float, wanted: int) -> None:
    depths = Guess(found, shown, ALL).depths(wanted)
    assert depths == sorted(set(depths))
    assert all(depth <= min(DEEPEST, found) for depth in depths)


@given(counts, st.integers(1, 201))
def test_whoever_walks_expects_to_arrive(found: float, wanted: int) -> None:
    if Guess(found, ALL, ALL).may_walk(wanted):
        assert found / ALL * WALKED >= wanted
