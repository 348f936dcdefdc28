"""One communication as its events made it, and what a batch of them changed."""

from typing import Any
from uuid import UUID

from domain import events as e
from domain.communication import InvoiceCommunication
from domain.values import Personal, SubjectDetails
from projections import docs, snapshot
from projections.docs import Subject
from projections.personal import Opened, collect
from projections.telling import tell
from projections.timeline import Entry


class Folded:
    """Folded by the aggregate's own code. What changed is kept until `settle`, each with the position that did it."""

    __slots__ = ("_subject", "communication", "entries", "keys", "new_keys", "position", "touched")

    def __init__(self, communication: InvoiceCommunication | None = None, keys: set[str] | None = None) -> None:
        self.communication: Any = communication
        self.keys = keys if keys is not None else set()
        self._subject: tuple[SubjectDetails, Subject] | None = None
        self.settle()

    @classmethod
    def from_bytes(cls, communication_id: UUID, version: int, state: bytes) -> "Folded":
        return cls(*snapshot.from_bytes(communication_id, version, state))

    def to_bytes(self) -> bytes:
        return snapshot.to_bytes(self.communication, self.keys)

    def settle(self) -> None:
        """Its rows are written; what comes next is new."""
        self.entries: list[Entry] = []
        self.new_keys: set[str] = set()
        self.touched: dict[str, int] = {}
        self.position = 0

    def apply(self, event: Any, position: int) -> None:
        """Raises OriginatorVersionError where an event is missing or comes twice."""
        self.communication = event.mutate(self.communication)
        self.position = position
        for attempt_id in _touched_by(event, self.communication):
            self.touched[attempt_id] = position
        self.entries.append(tell(event, self.communication))
        self._remember_keys(event)

    def erase(self, keys: set[str], position: int) -> bool:
        """Every row shows less from here on, if any value was sealed under these keys before."""
        if self.keys.isdisjoint(keys):
            return False
        self.position = position
        self.touched.update(dict.fromkeys(self.communication.attempts, position))
        return True

    def subject_with(self, opened: Opened) -> Subject:
        """Made again only when the owner system has said something new."""
        said = self.communication.details
        if self._subject is None or self._subject[0] is not said:
            self._subject = said, docs.subject(self.communication, opened)
        return self._subject[1]

    def _remember_keys(self, event: Any) -> None:
        found: list[Personal] = []
        collect(event, found)
        for value in found:
            if value.key not in self.keys:
                self.keys.add(value.key)
                self.new_keys.add(value.key)


def _touched_by(event: Any, communication: InvoiceCommunication) -> list[str]:
    """The attempts whose rows an event changes."""
    match event:
        case e.StatusReported() | e.BuyerResponded():
            return [event.report.attempt_id]
        case e.SendAttempted() | e.Resent():
            return [event.order.attempt_id]
        case e.SubjectRevised() | e.DocumentAdded() | e.Ignored() | e.Restored():
            return list(communication.attempts)
        case InvoiceCommunication.Created():
            return []
    return [event.attempt_id]
