"""French platforms as they write: life-cycle messages, flows, Chorus Pro's answers; written by hand."""

import base64
import hashlib
import hmac
import json
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from adapters.providers.port import Attachment, Outgoing, OutgoingRecipient
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, NOON_UNIX, TOKEN, Side

STANDARD = "urn:un:unece:uncefact:data:standard"
NUMBER = "FA-2026-0017"
SELLER, BUYER = "732829320", "552100554"
NOON_IN_FRANCE = "20260115130000"
FLOW = "3f0c8b9e-5f5c-4c38-a5a9-0d6b1d6f2a11"
KEY = base64.b64encode(bytes(range(32))).decode()


def moment(digits: str, form: str = "204", space: str = "udt") -> str:
    return f'<{space}:DateTimeString format="{form}">{digits}</{space}:DateTimeString>'


def party(role: str, code: str, siren: str = "", address: str = "") -> str:
    known = f'<ram:GlobalID schemeID="0002">{siren}</ram:GlobalID>' if siren else ""
    reached = f'<ram:URIID schemeID="0225">{escape(address)}</ram:URIID>' if address else ""
    reached = f"<ram:URIUniversalCommunication>{reached}</ram:URIUniversalCommunication>" if reached else ""
    return f"<ram:{role}>{known}<ram:RoleCode>{code}</ram:RoleCode>{reached}</ram:{role}>"


def detail(*, reason: str = "", words: str = "", action: str = "", asked: str = "", more: str = "") -> str:
    """One SpecifiedDocumentStatus."""
    inner = f"<ram:ReasonCode>{reason}</ram:ReasonCode>" if reason else ""
    inner += f"<ram:Reason>{escape(words)}</ram:Reason>" if words else ""
    inner += f"<ram:RequestedActionCode>{action}</ram:RequestedActionCode>" if action else ""
    inner += f"<ram:RequestedAction>{escape(asked)}</ram:RequestedAction>" if asked else ""
    return f"<ram:SpecifiedDocumentStatus>{inner}{more}</ram:SpecifiedDocumentStatus>"


def reference(
    code: str | None = "203", *, number: str = NUMBER, label: str = "", seller: str = SELLER, details: str = ""
) -> str:
    """One invoice of a message, and what is said of it."""
    inner = f"<ram:IssuerAssignedID>{escape(number)}</ram:IssuerAssignedID><ram:TypeCode>380</ram:TypeCode>"
    inner += f"<ram:ProcessConditionCode>{code}</ram:ProcessConditionCode>" if code else ""
    inner += f"<ram:ProcessCondition>{escape(label)}</ram:ProcessCondition>" if label else ""
    inner += party("IssuerTradeParty", "SE", seller) + details
    return f"<ram:ReferenceReferencedDocument>{inner}</ram:ReferenceReferencedDocument>"


def acknowledgement(*references: str, at: str | None = NOON_IN_FRANCE, form: str = "204") -> str:
    when = f"<ram:IssueDateTime>{moment(at, form)}</ram:IssueDateTime>" if at else ""
    several = str(len(references) > 1).lower()
    head = (
        f"<ram:MultipleReferencesIndicator><udt:Indicator>{several}</udt:Indicator></ram:MultipleReferencesIndicator>"
    )
    inner = f"{head}<ram:TypeCode>23</ram:TypeCode>{when}{''.join(references)}"
    return f"<rsm:AcknowledgementDocument>{inner}</rsm:AcknowledgementDocument>"


def message(*acknowledgements: str, name: str | None = "message-1", created: str = "20260115130500") -> bytes:
    """A whole life-cycle message (CDAR), from the buyer's platform to the seller's."""
    spaces = (
        f'xmlns:rsm="{STANDARD}:CrossDomainAcknowledgementAndResponse:100" '
        f'xmlns:ram="{STANDARD}:ReusableAggregateBusinessInformationEntity:100" '
        f'xmlns:udt="{STANDARD}:UnqualifiedDataType:100"'
    )
    named = f"<ram:ID>{escape(name)}</ram:ID>" if name else ""
    parties = party("IssuerTradeParty", "BY", BUYER, f"{BUYER}_AP") + party("RecipientTradeParty", "SE", SELLER)
    head = f"{named}<ram:IssueDateTime>{moment(created)}</ram:IssueDateTime>{parties}"
    body = f"<rsm:ExchangedDocument>{head}</rsm:ExchangedDocument>{''.join(acknowledgements)}"
    root = "rsm:CrossDomainAcknowledgementAndResponse"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {spaces}>{body}</{root}>'.encode()


def said(code: str | None = "203", **about: Any) -> bytes:
    """A message about one invoice."""
    return message(acknowledgement(reference(code, **about)))


