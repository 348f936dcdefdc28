"""A life-cycle message: UN/CEFACT CDAR D22B, one status for each invoice that it refers to.

Its clock is French local time. The document's own id is the same on every repetition.
"""

from datetime import datetime
from typing import NamedTuple

from adapters.providers.e_invoice import Named, french_key, siren
from adapters.providers.france_cdv.statuses import meaning
from adapters.providers.french_time import compact
from adapters.providers.meaning import report
from adapters.providers.port import ProviderReport, UnreadableError
from adapters.providers.reading import ID_LIMIT, digest
from adapters.providers.xml import Element, parse

ROOT = "CrossDomainAcknowledgementAndResponse"
NAMESPACE = f"urn:un:unece:uncefact:data:standard:{ROOT}:"
_BUYER = "BY"


def is_life_cycle(root: Element) -> bool:
    return root.name == ROOT and root.namespace.startswith(NAMESPACE)


class Said(NamedTuple):
    """One status, and the invoice that it is about."""

    invoice: Named
    report: ProviderReport


def read(body: bytes) -> list[ProviderReport]:
    """Raises UnreadableError."""
    return [one.report for one in statuses(body)]


def statuses(body: bytes) -> list[Said]:
    """Raises UnreadableError."""
    root = parse(body)
    if not is_life_cycle(root):
        raise UnreadableError("not a life-cycle message (CDAR)")
    found = [
        _said(root, acknowledgement, reference)
        for acknowledgement in root.all("AcknowledgementDocument")
        for reference in acknowledgement.all("ReferenceReferencedDocument")
    ]
    if not found:
        raise UnreadableError("the life-cycle message refers to no document")
    return found


def _said(root: Element, acknowledgement: Element, reference: Element) -> Said:
    details = reference.all("SpecifiedDocumentStatus")
    code = next(iter(_codes(reference) + _codes(acknowledgement)), None)
    reasons = [found for one in details if (found := one.value("ReasonCode", limit=ID_LIMIT))]
    seller = siren(reference.all("IssuerTradeParty", "GlobalID"))
    named = Named(reference.value("IssuerAssignedID", limit=ID_LIMIT), seller)
    told = report(
        meaning(code, reasons),
        event_id=_event_id(root, reference, code, named),
        provider_event=_word(code, reference),
        message_id=french_key(named),
        recipient=_buyer(root),
        occurred_at=_at(acknowledgement) or _at(root.first("ExchangedDocument")),
        diagnostic="\n".join(line for one in details for line in _lines(one)) or None,
        diagnostic_code=" ".join(dict.fromkeys(reasons))[:ID_LIMIT] or None,
    )
    return Said(named, told)


def _codes(element: Element) -> list[str]:
    found = element.all("ProcessConditionCode") + element.all("SpecifiedDocumentStatus", "ProcessConditionCode")
    return [told for one in found if (told := one.text(20))]


def _event_id(root: Element, reference: Element, code: str | None, named: Named) -> str:
    """Begins with the code, which decides between statuses of the same second: they rise along the way."""
    document = root.value("ExchangedDocument", "ID", limit=ID_LIMIT)
    when = None if document else _at(root.first("ExchangedDocument"))
    return f"{code}:{digest(document, when, *named, code or reference.value('StatusCode', limit=ID_LIMIT))}"


def _word(code: str | None, reference: Element) -> str:
    """The code with its label, as in `207 En_litige`; without a code, the document status that may be there instead."""
    label = reference.value("ProcessCondition", limit=ID_LIMIT - 25)
    if code is None:
        status = reference.value("StatusCode", limit=20)
        return label or (f"status {status}" if status else "no status")
    return f"{code} {label}" if label else code


def _at(element: Element | None) -> datetime | None:
    return compact(element.value("IssueDateTime", "DateTimeString", limit=20)) if element else None


def _buyer(root: Element) -> str | None:
    """The buyer's electronic address, whichever side of the message it is on."""
    exchanged = root.first("ExchangedDocument")
    parties = exchanged.all("IssuerTradeParty") + exchanged.all("RecipientTradeParty") if exchanged else []
    addresses = (
        one.first("URIUniversalCommunication", "URIID") or one.first("GlobalID")
        for one in parties
        if one.value("RoleCode") == _BUYER
    )
    return next((told for one in addresses if one and (told := _address(one))), None)


def _address(element: Element) -> str | None:
    scheme, name = element.attribute("schemeID"), element.text(ID_LIMIT)
    told = f"{scheme}:{name}" if scheme and name else name
    return told if told and len(told) <= ID_LIMIT else None


def _lines(detail: Element) -> list[str]:
    """Reason, action that is asked for, notes, and the values that it is about: a line each."""
    lines = [
        _pair(detail.value("ReasonCode"), _texts(detail, "Reason")),
        _pair(detail.value("RequestedActionCode"), _texts(detail, "RequestedAction"), "asks for "),
        *(note.text() for note in detail.all("IncludedNote", "Content")),
        *(_characteristic(one) for one in detail.all("SpecifiedDocumentCharacteristic")),
    ]
    return list(dict.fromkeys(line for line in lines if line))


def _pair(code: str | None, words: str, before: str = "") -> str | None:
    told = ": ".join(part for part in (code, words) if part)
    return before + told if told else None


def _characteristic(one: Element) -> str | None:
    """Such as `MEN: 12000 EUR, 20.00 %`, or `DIV BT-152: Taux TVA, 10.00 %`."""
    amount, percent = one.first("ValueAmount"), one.value("ValuePercent")
    money = (amount.text(), amount.attribute("currencyID")) if amount else ()
    values = (one.value(name) for name in ("ValueCode", "ValueQuantity", "ValueNumeric", "ValueMeasure"))
    told = [
        *(_texts(one, name) for name in ("Name", "Description", "Value")),
        " ".join(part for part in money if part),
        f"{percent} %" if percent else None,
        one.value("ValueDateTime", "DateTimeString"),
        *values,
    ]
    name = " ".join(part for part in (one.value("TypeCode"), one.value("ID")) if part)
    return _pair(name, ", ".join(part for part in told if part))


def _texts(element: Element, name: str) -> str:
    return " ".join(told for one in element.all(name) if (told := one.text()))
