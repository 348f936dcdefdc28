"""The overview: one row a communication, as its newest attempt that counts stands."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.attempt import View
from domain.communication import InvoiceCommunication
from domain.overview import Overview, overview
from domain.reasons import reason as describe
from domain.reports import BuyerResponse
from domain.status import Group, Status
from domain.values import Channel, SubjectType
from projections.docs import Subject, as_json, column, one_line, searchable, utc
from projections.personal import Opened, shown

NEVER_SENT = "never_sent"
"""The column's group of a subject without any attempt, by which lists leave it out; its answer says `not_sent`."""


class ErrorTitle(msgspec.Struct, frozen=True, gc=False):
    code: str
    title: str


class CommunicationDoc(msgspec.Struct, frozen=True, gc=False):
    """The answer's fields, in its order."""

    id: UUID
    subject: msgspec.Raw
    status: Status | None
    status_group: Group
    color: str
    reason: str | None
    channel: Channel | None
    last_attempt_id: str | None
    attempt_count: int
    send_count: int
    last_sent_at: datetime | None
    last_recipient: str | None
    first_delivered_at: datetime | None
    buyer_response: BuyerResponse | None
    ignored: bool
    error: ErrorTitle | None
    created_at: datetime
    updated_at: datetime


class Row(NamedTuple):
    """The columns of read.communication, in the order of `put` in overview.sql."""

    communication_id: UUID
    tenant_id: UUID
    sorted_at: datetime
    subject_type: SubjectType
    external_id: str
    category: str
    customer_id: str | None
    status: Status | None
    status_group: Group | str
    reason: str | None
    channel: Channel | None
    shipped_at: datetime | None
    ignored: bool
    search: str
    search_recipient: str
    position: int
    doc: str


def row(
    communication: InvoiceCommunication, views: Mapping[str, View], position: int, subject: Subject, opened: Opened
) -> Row:
    """`position` is that of the last event that touched it. Search covers the attempt that the row shows."""
    facts = overview(communication, views)
    shown_attempt, order = facts.shown, facts.shown.order if facts.shown else None
    addresses = [shown(opened, r.address) for r in order.recipients] if order else []
    message = shown(opened, order.message.subject) if order and order.message else None
    return Row(  # by place: by name it takes three times as long
        communication.id,
        communication.tenant_id,
        shown_attempt.created_at if shown_attempt else communication.created_on,
        subject.type,
        subject.external_id,
        subject.category,
        subject.customer_id,
        facts.status,
        facts.status_group if facts.shown else NEVER_SENT,
        column(facts.reason) if facts.reason else None,
        facts.channel,
        facts.shipped_at,
        communication.ignored,
        subject.search(message),
        searchable(tuple(addresses)),
        position,
        as_json(_doc(communication, facts, subject, opened)),
    )


def _doc(communication: InvoiceCommunication, facts: Overview, subject: Subject, opened: Opened) -> CommunicationDoc:
    address = shown(opened, facts.last_recipient)
    return CommunicationDoc(  # by place: by name it takes several times as long
        communication.id,
        subject.json,
        facts.status,
        facts.status_group,
        facts.color,
        facts.reason,
        facts.channel,
        facts.last_attempt_id,
        facts.attempt_count,
        facts.send_count,
        utc(facts.last_sent_at),
        one_line(address) if address else None,
        utc(facts.first_delivered_at),
        facts.buyer_response,
        communication.ignored,
        _error(facts),
        communication.created_on,
        communication.modified_on,
    )


def _error(facts: Overview) -> ErrorTitle | None:
    if facts.status_group is not Group.FAILED:
        return None
    return ErrorTitle(facts.reason or "other", describe(facts.reason).title)
