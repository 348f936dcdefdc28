"""The fields of an attempt's answer, in its order."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.reports import BuyerResponse
from domain.status import Group, Status
from domain.tries import TryOutcome
from domain.values import Actor, Cause, Channel, DocumentFormat, Role


class RecipientDoc(msgspec.Struct, frozen=True, gc=False):
    number: int
    address: str | None
    name: str | None
    role: Role
    status: Status
    reason: str | None
    at: datetime | None


class DocumentDoc(msgspec.Struct, frozen=True, gc=False):
    id: str
    format: DocumentFormat
    filename: str
    sha256: str
    size: int


class MessageDoc(msgspec.Struct, frozen=True, gc=False):
    subject: str | None
    text: str | None


class PersonDoc(msgspec.Struct, frozen=True, gc=False):
    id: str | None
    name: str | None


class TryDoc(msgspec.Struct, frozen=True, gc=False):
    number: int
    at: datetime
    outcome: TryOutcome
    next_at: datetime | None


class ErrorDoc(msgspec.Struct, frozen=True, gc=False):
    code: str
    title: str
    detail: str | None
    actor: Actor
    diagnostic_code: str | None
    next_step: str


class AttemptDoc(msgspec.Struct, frozen=True, gc=False):
    id: str
    communication_id: UUID
    subject: msgspec.Raw
    cause: Cause
    previous_attempt_id: str | None
    channel: Channel
    provider: str | None
    connection_id: str | None
    status: Status
    status_group: Group
    color: str
    reason: str | None
    recipient: str | None
    recipient_count: int
    recipients: list[RecipientDoc]
    documents: list[DocumentDoc]
    message: MessageDoc | None
    language: str | None
    requested_by: PersonDoc | None
    created_at: datetime
    scheduled_at: datetime | None
    shipped_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None
    complained_at: datetime | None
    tries: list[TryDoc]
    buyer_response: BuyerResponse | None
    error: ErrorDoc | None
