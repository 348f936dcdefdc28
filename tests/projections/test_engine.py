"""Rows follow from events alone: not from how the events were cut into batches, nor from what was in memory."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
import pytest
from eventsourcing.domain import Aggregate, OriginatorIDError, OriginatorVersionError
from hypothesis import given
from hypothesis import strategies as st

from adapters.store.mapper import EventMapper
from domain.customer import Customer
from domain.events import CommunicationEvent
from domain.overview import overview
from domain.values import Personal
from projections.engine import Happened, Meaning, Rows, fold, meaning, rows
from projections.errors import UnprojectedEventError
from projections.folded import Folded
from projections.personal import collect
from tests.projections.history import ACTS, History
from tests.projections.told import A1, TENANT, at, handed, invoice, order

KEYS = ["3f0c7f0e-5b1e-4a55-8d59-1c2f3a4b5c60", "3f0c7f0e-5b1e-4a55-8d59-1c2f3a4b5c61"]
HISTORIES = st.lists(ACTS, max_size=40)
Tables = dict[str, dict[Any, tuple[Any, ...]]]


def plain(customer: int, text: str) -> Personal:
    return Personal(KEYS[customer], text)


def happened(acts: Iterable[tuple[str, int]]) -> list[Happened]:
    history = History(TENANT, plain)
    changed: list[Aggregate] = [*history.communications, *(history.act(what, number) for what, number in acts)]
    events = [event for aggregate in changed for event in aggregate.collect_events()]
    return [Happened(2 * place, event) for place, event in enumerate(events, start=1)]


def store(tables: Tables, made: Rows) -> None:
    tables["overview"] |= {row.communication_id: row for row in made.overview}
    tables["attempts"] |= {row.attempt_id: row for row in made.attempts}
    tables["keys"] |= {row: row for row in made.keys}


def projected(batches: Iterable[Sequence[Happened]]) -> Tables:
    """The tables after these batches, each of which begins with nothing but the events in memory."""
    tables: Tables = {name: {} for name in ("overview", "attempts", "keys")}
    earlier: list[Happened] = []
    for batch in batches:
        known: dict[UUID, Folded] = {}
        for folded in fold(earlier, known):
            folded.settle()
        changed = fold(batch, known)
        store(tables, rows(changed, attrgetter("sealed")))
        earlier += batch
    return tables


def cut(whole: Sequence[Happened], sizes: Iterable[int]) -> Iterable[Sequence[Happened]]:
    for size in sizes:
        yield whole[:size]
        whole = whole[size:]
    yield whole


@given(HISTORIES, st.lists(st.integers(1, 9), max_size=30))
def test_any_cut_gives_the_same_rows(acts: list[tuple[str, int]], sizes: list[int]) -> None:
    whole = happened(acts)
    assert projected(cut(whole, sizes)) == projected([whole])


@given(HISTORIES)
def test_every_row_is_what_the_whole_aggregate_shows(acts: list[tuple[str, int]]) -> None:
    """Each communication alone, folded from its first event, makes the rows that the common order made."""
    whole = happened(acts)
    alone: Tables = {name: {} for name in ("overview", "attempts", "keys")}
    for key in {h.event.originator_id for h in whole}:
        changed = fold([h for h in whole if h.event.originator_id == key], {})
        store(alone, rows(changed, attrgetter("sealed")))
    assert projected([[one] for one in whole]) == alone


@given(HISTORIES)
def test_what_is_remembered_of_an_attempt_is_what_it_shows(acts: list[tuple[str, int]]) -> None:
    """Asked after every event, so that a view which an event should have dropped is found out."""
    known: dict[UUID, Folded] = {}
    for one in happened(acts):
        for folded in fold([one], known):
            for attempt_id, view in folded.views().items():
                attempt = folded.communication.attempts[attempt_id]
                each = {number: attempt.recipient_outcome(number) for number in view.recipients}
                assert (view.outcome, view.times, view.recipients) == (attempt.outcome(), attempt.times, each)
            assert overview(folded.communication, folded.views()) == overview(folded.communication)


@given(HISTORIES)
def test_no_sealed_value_of_an_event_is_missed(acts: list[tuple[str, int]]) -> None:
    mapper = EventMapper()
    for _, event in happened(acts):
        found = collect(event)
        state = msgspec.json.decode(mapper.to_stored_event(event).state)
        assert sorted(value.sealed for value in found) == sorted(_sealed_in(state))


def _sealed_in(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        if "sealed" in value:
            yield value["sealed"]
        for inner in value.values():
            yield from _sealed_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _sealed_in(inner)


class Inner(msgspec.Struct):
    one: Personal | str | None


class Outer(msgspec.Struct):
    nothing: None
    words: list[str]
    inner: Inner
    several: list[Personal]
    by_name: dict[str, tuple[Personal, int]]
    further: list[Inner]


def test_sealed_values_are_found_wherever_a_type_may_hold_them() -> None:
    one, two, three, four = (Personal(KEYS[0], text) for text in "abcd")
    outer = Outer(None, ["word"], Inner(one), [two], {"x": (three, 3)}, [Inner("plain"), Inner(four)])
    assert collect(outer, [one], two) == [one, two, three, four, one, two]


def test_a_missing_or_repeated_event_is_refused() -> None:
    first, second, third = handed(invoice(), order()).collect_events()[:3]
    folded = Folded()
    folded.follow([(1, first)])
    with pytest.raises(OriginatorVersionError):
        folded.follow([(3, third)])
    folded.follow([(2, second)])
    with pytest.raises(OriginatorVersionError):
        folded.follow([(2, second)])


def test_an_event_of_another_communication_or_before_the_first_is_refused() -> None:
    """As the library refuses it."""
    created, *_, last = handed(invoice(), order()).collect_events()
    other = handed(invoice("6"), order()).collect_events()
    folded = Folded()
    with pytest.raises(OriginatorVersionError):
        folded.follow([(1, last)])
    folded.follow([(1, created)])
    with pytest.raises(OriginatorVersionError):
        folded.follow([(2, created)])
    with pytest.raises(OriginatorIDError):
        folded.follow([(2, other[1])])
    assert (folded.communication.version, folded.communication.modified_on) == (1, created.timestamp)


def test_an_erasure_touches_what_was_sealed_before_it() -> None:
    (folded,) = fold([Happened(place, e) for place, e in enumerate(handed(invoice(), order()).collect_events(), 1)], {})
    folded.settle()
    assert not folded.erase({KEYS[0]}, 9)
    assert folded.erase({*folded.keys, KEYS[0]}, 9)
    assert (folded.position, folded.touched) == (9, {A1: 9})


def test_what_is_not_about_communications_is_decided_too() -> None:
    customer = Customer(UUID(int=1), "c-1", timestamp=at(0))
    customer.erase([KEYS[0]], None, at(1))
    assert [meaning(event) for event in customer.collect_events()] == [Meaning.NOTHING, Meaning.ERASE]


def test_an_event_that_nobody_decided_about() -> None:
    class Unheard(CommunicationEvent, frozen=True):
        """A new one."""

    with pytest.raises(UnprojectedEventError, match="Unheard"):
        meaning(Unheard(timestamp=at(0)))
