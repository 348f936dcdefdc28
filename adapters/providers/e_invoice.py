"""The invoice among the attachments, and what it says of itself that others name it by: UBL 2 or CII."""

import re
from typing import NamedTuple

from adapters.providers.port import Attachment, Outgoing, UnreadableError
from adapters.providers.reading import ID_LIMIT, digest
from adapters.providers.xml import Element, parse

XML_TYPES = frozenset({"application/xml", "text/xml"})
PDF_TYPE = "application/pdf"
SIREN_SCHEME = "0002"
KEY = "invoice:"
_SIREN = re.compile("[0-9]{9}")
_TRADE = ("SupplyChainTradeTransaction", "ApplicableHeaderTradeAgreement", "SellerTradeParty")
_UBL_SELLER = ("AccountingSupplierParty", "Party")


class Named(NamedTuple):
    """`siren`: the seller's number in the French register, where the invoice says it."""

    number: str | None
    siren: str | None = None


def document(outgoing: Outgoing, *, pdf: bool = False) -> Attachment | None:
    """The XML invoice, or the PDF that holds one."""
    wanted = {PDF_TYPE} if pdf else XML_TYPES
    return next((a for a in outgoing.attachments if a.content_type.partition(";")[0].strip().lower() in wanted), None)


def named(content: bytes) -> Named:
    """Nothing is named by what is not XML."""
    try:
        root = parse(content)
    except UnreadableError:
        return Named(None)
    if root.name == "CrossIndustryInvoice":
        return Named(root.value("ExchangedDocument", "ID", limit=ID_LIMIT), _cii_siren(root))
    return Named(root.value("ID", limit=ID_LIMIT), _ubl_siren(root))


def is_key(message_id: str | None) -> bool:
    """Whether it is an invoice that is named, and not what a platform calls a message."""
    return bool(message_id and message_id.startswith(KEY))


def french_key(told: Named) -> str | None:
    """How a French life-cycle message finds what was sent: by number and seller."""
    if not told.number:
        return None
    key = f"{KEY}{told.siren or '?'}:{' '.join(told.number.split())}".lower()
    return key if len(key) <= ID_LIMIT and key.isprintable() else KEY + digest(key)


def siren(identifiers: list[Element]) -> str | None:
    """The nine digits among a party's identifiers; the scheme must say that they are a SIREN."""
    said = (e.text(20) for e in identifiers if e.attribute("schemeID") == SIREN_SCHEME)
    return next((value for value in said if value and _SIREN.fullmatch(value)), None)


def _ubl_siren(root: Element) -> str | None:
    legal = root.all(*_UBL_SELLER, "PartyLegalEntity", "CompanyID")
    return siren(legal + root.all(*_UBL_SELLER, "PartyIdentification", "ID") + root.all(*_UBL_SELLER, "EndpointID"))


def _cii_siren(root: Element) -> str | None:
    legal = root.all(*_TRADE, "SpecifiedLegalOrganization", "ID")
    return siren(legal + root.all(*_TRADE, "GlobalID"))
