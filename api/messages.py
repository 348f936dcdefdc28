"""The message of a send that brings none of its own."""

from domain.communication import InvoiceCommunication
from domain.values import Channel, DocumentFormat, SubjectType

TEMPLATE = "default"
"""The name under which an attempt keeps that its message was made here."""

_NAMES = {
    SubjectType.INVOICE: "Invoice",
    SubjectType.CREDIT_NOTE: "Credit note",
    SubjectType.QUOTE: "Quote",
    SubjectType.REMINDER: "Reminder",
    SubjectType.STATEMENT: "Statement",
    SubjectType.CONTRACT: "Contract",
    SubjectType.CUSTOMER: "Message",
    SubjectType.OTHER: "Document",
}
_OWED = (SubjectType.INVOICE, SubjectType.REMINDER, SubjectType.STATEMENT)


def has_message(channel: Channel) -> bool:
    return channel in (Channel.EMAIL, Channel.SMS)


def default_subject(communication: InvoiceCommunication) -> str:
    """As in "Invoice 2026-0042"; what has a label goes by that."""
    said = communication.details
    name = said.label or _NAMES[communication.subject_type]
    number = said.number or (None if communication.subject_type is SubjectType.CUSTOMER else communication.external_id)
    return f"{name} {number}" if number and number not in name else name


def default_text(communication: InvoiceCommunication, channel: Channel, formats: list[DocumentFormat]) -> str:
    """Short: what it is, what is owed, where to see it."""
    said, title = communication.details, default_subject(communication)
    lines = [f"Please find attached: {title}." if formats else f"{title}."]
    if said.balance_due and said.currency and communication.subject_type in _OWED:
        lines.append(f"Amount due: {said.balance_due} {said.currency}.")
    if said.url:
        lines.append(said.url)
    return (" " if channel is Channel.SMS else "\n\n").join(lines)
