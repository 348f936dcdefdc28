"""One communication as its events made it, and what a batch of them changed."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from domain import events as e
from domain.attempt import View
from domain.communication import InvoiceCommunication
from domain.values import Personal, SubjectDetails
from projections import docs
from projections.docs import Subject
from projections.personal import Finder, Opened, finder

_ASKED = frozenset({e.SendAttempted, e.Resent})
_HEARD = frozenset({e.StatusReported, e.BuyerResponded})
_ABOUT_ALL = frozenset({e.SubjectRevised, e.DocumentAdded, e.Ignored, e.Restored})


class Folded:
    """Folded by the aggregate's own code. What changed is kept until `settle`, each with the position that did it."""

    __slots__ = (
        "_sealed", "_subject", "_texts", "_views", "communication", "keys", "new_keys", "position", "size", "touched",
    )  # fmt: skip

    def __init__(self) -> None:
        self.communication: Any = None
        self.keys: set[str] = set()
        self.size = 0
        """Characters of all sealed values that were opened."""
        self._sealed: list[Personal] = []
        self._texts: dict[Personal, str] = {}
        self._subject: tuple[SubjectDetails, Subject] | None = None
        self._views: dict[str, View] = {}
        self.settle()

    def settle(self) -> None:
        """Its rows are made; what comes next is new."""
        self.new_keys: set[str] = set()
        self.touched: dict[str, int] = {}
        self.position = 0

    def follow(self, happened: Iterable[tuple[int, Any]]) -> "Folded":
        """These events, each with its position; returns itself.

        Raises OriginatorVersionError where one is missing or comes twice.
        """
        communication, touched, sealed = self.communication, self.touched, self._sealed
        known = len(sealed)
        for position, event in happened:
            self.communication = communication = event.mutate(communication)
            self.position = position
            attempt_of, about_all, find = _about(event.__class__)
            if attempt_of is not None:
                touched[attempt_of(event)] = position
            elif about_all:
                touched.update(dict.fromkeys(communication.attempts, position))
            if find is not None:
                find(sealed, event)
        for attempt_id in touched:
            self._views.pop(attempt_id, None)
        for value in sealed[known:]:
            if value.key not in self.keys:
                self.keys.add(value.key)
                self.new_keys.add(value.key)
        return self

    def erase(self, keys: set[str], position: int) -> bool:
        """Every row shows less from here on, if any value was sealed under these keys before."""
        if self.keys.isdisjoint(keys):
            return False
        self.position = position
        self.touched.update(dict.fromkeys(self.communication.attempts, position))
        return True

    def sealed_under(self) -> set[str]:
        """The keys of what is to be opened."""
        return {value.key for value in self._sealed}

    def opened(self, plain: Callable[[Personal], str]) -> Opened:
        """All that its events say in sealed values, each opened once. The rows show most of it."""
        for value in self._sealed:
            if value not in self._texts:
                self._texts[value] = plain(value)
                self.size += len(value.sealed)
        self._sealed.clear()
        return self._texts

    def views(self) -> Mapping[str, View]:
        """What each attempt shows, worked out again only after an event that touched it."""
        for attempt_id, attempt in self.communication.attempts.items():
            if attempt_id not in self._views:
                self._views[attempt_id] = attempt.view()
        return self._views

    def subject_with(self, opened: Opened) -> Subject:
        """Made again only when the owner system has said something new."""
        said = self.communication.details
        if self._subject is None or self._subject[0] is not said:
            self._subject = said, docs.subject(self.communication, opened)
        return self._subject[1]


class _About(NamedTuple):
    """Which attempts' rows an event changes: one, all or none; what finds its sealed values, if it may hold any."""

    attempt_of: Callable[[Any], str] | None
    all: bool
    find: Finder | None


@cache
def _about(kind: type) -> _About:
    return _About(_attempt_of(kind), kind in _ABOUT_ALL, finder(kind))


def _attempt_of(kind: type) -> Callable[[Any], str] | None:
    if kind in _HEARD:
        return attrgetter("report.attempt_id")
    if kind in _ASKED:
        return attrgetter("order.attempt_id")
    return None if kind in _ABOUT_ALL or kind is InvoiceCommunication.Created else attrgetter("attempt_id")
