"""Documents and events of the e-invoicing network, as access points write them; written by hand."""

import json
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from tests.adapters.providers.kit import ATTEMPT, TOKEN, Side

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
MLS = "urn:peppol:edec:mls:1.0"
MLR = "urn:fdc:peppol.eu:poacc:trns:mlr:3"
INVOICE_RESPONSE = "urn:fdc:peppol.eu:poacc:trns:invoice_response:3"
BUYER, SELLER = "0208:0123456749", "0088:7300010000001"
NUMBER = "F-2026-17"
DOCUMENT = "doc_01JQZ8X0M4T7RB6K9V2NDHW3PA"
GUID = "5d1c8f30-7b2e-4c55-9f0e-2a6b7c8d9e01"


def endpoint(role: str, address: str) -> str:
    scheme, _, name = address.partition(":")
    inner = f"<cbc:EndpointID schemeID={quoteattr(scheme)}>{escape(name)}</cbc:EndpointID>"
    return f"<cac:{role}>{inner}</cac:{role}>"


def status(code: str = "", words: str = "", conditions: tuple[tuple[str, str], ...] = (), listed: str = "") -> str:
    about = f" listID={quoteattr(listed)}" if listed else ""
    inner = f"<cbc:StatusReasonCode{about}>{escape(code)}</cbc:StatusReasonCode>" if code else ""
    inner += f"<cbc:StatusReason>{escape(words)}</cbc:StatusReason>" if words else ""
    for name, wanted in conditions:
        told = f"<cbc:AttributeID>{escape(name)}</cbc:AttributeID><cbc:Description>{escape(wanted)}</cbc:Description>"
        inner += f"<cac:Condition>{told}</cac:Condition>"
    return f"<cac:Status>{inner}</cac:Status>"


def line(place: str, *findings: tuple[str, str]) -> str:
    """Findings are (reason code, words)."""
    told = "".join(
        f"<cac:Response><cbc:Description>{escape(words)}</cbc:Description>{status(code)}</cac:Response>"
        for code, words in findings
    )
    place = f"<cac:LineReference><cbc:LineID>{escape(place)}</cbc:LineID></cac:LineReference>"
    return f"<cac:LineResponse>{place}{told}</cac:LineResponse>"


def answer(code: str, reference: str = ATTEMPT, *, words: str = "", statuses: str = "", lines: str = "") -> str:
    said = f"<cbc:Description>{escape(words)}</cbc:Description>" if words else ""
    response = f"<cbc:ResponseCode>{escape(code)}</cbc:ResponseCode>{said}{statuses}"
    named = f"<cac:DocumentReference><cbc:ID>{escape(reference)}</cbc:ID></cac:DocumentReference>"
    return f"<cac:DocumentResponse><cac:Response>{response}</cac:Response>{named}{lines}</cac:DocumentResponse>"


def application_response(
    *answers: str,
    kind: str = MLR,
    name: str = "answer-1",
    day: str | None = "2026-01-15",
    time: str | None = "12:00:00Z",
    sender: str = BUYER,
    receiver: str = SELLER,
) -> bytes:
    at = f"<cbc:IssueDate>{day}</cbc:IssueDate>" if day else ""
    at += f"<cbc:IssueTime>{time}</cbc:IssueTime>" if time else ""
    spaces = f'xmlns:cac="{UBL}CommonAggregateComponents-2" xmlns:cbc="{UBL}CommonBasicComponents-2"'
    head = f"<cbc:CustomizationID>{kind}</cbc:CustomizationID><cbc:ID>{escape(name)}</cbc:ID>{at}"
    parties = endpoint("SenderParty", sender) + endpoint("ReceiverParty", receiver)
    body = f'<ApplicationResponse xmlns="{UBL}ApplicationResponse-2" {spaces}>{head}{parties}{"".join(answers)}'
    return f'<?xml version="1.0" encoding="UTF-8"?>{body}</ApplicationResponse>'.encode()


def mlr(word: str = "AP", **said: Any) -> bytes:
    return application_response(
        answer(word, said.get("attempt_id", ATTEMPT), words=said.get("words", "")), name=f"{word}-1"
    )


def enveloped(document: bytes) -> bytes:
    """As it travels between access points."""
    body = document.partition(b"?>")[2]
    head = b"<StandardBusinessDocumentHeader><HeaderVersion>1.0</HeaderVersion></StandardBusinessDocumentHeader>"
    space = b'xmlns="http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"'
    return b"<StandardBusinessDocument " + space + b">" + head + body + b"</StandardBusinessDocument>"


