"""Checks what a send asks for, as far as that goes without the subject; then makes the order that is recorded."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from adapters.bootstrap import Installation
from adapters.keys.ring import CustomerKey
from adapters.providers.addresses import normalise
from adapters.providers.port import Connection, InvalidAddressError
from api import messages
from api.errors import InvalidFieldError
from api.http.schemas import MessageIn, PersonIn, RecipientIn, SendIn
from api.sealing import Sealer
from domain.communication import InvoiceCommunication
from domain.values import Cause, Channel, DocumentFormat, Message, Order, Recipient, Role

LATEST = timedelta(days=366)
"""How far ahead a send may be scheduled."""
_FORMATS = {
    "pdf": [DocumentFormat.PDF],
    "ubl": [DocumentFormat.UBL],
    "pdf_ubl": [DocumentFormat.PDF, DocumentFormat.UBL],
}


class Addressee(NamedTuple):
    """A recipient in clear, its address in the one spelling that is compared and sent to."""

    address: str | None
    name: str | None
    role: Role


@dataclass(frozen=True)
class Plan:
    """One send that can be recorded, whatever its subject is. `needs_action`: why no machine can send it."""

    attempt_id: str
    cause: Cause
    channel: Channel
    connection: Connection | None
    addressees: list[Addressee]
    formats: list[DocumentFormat]
    needs_action: str | None
    message: MessageIn | None = None
    language: str | None = None
    scheduled_at: datetime | None = None
    requested_by: PersonIn | None = None
    idempotency_key: str | None = None


def plan(
    installation: Installation, tenant: UUID, asked: SendIn, attempt_id: str, cause: Cause, key: str | None
) -> Plan:
    """Raises InvalidFieldError, naming the field."""
    connection = choose_connection(installation, tenant, asked.channel, asked.connection_id)
    found = addressees(asked.channel, asked.recipients)
    if asked.scheduled_at and asked.scheduled_at > installation.clock() + LATEST:
        raise InvalidFieldError("scheduled_at", "too_far", f"It is more than {LATEST.days} days ahead.")
    return Plan(
        attempt_id=attempt_id,
        cause=cause,
        channel=asked.channel,
        connection=connection,
        addressees=found,
        formats=_formats(asked),
        needs_action=_needs_action(asked.channel, found, connection),
        message=asked.message,
        language=asked.language,
        scheduled_at=asked.scheduled_at,
        requested_by=asked.requested_by,
        idempotency_key=key,
    )


def choose_connection(
    installation: Installation, tenant: UUID, channel: Channel, wanted: UUID | None
) -> Connection | None:
    """The one asked for, else the tenant's default; None where there is none. Raises InvalidFieldError."""
    if wanted is None:
        return None if channel is Channel.MANUAL else installation.connections.default(tenant, channel)
    found = installation.connections.get(wanted)
    if found is None or found.tenant_id != tenant:
        raise InvalidFieldError("connection_id", "unknown_connection", "There is no such connection.")
    if found.channel is not channel:
        raise InvalidFieldError("connection_id", "wrong_channel", f"This connection is for {found.channel.value}.")
    return found


def addressees(channel: Channel, asked: list[RecipientIn]) -> list[Addressee]:
    """Raises InvalidFieldError for an address that is malformed, or there twice, or a copy where there are none."""
    found: list[Addressee] = []
    seen: set[str] = set()
    for place, one in enumerate(asked):
        address = _normalised(channel, one, place)
        if one.role is not Role.TO and channel is not Channel.EMAIL:
            raise InvalidFieldError(f"recipients.{place}.role", "no_copies", "Only e-mail has copies.")
        if address and address.casefold() in seen:
            raise InvalidFieldError(f"recipients.{place}.address", "duplicate", "This address is there twice.")
        seen.add((address or "").casefold())
        found.append(Addressee(address, one.name, one.role))
    return found


def order(planned: Plan, communication: InvoiceCommunication, sealer: Sealer) -> Order:
    """The order as the domain records it: everything personal sealed under the key of the subject's customer."""
    key = sealer.key_of(communication)
    return Order(
        attempt_id=planned.attempt_id,
        cause=planned.cause,
        channel=planned.channel,
        recipients=recipients(planned.addressees, key),
        formats=planned.formats,
        message=_message(planned, communication, key),
        connection_id=str(planned.connection.id) if planned.connection else None,
        provider=planned.connection.provider if planned.connection else None,
        template=messages.TEMPLATE if planned.message is None and messages.has_message(planned.channel) else None,
        language=planned.language,
        scheduled_at=planned.scheduled_at,
        requested_by=sealer.person(planned.requested_by, key),
        idempotency_key=planned.idempotency_key,
        needs_action=planned.needs_action,
    )


def recipients(found: list[Addressee], key: CustomerKey) -> list[Recipient]:
    return [
        Recipient(
            number=number,
            address=key.seal(one.address) if one.address else None,
            hash=key.fingerprint(one.address) if one.address else None,
            name=key.seal(one.name) if one.name else None,
            role=one.role,
        )
        for number, one in enumerate(found, start=1)
    ]


def _formats(asked: SendIn) -> list[DocumentFormat]:
    """Access points take nothing but the structured invoice."""
    usual = "ubl" if asked.channel is Channel.E_INVOICING else "pdf"
    return [] if asked.channel is Channel.SMS else _FORMATS[asked.documents or usual]


def _needs_action(channel: Channel, found: list[Addressee], connection: Connection | None) -> str | None:
    if channel is Channel.MANUAL:
        return "manual_channel"
    return missing_contact(channel, found) or ("no_connection" if connection is None else None)


def missing_contact(channel: Channel, found: list[Addressee]) -> str | None:
    """The reason code where somebody cannot be reached. An e-invoice names its buyer itself."""
    if channel is Channel.E_INVOICING:
        return None
    reached = any(one.role is Role.TO for one in found) and all(one.address for one in found)
    return None if reached else "missing_contact"


def _normalised(channel: Channel, one: RecipientIn, place: int) -> str | None:
    if not one.address:
        return None
    try:
        return normalise(channel, one.address)
    except InvalidAddressError as error:
        raise InvalidFieldError(f"recipients.{place}.address", "invalid_address", f"Not usable: {error}.") from None


def _message(planned: Plan, communication: InvoiceCommunication, key: CustomerKey) -> Message | None:
    subject = planned.message.subject if planned.message else None
    text = planned.message.text if planned.message else None
    if planned.channel is Channel.EMAIL and not subject:
        subject = messages.default_subject(communication)
    if messages.has_message(planned.channel) and not (text and text.strip()):
        text = messages.default_text(communication, planned.channel, planned.formats)
    if subject is None and text is None:
        return None
    return Message(key.seal(subject) if subject else None, key.seal(text) if text else None)
