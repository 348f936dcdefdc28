"""The log: one row an attempt, with everything that is known of it."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import convert

from domain.attempt import Attempt, Outcome, View
from domain.communication import InvoiceCommunication
from domain.reasons import reason as describe
from domain.status import LOOK, Group, Status
from domain.values import Channel, Recipient, SubjectType
from projections import attempt_doc as fields
from projections.docs import Subject, as_json, column, recipient, searchable, utc
from projections.personal import Opened, shown


class Row(NamedTuple):
    """The columns of read.attempt, in the order of `put` in attempt_log.sql."""

    attempt_id: UUID
    tenant_id: UUID
    communication_id: UUID
    created_at: datetime
    subject_type: SubjectType
    external_id: str
    category: str
    customer_id: str | None
    status: Status
    status_group: Group
    reason: str | None
    channel: Channel
    shipped_at: datetime | None
    ignored: bool
    search: str
    search_recipient: str
    position: int
    doc: str


def row(
    communication: InvoiceCommunication, attempt: Attempt, view: View, position: int, subject: Subject, opened: Opened
) -> Row:
    """`position` is that of the last event that touched the attempt."""
    outcome, order = view.outcome, attempt.order
    doc = _doc(communication.id, attempt, view, subject, opened)
    return Row(  # by place: by name it takes three times as long
        convert(order.attempt_id, UUID),
        communication.tenant_id,
        communication.id,
        attempt.created_at,
        subject.type,
        subject.external_id,
        subject.category,
        subject.customer_id,
        outcome.status,
        doc.status_group,
        column(outcome.reason) if outcome.reason else None,
        order.channel,
        attempt.shipped_at,
        communication.ignored,
        subject.search(doc.message.subject if doc.message else None),
        searchable(tuple(r.address for r in doc.recipients)),
        position,
        as_json(doc),
    )


def _doc(communication_id: UUID, attempt: Attempt, view: View, subject: Subject, opened: Opened) -> fields.AttemptDoc:
    order, outcome, times, look = attempt.order, view.outcome, view.times, LOOK[view.outcome.status]
    return fields.AttemptDoc(  # by place: by name it takes eight times as long
        order.attempt_id,
        communication_id,
        subject.json,
        order.cause,
        order.previous_attempt_id,
        order.channel,
        order.provider,
        order.connection_id,
        outcome.status,
        look.group,
        look.color,
        outcome.reason,
        recipient(opened, attempt.addressee),
        len(order.recipients),
        [_recipient(one, view.recipients[one.number], opened) for one in order.recipients],
        [fields.DocumentDoc(d.id, d.format, opened[d.filename], d.sha256, d.size) for d in order.documents],
        _message(attempt, opened),
        order.language,
        _requested_by(attempt, opened),
        attempt.created_at,
        utc(order.scheduled_at),
        utc(attempt.shipped_at),
        utc(times.sent),
        utc(times.delivered),
        utc(times.read),
        utc(times.failed),
        utc(times.complained),
        [fields.TryDoc(t.number, t.at, t.outcome, utc(t.next_at)) for t in attempt.tries],
        view.answer.buyer_response if view.answer else None,
        _error(outcome, opened) if look.group is Group.FAILED else None,
    )


def _recipient(one: Recipient, stands: Outcome, opened: Opened) -> fields.RecipientDoc:
    address, name = shown(opened, one.address), shown(opened, one.name)
    return fields.RecipientDoc(one.number, address, name, one.role, stands.status, stands.reason, utc(stands.at))


def _message(attempt: Attempt, opened: Opened) -> fields.MessageDoc | None:
    said = attempt.order.message
    return fields.MessageDoc(shown(opened, said.subject), shown(opened, said.text)) if said else None


def _requested_by(attempt: Attempt, opened: Opened) -> fields.PersonDoc | None:
    """None where nobody is named: the API key alone is no person."""
    person = attempt.order.requested_by
    named = person is not None and (person.id or person.name)
    return fields.PersonDoc(person.id, shown(opened, person.name)) if person and named else None


def _error(outcome: Outcome, opened: Opened) -> fields.ErrorDoc:
    entry = describe(outcome.reason)
    return fields.ErrorDoc(
        code=outcome.reason or "other",
        title=entry.title,
        detail=shown(opened, outcome.detail),
        actor=outcome.actor or entry.actor,
        diagnostic_code=outcome.diagnostic_code,
        next_step=entry.next_step,
    )