def invoice(
    number: str = NUMBER,
    *,
    seller: str | None = SELLER,
    buyer: str | None = BUYER,
    country: str | None = "BE",
    root: str = "Invoice",
) -> bytes:
    """Only what the network needs of one."""
    where = f"<cbc:IdentificationCode>{country}</cbc:IdentificationCode>" if country else ""
    place = f"<cac:PostalAddress><cac:Country>{where}</cac:Country></cac:PostalAddress>"
    parties = "".join(
        f"<cac:{role}>{endpoint('Party', address).replace('</cac:Party>', f'{place}</cac:Party>')}</cac:{role}>"
        for role, address in (("AccountingSupplierParty", seller), ("AccountingCustomerParty", buyer))
        if address
    )
    spaces = f'xmlns:cac="{UBL}CommonAggregateComponents-2" xmlns:cbc="{UBL}CommonBasicComponents-2"'
    kind = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
    head = f"<cbc:CustomizationID>{kind}</cbc:CustomizationID>"
    head += f"<cbc:ProfileID>urn:fdc:peppol.eu:2017:poacc:billing:01:1.0</cbc:ProfileID><cbc:ID>{number}</cbc:ID>"
    return f'<?xml version="1.0"?><{root} xmlns="{UBL}{root}-2" {spaces}>{head}{parties}</{root}>'.encode()


def transaction(state: str = "sent", **said: Any) -> dict[str, Any]:
    """phoss AP's, as its status call answers."""
    given = {
        "id": "01f0a1b2-0000-4000-8000-000000000001",
        "transactionType": "business_document",
        "senderID": f"iso6523-actorid-upis::{SELLER}",
        "receiverID": f"iso6523-actorid-upis::{BUYER}",
        "sbdhInstanceID": ATTEMPT,
        "status": state,
        "attemptCount": 1,
        "createdDT": "2026-01-15T11:59:58.120Z",
        "completedDT": "2026-01-15T12:00:00Z",
        "reportingStatus": "pending",
        "nextRetryDT": None,
        "errorDetails": None,
        "mlsStatus": "pending",
    }
    return given | said


def storecove_body(word: str = "acknowledged", **said: Any) -> bytes:
    given = {
        "event_type": "document_submission",
        "event": word,
        "guid": GUID,
        "idempotencyGuid": said.pop("attempt_id", ATTEMPT),
    }
    return json.dumps(given | said).encode()


def recommand_body(word: str = "delivered", **said: Any) -> bytes:
    said.pop("attempt_id", None)  # nothing of ours comes back
    changed = {
        "eventType": "document.delivery_status_changed",
        "documentId": DOCUMENT,
        "teamId": "team_1",
        "companyId": "c_1",
        "deliveryId": "del_1",
        "channel": "peppol",
        "address": BUYER,
        "status": word,
        "previousStatus": "pending",
        "failure": {"category": "other", "message": said.pop("message", None), "providerCode": None},
    }
    return json.dumps(changed | said).encode()


def _shared(body: bytes, url: str) -> dict[str, str]:  # noqa: ARG001
    return {"x-webhook-secret": TOKEN}


_NOT_JSON = (b"", b"{", b"null", b"true", b"7", b'"paid"', b"\xff\xfe", b"[" * 100_000, b"event=paid")
_NOT_XML = (b"<", b"<a>", b"<a/>", b"<!DOCTYPE a><a/>", b"\xef\xbb\xbf<html/>", b"<?xml version='1.0'?>")

_DOCUMENTS: dict[str, Any] = {
    "other": "RE",
    "long": ("AP", "words"),
    "told_as": lambda word: f"mlr:{word}",
    "covers_body": False,
}
PEPPOL = Side(
    "peppol", TOKEN, "AP", "x-webhook-secret", mlr, _shared, (*_NOT_JSON, *_NOT_XML, b"[]", b"[{}]"), **_DOCUMENTS
)
PHOSS_AP = Side("phoss_ap", TOKEN, "AP", "x-webhook-secret", mlr, _shared, (*_NOT_JSON, *_NOT_XML), **_DOCUMENTS)
STORECOVE = Side(
    "storecove",
    TOKEN,
    "acknowledged",
    "x-webhook-secret",
    storecove_body,
    _shared,
    (*_NOT_JSON, *_NOT_XML, b"[]", b"[7]", b"{}", b'{"body": "{}"}'),
    other="paid",
    texts=("details", "guid"),
    long=("failed", "details"),
    covers_body=False,
    has_clock=False,
    names_recipient=False,
)
RECOMMAND = Side(
    "recommand",
    TOKEN,
    "delivered",
    "x-webhook-secret",
    recommand_body,
    _shared,
    (*_NOT_JSON, *_NOT_XML, b"[]", b"[7]", b"{}"),
    other="failed",
    texts=("address", "message", "documentId"),
    long=("failed", "message"),
    told_as=lambda word: f"document.delivery_status_changed:{word}",
    covers_body=False,
    has_clock=False,
    echoes=False,
)
PEPPOL_SIDES = (PEPPOL, PHOSS_AP, STORECOVE, RECOMMAND)
