"""What is sent over the network: the UBL document among the attachments, to the buyer that is named, else its own."""

from typing import NamedTuple
from uuid import UUID, uuid5

from adapters.providers import e_invoice
from adapters.providers.peppol.parties import endpoint, invoice_key, participant
from adapters.providers.port import Outgoing, Refused, Taken, UnreadableError
from adapters.providers.reading import ID_LIMIT, attempt_id
from adapters.providers.xml import Element, parse
from domain.status import Status
from domain.values import HandedMessage

_PARTIES = {"seller": "AccountingSupplierParty", "buyer": "AccountingCustomerParty"}


class Parcel(NamedTuple):
    """`name` is ours: the same at every try. `seller` and `country` (of the seller): as the document says."""

    name: str
    document: bytes
    is_credit_note: bool
    receiver: str
    number: str | None
    seller: str | None
    country: str | None

    @property
    def invoice_key(self) -> str | None:
        """What an Invoice Response to it will name; None where the document leaves it open."""
        known = self.number and self.seller
        return invoice_key(self.number, seller=self.seller, buyer=self.receiver) if known else None

    def taken(self, name: str) -> Taken:
        """Under the name that the access point gave it, and under what an Invoice Response will name."""
        return Taken([HandedMessage(one) for one in (name, self.invoice_key) if one])


def pack(outgoing: Outgoing) -> Parcel | Refused:
    attached = e_invoice.document(outgoing)
    if attached is None:
        return Refused("document_missing", "there is no XML document among the attachments", Status.FAILED)
    try:
        root = parse(attached.content)
    except UnreadableError as error:
        return Refused("validation", str(error), Status.FAILED)
    named = outgoing.recipients[0].address if outgoing.recipients else ""
    receiver = participant(named) or _endpoint(root, "buyer")
    if receiver is None:
        return Refused("missing_contact", "no recipient, and the document names no buyer endpoint", Status.FAILED)
    return Parcel(
        name=_name(outgoing),
        document=attached.content,
        is_credit_note=root.name == "CreditNote",
        receiver=receiver,
        number=root.value("ID", limit=ID_LIMIT),
        seller=_endpoint(root, "seller"),
        country=root.value(_PARTIES["seller"], "Party", "PostalAddress", "Country", "IdentificationCode", limit=2),
    )


def key_of(document: bytes) -> str | None:
    """What an Invoice Response names, read from a sent document. Raises UnreadableError."""
    root = parse(document)
    seller, buyer = _endpoint(root, "seller"), _endpoint(root, "buyer")
    return invoice_key(root.value("ID", limit=ID_LIMIT), seller=seller, buyer=buyer) if seller and buyer else None


def _name(outgoing: Outgoing) -> str:
    """The attempt id; of several recipients, which are called one by one, the later ones derive theirs from it."""
    number = outgoing.recipients[0].number if outgoing.recipients else 1
    known = attempt_id(outgoing.attempt_id)
    return outgoing.attempt_id if number <= 1 or known is None else str(uuid5(UUID(known), str(number)))


def _endpoint(root: Element, party: str) -> str | None:
    return endpoint(root.first(_PARTIES[party], "Party"))
