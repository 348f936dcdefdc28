"""The time line: one entry an event, in the words of a person who asks what happened. It is told when it is read."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from domain.status import Status
from domain.values import Actor, Personal
from projections.docs import as_json, one_line, utc
from projections.personal import Opened, joined, shown


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What one event has to say, its personal values still sealed.

    `at` is when it happened by whoever says so, `recorded_at` when we wrote it down. `status` is what the event claims,
    None where it claims nothing that counts. `detail` are parts, joined when they are open.
    """

    communication_id: UUID
    version: int
    recorded_at: datetime
    at: datetime
    kind: str
    attempt_id: str | None = None
    recipient: Personal | None = None
    status: Status | None = None
    reason: str | None = None
    actor: Actor | None = Actor.US
    provider_event: str | None = None
    detail: tuple[Personal | str | None, ...] = ()


class EntryDoc(msgspec.Struct, frozen=True, gc=False):
    """The answer's fields, in its order."""

    at: datetime | None
    recorded_at: datetime
    kind: str
    attempt_id: str | None
    recipient: str | None
    status: Status | None
    reason: str | None
    actor: Actor | None
    provider_event: str | None
    detail: str | None


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Earliest first, by the second: providers' clocks know no less, and within one it counts what came first here."""
    return sorted(entries, key=lambda entry: (entry.at.replace(microsecond=0), entry.version))


def sealed(entries: Iterable[Entry]) -> list[Personal]:
    return [part for entry in entries for part in (entry.recipient, *entry.detail) if isinstance(part, Personal)]


def doc(entry: Entry, opened: Opened) -> str:
    address = shown(opened, entry.recipient)
    made = EntryDoc(
        at=utc(entry.at),
        recorded_at=entry.recorded_at,
        kind=entry.kind,
        attempt_id=entry.attempt_id,
        recipient=one_line(address) if address else None,
        status=entry.status,
        reason=entry.reason,
        actor=entry.actor,
        provider_event=entry.provider_event,
        detail=joined(opened, entry.detail),
    )
    return as_json(made)
