"""A cursor goes on exactly where its page ended, and with nothing but its own list and filters."""

import base64
from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from api.http.paging import CursorError, to_cursor, to_place
from domain.status import Status
from projections.queries.filters import Filters
from projections.queries.pieces import Place
from tests.support.read_rows import START

FILTERS = Filters(status=(Status.FAILED,), sent_from=START)
PLACE = Place(START + timedelta(microseconds=1), UUID(int=7))
CURSOR = to_cursor("a list", FILTERS, PLACE)

zones = st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(
    lambda by: timezone(timedelta(minutes=by // timedelta(minutes=1)))
)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2999, 1, 1), timezones=zones)  # noqa: DTZ001 - the zone is drawn
places = st.builds(Place, moments, st.uuids())


@given(places)
def test_a_cursor_reads_as_its_place(place: Place) -> None:
    assert to_place("a list", FILTERS, to_cursor("a list", FILTERS, place)) == place


def test_it_is_bound_to_the_list_and_its_filters() -> None:
    assert to_place("a list", FILTERS, CURSOR) == PLACE
    for listed, filters in (("another", FILTERS), ("a list", Filters()), ("a list", Filters(status=(Status.FAILED,)))):
        with pytest.raises(CursorError):
            to_place(listed, filters, CURSOR)


@given(place=st.integers(0, len(CURSOR) - 1), put=st.characters(codec="latin-1"))
def test_no_character_of_it_can_be_changed(place: int, put: str) -> None:
    assume(CURSOR[place] != put)
    with pytest.raises(CursorError):
        to_place("a list", FILTERS, CURSOR[:place] + put + CURSOR[place + 1 :])


@given(st.text() | st.binary().map(lambda some: base64.urlsafe_b64encode(some).decode()))
def test_nothing_else_is_taken_for_one(text: str) -> None:
    with pytest.raises(CursorError):
        to_place("a list", FILTERS, text)


@given(st.integers(1, len(CURSOR)), st.text("=A", min_size=1, max_size=4))
def test_it_can_be_neither_cut_nor_lengthened(by: int, more: str) -> None:
    for text in (CURSOR[:-by], CURSOR + more):
        with pytest.raises(CursorError):
            to_place("a list", FILTERS, text)
