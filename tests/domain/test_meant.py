"""Which attempt is meant by a report that names what several attempts are called: an invoice, sent again."""

from typing import Any

import pytest
from hypothesis import given as suppose
from hypothesis import strategies as st

from domain import meant as meaning
from domain.values import Channel, Order
from tests.domain.facts import Fact, again, at, handed, lost, order, resent, sent, started
from tests.domain.story import given

NAME = "invoice:f-17"


def e_invoice(attempt_id: str, connection: str = "c-1") -> Order:
    known: dict[str, Any] = {"channel": Channel.E_INVOICING, "recipients": [], "connection_id": connection}
    return order(**known) if attempt_id == "a-1" else again(attempt_id, **known)


def handed_at(attempt_id: str, minute: float, connection: str = "c-1") -> list[Fact]:
    asked = e_invoice(attempt_id, connection)
    opened = sent(asked, minute) if attempt_id == "a-1" else resent(asked, minute)
    names: dict[str, Any] = {f"m-{attempt_id}": 1, NAME: 1}
    taken = handed(attempt_id, minute=minute + 1, **names)
    return [opened, started(attempt_id, minute=minute), taken]


def meant(*past: Fact, when: float, name: str | None = NAME, found: str = "a-1") -> str:
    communication = given(*past).communication
    return meaning.meant(communication, communication.attempt(found), name, at(when)).order.attempt_id


TWICE = (*handed_at("a-1", 10), *handed_at("a-2", 20))


@pytest.mark.parametrize(("when", "expected"), [(9, "a-1"), (10, "a-1"), (19, "a-1"), (20, "a-2"), (90, "a-2")])
def test_the_newest_that_was_on_its_way_by_then(when: float, expected: str) -> None:
    assert meant(*TWICE, when=when) == meant(*TWICE, when=when, found="a-2") == expected


def test_an_id_that_one_attempt_alone_has_is_that_ones() -> None:
    assert meant(*TWICE, when=90, name="m-a-1") == "a-1"
    assert meant(*TWICE, when=90, name=None) == "a-1"


def test_another_connection_is_another_place() -> None:
    assert meant(*handed_at("a-1", 10), *handed_at("a-2", 20, "c-2"), when=90) == "a-1"


def test_an_attempt_whose_answer_was_lost_is_known_by_no_name() -> None:
    past = (*handed_at("a-1", 10), resent(e_invoice("a-2"), 20), started("a-2", minute=20), lost("a-2", minute=21))
    assert meant(*past, when=90) == "a-1"
    assert meant(*past, when=90, found="a-2") == "a-2"


@suppose(st.lists(st.integers(0, 9), min_size=1, max_size=5), st.integers(-1, 11), st.data())
def test_it_is_the_same_for_whichever_attempt_was_found(minutes: list[int], when: int, data: st.DataObject) -> None:
    past = [fact for n, minute in enumerate(minutes, 1) for fact in handed_at(f"a-{n}", minute)]
    found = data.draw(st.integers(1, len(minutes)))
    by_then = [m for m in minutes if m <= when]
    told = meant(*past, when=when, found=f"a-{found}")
    assert minutes[int(told[2:]) - 1] == (max(by_then) if by_then else min(minutes))
