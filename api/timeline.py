"""The time line of a communication, told from its events at the moment it is asked for."""

from typing import Any
from uuid import UUID

from adapters.bootstrap import Installation
from adapters.store.mapper import EventMapper
from projections import timeline
from projections.telling import told


def entries(
    installation: Installation, tenant: UUID, communication_id: UUID, until: int, attempt_id: UUID | None = None
) -> str:
    """Entries' JSON parted by commas, earliest first, up to the event at position `until`; of one attempt, if named.

    Keys are asked for anew, so that what an erasure destroyed reads as erased from that moment on.
    """
    wanted = str(attempt_id) if attempt_id else None
    happened = told(_events(installation, tenant, communication_id, until))
    shown = timeline.in_order(entry for entry in happened if wanted in (None, entry.attempt_id))
    sealed = timeline.sealed(shown)
    installation.keys.keys({value.key for value in sealed}, tenant, anew=True)
    opened = installation.keys.open(sealed, tenant)
    return ",".join(timeline.doc(entry, opened) for entry in shown)


def _events(installation: Installation, tenant: UUID, communication_id: UUID, until: int) -> list[Any]:
    streams = installation.communications.recorder.streams([communication_id], tenant)
    return [EventMapper.read(*stored) for *stored, _, position in streams if position <= until]
