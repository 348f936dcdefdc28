"""The words of the domain as plain values that travel through JSON unchanged."""

from datetime import datetime
from enum import StrEnum

import msgspec


class SubjectType(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    QUOTE = "quote"
    REMINDER = "reminder"
    STATEMENT = "statement"
    CONTRACT = "contract"
    CUSTOMER = "customer"
    OTHER = "other"


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    POST = "post"
    E_INVOICING = "e_invoicing"
    MANUAL = "manual"


class Cause(StrEnum):
    FIRST = "first"
    BULK = "bulk"
    RESEND = "resend"
    FOLLOW_UP = "follow_up"
    FALLBACK = "fallback"


class Role(StrEnum):
    TO = "to"
    CC = "cc"
    BCC = "bcc"


class DocumentFormat(StrEnum):
    PDF = "pdf"
    UBL = "ubl"


class Actor(StrEnum):
    """Who did it: we, the provider, or the recipient's side."""

    US = "us"
    PROVIDER = "provider"
    RECIPIENT = "recipient"


class Value(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A frozen value; fields at their default are left out of the stored JSON. None can be part of a cycle."""


class Personal(Value, frozen=True):
    """A value sealed under a customer's key before it came here. `sealed` is base64(nonce ‖ AES-256-GCM)."""

    key: str
    sealed: str


class Person(Value, frozen=True):
    """Who asked, as the caller says (name sealed), beside the API key that said it."""

    id: str | None = None
    name: Personal | None = None
    api_key: str | None = None


class Recipient(Value, frozen=True):
    """Numbered from 1. `hash` tells equal addresses apart without opening them (HMAC under the same key)."""

    number: int
    address: Personal | None = None
    hash: str | None = None
    name: Personal | None = None
    role: Role = Role.TO


class Document(Value, frozen=True):
    """A file kept by its SHA-256 (hex); `key` is the customer key that its bytes are sealed under."""

    id: str
    format: DocumentFormat
    filename: Personal
    sha256: str
    size: int
    key: str


class Message(Value, frozen=True):
    subject: Personal | None = None
    text: Personal | None = None


class CustomerRef(Value, frozen=True):
    id: str
    name: Personal | None = None


class SubjectDetails(Value, frozen=True):
    """What the owner system says about the subject. Amounts are decimal strings, `issued_on` an ISO date."""

    number: str | None = None
    label: str | None = None
    url: str | None = None
    category: str | None = None
    document_status: str | None = None
    total: str | None = None
    balance_due: str | None = None
    currency: str | None = None
    issued_on: str | None = None
    customer: CustomerRef | None = None


class Order(Value, frozen=True):
    """What was asked for: one send over one channel to one or more recipients."""

    attempt_id: str
    cause: Cause
    channel: Channel
    recipients: list[Recipient] = []
    formats: list[DocumentFormat] = []
    documents: list[Document] = []
    message: Message | None = None
    connection_id: str | None = None
    provider: str | None = None
    previous_attempt_id: str | None = None
    template: str | None = None
    language: str | None = None
    scheduled_at: datetime | None = None
    requested_by: Person | None = None
    idempotency_key: str | None = None
    needs_action: str | None = None
    """Why no machine can send it (a reason code), where that is so."""


class HandedMessage(Value, frozen=True):
    """One provider message id; `recipient` is the number it belongs to, None where one id covers all of a try."""

    message_id: str
    recipient: int | None = None
