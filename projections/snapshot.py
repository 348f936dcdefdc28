"""The folded aggregate as bytes and back: MessagePack, the same bytes for the same state."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.attempt import Attempt
from domain.communication import InvoiceCommunication
from domain.values import Document, SubjectDetails, SubjectType


class Snapshot(msgspec.Struct, array_like=True, frozen=True):
    """Attempts in the order in which they were asked for; `keys` are all that its personal values were sealed under."""

    tenant_id: UUID
    subject_type: SubjectType
    external_id: str
    created_at: datetime
    updated_at: datetime
    ignored: bool
    details: SubjectDetails
    documents: list[Document]
    attempts: list[Attempt]
    keys: set[str]


_encoder = msgspec.msgpack.Encoder(uuid_format="bytes", order="deterministic")
_decoder = msgspec.msgpack.Decoder(Snapshot)


def to_bytes(communication: InvoiceCommunication, keys: set[str]) -> bytes:
    taken = Snapshot(
        communication.tenant_id,
        communication.subject_type,
        communication.external_id,
        communication.created_on,
        communication.modified_on,
        communication.ignored,
        communication.details,
        list(communication.documents.values()),
        list(communication.attempts.values()),
        keys,
    )
    return _encoder.encode(taken)


def from_bytes(communication_id: UUID, version: int, state: bytes) -> tuple[InvoiceCommunication, set[str]]:
    """The aggregate as if all its events had been applied, and its keys."""
    taken = _decoder.decode(state)
    communication: Any = InvoiceCommunication.__new__(InvoiceCommunication)
    communication.__base_init__(communication_id, version, taken.created_at)
    communication.modified_on = taken.updated_at
    communication.tenant_id = taken.tenant_id
    communication.subject_type = taken.subject_type
    communication.external_id = taken.external_id
    communication.ignored = taken.ignored
    communication.details = taken.details
    communication.documents = {document.format: document for document in taken.documents}
    communication.attempts = {attempt.order.attempt_id: attempt for attempt in taken.attempts}
    found: InvoiceCommunication = communication
    return found, taken.keys