def invoice(
    number: str = NUMBER, *, seller: str = SELLER, buyer: str = f"0225:{BUYER}", root: str = "Invoice"
) -> bytes:
    """Only what is looked at of a UBL document."""
    ubl = "urn:oasis:names:specification:ubl:schema:xsd:"
    spaces = f'xmlns:cac="{ubl}CommonAggregateComponents-2" xmlns:cbc="{ubl}CommonBasicComponents-2"'
    scheme, _, name = buyer.partition(":")
    reached = f"<cbc:EndpointID schemeID={quoteattr(scheme)}>{escape(name)}</cbc:EndpointID>" if name else ""
    legal = f'<cac:PartyLegalEntity><cbc:CompanyID schemeID="0002">{seller}</cbc:CompanyID></cac:PartyLegalEntity>'
    supplier = f'<cbc:EndpointID schemeID="0225">{seller}</cbc:EndpointID>{legal if seller else ""}'
    parties = (
        f"<cac:AccountingSupplierParty><cac:Party>{supplier}</cac:Party></cac:AccountingSupplierParty>"
        f"<cac:AccountingCustomerParty><cac:Party>{reached}</cac:Party></cac:AccountingCustomerParty>"
    )
    body = f"<cbc:ID>{escape(number)}</cbc:ID>{parties}"
    return f'<?xml version="1.0"?><{root} xmlns="{ubl}{root}-2" {spaces}>{body}</{root}>'.encode()


def outgoing(content: bytes | None = None, *, kind: str = "application/xml", attempt: str = ATTEMPT) -> Outgoing:
    files = [Attachment("invoice.xml", kind, invoice() if content is None else content)]
    return Outgoing(attempt_id=attempt, number=1, recipients=[OutgoingRecipient(1, "")], attachments=files)


def flow(word: str = "Ok", **told: Any) -> dict[str, Any]:
    """An invoice that went out, as the platform acknowledges it."""
    words = told.pop("reasonMessage", None)
    problem = {"level": "Error", "item": "file", "reasonCode": "InvalidSchema", "reasonMessage": words}
    return {
        "flowId": FLOW,
        "trackingId": told.pop("attempt_id", ATTEMPT),
        "name": "invoice.xml",
        "flowSyntax": "UBL",
        "flowProfile": "CIUS",
        "flowType": "CustomerInvoice",
        "flowDirection": "Out",
        "processingRule": "B2B",
        "processingRuleSource": "Computed",
        "submittedAt": "2026-01-15T11:59:58.120Z",
        "updatedAt": "2026-01-15T12:00:00Z",
        "acknowledgement": {"status": word} | ({"details": [problem]} if words else {}),
    } | told


def signature(body: bytes, timestamp: str, *, form: str = "direct", key: str = KEY) -> str:
    payload = body + b"@" + timestamp.encode()
    told = {
        "direct": payload,
        "fingerprint": hashlib.sha256(payload).digest(),
        "hexadecimal": hashlib.sha256(payload).hexdigest().encode(),
    }
    return base64.b64encode(hmac.digest(base64.b64decode(key), told[form], "sha256")).decode()


def signed(body: bytes, timestamp: int = NOON_UNIX, **how: str) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "afnor-signature": signature(body, str(timestamp), **how),
        "afnor-signature-timestamp": str(timestamp),
    }


_NEITHER = (b"", b"{", b"null", b"true", b"7", b'"Ok"', b"[]", b"[{}]", b"\xff\xfe", b"[" * 100_000, b"flowId=1")
_NOT_XML = (b"<", b"<a>", b"<a/>", b"<!DOCTYPE a><a/>", b"\xef\xbb\xbf<html/>", b"<?xml version='1.0'?>")

AFNOR = Side(
    "afnor",
    KEY,
    "Ok",
    "afnor-signature",
    lambda word, **told: json.dumps(flow(word, **told)).encode(),
    lambda body, _: signed(body),
    (*_NEITHER, *_NOT_XML, b"{}", b'{"flowId": "f"}', b'{"flowId": "", "acknowledgement": {}}'),
    other="Error",
    proves=Status.SENT,
    texts=("reasonMessage", "flowId"),
    long=("Error", "reasonMessage"),
    names_recipient=False,
)
FRANCE_CDV = Side(
    "france-cdv",
    TOKEN,
    "203",
    "x-webhook-secret",
    lambda word, **told: said(word, details=detail(words=told.get("words", ""))),
    lambda _body, _url: {"x-webhook-secret": TOKEN},
    (*_NEITHER, *_NOT_XML, message(), message(acknowledgement()), invoice(), b"{}"),
    other="205",
    long=("213", "words"),
    covers_body=False,
    echoes=False,
)
FRENCH_SIDES = (AFNOR, FRANCE_CDV)
