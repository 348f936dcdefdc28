"""The time line: one row an event, in the words of a person who asks what happened."""

from datetime import datetime
from typing import NamedTuple
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


class Row(NamedTuple):
    """The columns of read.timeline, in the order of `put` in timeline.sql."""

    communication_id: UUID
    version: int
    tenant_id: UUID
    attempt_id: UUID | None
    at: datetime
    doc: str


def row(entry: Entry, tenant_id: UUID, opened: Opened) -> Row:
    address = shown(opened, entry.recipient)
    doc = EntryDoc(
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
    attempt_id = UUID(entry.attempt_id) if entry.attempt_id else None
    return Row(entry.communication_id, entry.version, tenant_id, attempt_id, entry.at, as_json(doc))
