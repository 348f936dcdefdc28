"""One communication as its events made it, and what a batch of them changed."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain import events as e
from domain.attempt import View
from domain.communication import InvoiceCommunication
from domain.values import Personal, SubjectDetails
from projections import docs
from projections.docs import Subject
from projections.personal import Opened, collect, holds_any

_ASKED = frozenset({e.SendAttempted, e.Resent})
_HEARD = frozenset({e.StatusReported, e.BuyerResponded})
_ABOUT_ALL = frozenset({e.SubjectRevised, e.DocumentAdded, e.Ignored, e.Restored})


class Folded:
    """Folded by the aggregate's own code. What changed is kept until `settle`, each with the position that did it."""

    __slots__ = ("_subject", "_views", "communication", "keys", "new_keys", "position", "size", "texts", "touched")

    def __init__(self) -> None:
        self.communication: Any = None
        self.keys: set[str] = set()
        self.texts: dict[Personal, str] = {}
        """Sealed values that were opened before."""
        self.size = 0
        """Characters of them, as whoever keeps it in memory counted them."""
        self._subject: tuple[SubjectDetails, Subject] | None = None
        self._views: dict[str, View] = {}
        self.settle()

    def settle(self) -> None:
        """Its rows are made; what comes next is new."""
        self.new_keys: set[str] = set()
        self.touched: dict[str, int] = {}
        self.position = 0

    def apply(self, event: Any, position: int) -> None:
        """Raises OriginatorVersionError where an event is missing or comes twice."""
        self.communication = event.mutate(self.communication)
        self.position = position
        for attempt_id in _touched_by(event, self.communication):
            self.touched[attempt_id] = position
            self._views.pop(attempt_id, None)
        if holds_any(event.__class__):
            self._remember_keys(event)

    def follow(self, happened: Iterable[tuple[int, Any]]) -> "Folded":
        """These events one after the other; returns itself."""
        for position, event in happened:
            self.apply(event, position)
        return self

    def erase(self, keys: set[str], position: int) -> bool:
        """Every row shows less from here on, if any value was sealed under these keys before."""
        if self.keys.isdisjoint(keys):
            return False
        self.position = position
        self.touched.update(dict.fromkeys(self.communication.attempts, position))
        return True

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

    def _remember_keys(self, event: Any) -> None:
        for value in collect(event):
            if value.key not in self.keys:
                self.keys.add(value.key)
                self.new_keys.add(value.key)


def _touched_by(event: Any, communication: InvoiceCommunication) -> Iterable[str]:
    """The attempts whose rows an event changes."""
    kind = type(event)
    if kind in _HEARD:
        return (event.report.attempt_id,)
    if kind in _ASKED:
        return (event.order.attempt_id,)
    if kind in _ABOUT_ALL:
        return communication.attempts
    return () if kind is InvoiceCommunication.Created else (event.attempt_id,)
