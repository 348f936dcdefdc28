"""Thirteen true histories in every order and with repetitions; each has one outcome, whatever came first."""

from itertools import permutations
from typing import Any, NamedTuple

import pytest

from domain.reports import BuyerResponse
from domain.status import Status
from tests.domain.facts import Fact, answer, handed, lost, report, reported, sent, started
from tests.domain.story import given

TAKEN = (started(), handed())
NEVER_ANSWERED = (started(), lost(minute=9))


class History(NamedTuple):
    what: str
    shows: Status
    ours: tuple[Fact, ...]
    theirs: list[Any]


def soft(minute: float, reason: str) -> Any:
    return report(Status.FAILED, minute, reason=reason)


HISTORIES = [
    History("mail deferred after the hand-over", Status.SENDING, TAKEN, [report(Status.SENDING, reason="deferred")]),
    History("dispatcher died, nobody knows", Status.UNKNOWN, NEVER_ANSWERED, []),
    History("a word that nobody mapped", Status.SENT, TAKEN, [report(None)]),
    History(
        "soft bounce, then delivered",
        Status.DELIVERED,
        TAKEN,
        [soft(2, "soft_bounce"), report(Status.DELIVERED, 3), report(Status.SENT, 1, reason="processing")],
    ),
    History(
        "delivered, then a late soft bounce",
        Status.FAILED,
        TAKEN,
        [report(Status.DELIVERED, 2), soft(30, "soft_bounce")],
    ),
    History(
        "delivered, then a late hard bounce",
        Status.FAILED,
        TAKEN,
        [report(Status.DELIVERED, 2), soft(30, "hard_bounce")],
    ),
    History(
        "SMS undelivered, then delivered",
        Status.DELIVERED,
        TAKEN,
        [soft(2, "undelivered"), report(Status.DELIVERED, 3), report(Status.SENT, 4)],
    ),
    History(
        "access point fails and tries again", Status.SENT, TAKEN, [report(Status.SENDING, 2), report(Status.SENT, 3)]
    ),
    History(
        "letter waits for funds, then is on its way",
        Status.SENT,
        TAKEN,
        [report(Status.SENDING, 1), report(Status.SENT, 2)],
    ),
    History(
        "wrong addressee, corrected, made available",
        Status.DELIVERED,
        TAKEN,
        [soft(2, "wrong_addressee"), report(Status.DELIVERED, 3)],
    ),
    History("the buyer answers, no delivery report", Status.READ, TAKEN, [answer(BuyerResponse.ACCEPTED)]),
    History("letter on its way, then returned", Status.FAILED, TAKEN, [report(Status.SENT, 1), soft(9, "returned")]),
    History("opened after a bounce", Status.FAILED, TAKEN, [soft(2, "hard_bounce"), report(Status.READ, 3)]),
]


@pytest.mark.parametrize("history", HISTORIES, ids=lambda h: h.what)
def test_any_order_and_repetition_shows_the_same(history: History) -> None:
    theirs = [reported(r, 60) for r in history.theirs]
    for place in range(1, len(history.ours) + 1):
        before, after = history.ours[:place], history.ours[place:]
        for told in permutations(theirs):
            assert given(sent(), *before, *told, *told[:1], *after, *told).outcome().status is history.shows
