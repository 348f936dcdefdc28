"""Opens an attempt for the provider: addresses, message, documents; or says why that cannot be done."""

import re
from collections.abc import Sequence

from adapters.bootstrap import Installation
from adapters.keys.master import TamperedError
from adapters.keys.ring import ERASED
from adapters.providers.port import Attachment, Outgoing, OutgoingRecipient
from domain.attempt import Attempt
from domain.communication import InvoiceCommunication
from domain.values import Channel, Document, DocumentFormat, Personal, Recipient

CONTENT_TYPES = {DocumentFormat.PDF: "application/pdf", DocumentFormat.UBL: "application/xml"}
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\"/\\]+")


class CannotSendError(Exception):
    """It can never be sent as it stands; `reason` is the reason code."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def prepare(
    installation: Installation, communication: InvoiceCommunication, attempt: Attempt, recipients: Sequence[Recipient]
) -> Outgoing:
    """Everything one call needs, in clear. Raises CannotSendError."""
    order = attempt.order
    subject = order.message.subject if order.message else None
    text = order.message.text if order.message else None
    wanted = [subject, text, *(r.address for r in recipients), *(r.name for r in recipients)]
    sealed = [*wanted, *(d.filename for d in order.documents)]
    # Asked of the database, whatever is remembered: nobody is written to after an erasure.
    installation.keys.keys({value.key for value in sealed if value}, anew=True)
    plain = installation.keys.open(sealed)
    # An e-invoice names its buyer itself; on any other channel nobody without an address gets this far.
    no_address = None if order.channel is Channel.E_INVOICING else ERASED
    if any((plain[r.address] if r.address else no_address) == ERASED for r in recipients):
        raise CannotSendError("erased", "the recipient's data was erased before it could be sent")
    return Outgoing(
        attempt_id=order.attempt_id,
        number=len(attempt.tries) + 1,
        recipients=[_recipient(r, plain) for r in recipients],
        subject=plain[subject] if subject else communication.details.number or "",
        text=plain[text] if text else "",
        attachments=[_attachment(installation, d, plain) for d in order.documents],
        language=order.language,
        callback_url=installation.settings.webhook_url(order.connection_id),
    )


def _recipient(recipient: Recipient, plain: dict[Personal, str]) -> OutgoingRecipient:
    address = plain[recipient.address] if recipient.address else ""
    name = plain[recipient.name] if recipient.name else None
    return OutgoingRecipient(recipient.number, address, name, recipient.role)


def _attachment(installation: Installation, document: Document, plain: dict[Personal, str]) -> Attachment:
    key = installation.keys.keys([document.key])[document.key]
    if key is None:
        raise CannotSendError("erased", "the document was erased before it could be sent")
    try:
        content = installation.documents.get(key, document.sha256)
    except (FileNotFoundError, TamperedError):
        raise CannotSendError("document_lost", f"document {document.id} cannot be read") from None
    name = _UNSAFE.sub("_", plain[document.filename]) or f"document.{document.format}"
    return Attachment(name, CONTENT_TYPES[document.format], content)
