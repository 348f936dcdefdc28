"""What travels over the e-invoicing network: the invoice that is read here, the buyer's answer that comes back."""

from datetime import UTC, datetime
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from adapters.simulator.behaviour import Event
from adapters.simulator.messages import Message, Told

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
INVOICE_RESPONSE = "urn:fdc:peppol.eu:poacc:trns:invoice_response:3"
RESPONSE_TYPE = f"{UBL}ApplicationResponse-2::ApplicationResponse##{INVOICE_RESPONSE}::2.1"
RESPONSE_PROCESS = "urn:fdc:peppol.eu:poacc:bis:invoice_response:3"
PARTICIPANTS = "iso6523-actorid-upis"
ROOTS = {f"{{{UBL}Invoice-2}}Invoice": "380", f"{{{UBL}CreditNote-2}}CreditNote": "381"}


class Answer(NamedTuple):
    """An Invoice Response: its code, and what it states besides, by the list that the code is from."""

    code: str
    reason: str = ""
    action: str = ""
    words: str = ""
    condition: tuple[str, str] | None = None


ANSWERS = {
    Event.IN_PROCESS: Answer("IP"),
    Event.UNDER_QUERY: Answer("UQ", "REF", "PIN", "The purchase order number is missing."),
    Event.CONDITIONALLY_ACCEPTED: Answer("CA", "PAY", "NOA", "Paid in 60 days.", ("BT-9", "2026-12-31")),
    Event.BUYER_REJECTED: Answer("RE", "QTY", "CNF", "Only eight were delivered."),
    Event.ACCEPTED: Answer("AP"),
    Event.PAID: Answer("PD"),
}
"""What the buyer answers, for everything that only a buyer can do."""


class Paper(NamedTuple):
    """An invoice or credit note as far as the network needs it. Endpoints are (scheme, id)."""

    number: str
    kind: str
    seller: tuple[str, str]
    buyer: tuple[str, str]
    document_type: str
    process: str


def read_paper(content: bytes) -> Paper | None:
    """None for what is neither an invoice nor a credit note in UBL 2."""
    try:
        root = ET.fromstring(content)
    except (ET.ParseError, ValueError, LookupError):
        return None
    kind, number = ROOTS.get(root.tag), _text(root, "ID")
    if kind is None or not number:
        return None
    namespace, _, name = root.tag[1:].partition("}")
    customization = _text(root, "CustomizationID")
    return Paper(
        number=number,
        kind=kind,
        seller=_endpoint(root, "AccountingSupplierParty"),
        buyer=_endpoint(root, "AccountingCustomerParty"),
        document_type=f"{namespace}::{name}##{customization}::2.1",
        process=_text(root, "ProfileID"),
    )


def paper_of(content: str) -> Paper:
    """Of a document that was taken. Raises ValueError for any other."""
    paper = read_paper(content.encode())
    if paper is None:
        raise ValueError("neither an invoice nor a credit note")
    return paper


def invoice_response(told: Told, paper: Paper, *, buyer: str | None = None) -> str:
    """`buyer`: the participant that answers, `scheme:id`, if not the one that the invoice names."""
    answer, at = ANSWERS[told.occurrence.event], told.occurrence.at.astimezone(UTC)
    parties = buyer or ":".join(paper.buyer), ":".join(paper.seller)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ApplicationResponse xmlns="{UBL}ApplicationResponse-2" xmlns:cac="{UBL}CommonAggregateComponents-2" \
xmlns:cbc="{UBL}CommonBasicComponents-2">
  <cbc:CustomizationID>{INVOICE_RESPONSE}</cbc:CustomizationID>
  <cbc:ProfileID>{RESPONSE_PROCESS}</cbc:ProfileID>
  <cbc:ID>{_id(told)}</cbc:ID>
  <cbc:IssueDate>{at:%Y-%m-%d}</cbc:IssueDate>
  <cbc:IssueTime>{at:%H:%M:%S}Z</cbc:IssueTime>
  {_party("SenderParty", parties[0])}
  {_party("ReceiverParty", parties[1])}
  <cac:DocumentResponse>
    <cac:Response>
      <cbc:ResponseCode listID="UNCL4343OpSubset">{answer.code}</cbc:ResponseCode>
      <cbc:EffectiveDate>{at:%Y-%m-%d}</cbc:EffectiveDate>{_statuses(answer)}
    </cac:Response>
    <cac:DocumentReference>
      <cbc:ID>{escape(paper.number)}</cbc:ID>
      <cbc:DocumentTypeCode listID="UNCL1001">{paper.kind}</cbc:DocumentTypeCode>
    </cac:DocumentReference>
  </cac:DocumentResponse>
</ApplicationResponse>
"""


def enveloped(document: str, told: Told, sender: str, receiver: str) -> str:
    """As it travels: the business document inside its envelope."""
    body = document.partition("?>\n")[2]
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<StandardBusinessDocument \
xmlns="http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader">
  <StandardBusinessDocumentHeader>
    <HeaderVersion>1.0</HeaderVersion>
    <Sender><Identifier Authority="{PARTICIPANTS}">{escape(sender)}</Identifier></Sender>
    <Receiver><Identifier Authority="{PARTICIPANTS}">{escape(receiver)}</Identifier></Receiver>
    <DocumentIdentification>
      <Standard>{UBL}ApplicationResponse-2</Standard>
      <TypeVersion>2.1</TypeVersion>
      <InstanceIdentifier>{uuid5(NAMESPACE_URL, f"envelope of {_id(told)}")}</InstanceIdentifier>
      <Type>ApplicationResponse</Type>
      <CreationDateAndTime>{iso(told.occurrence.at)}</CreationDateAndTime>
    </DocumentIdentification>
  </StandardBusinessDocumentHeader>
{body}</StandardBusinessDocument>
"""


def events_of(message: Message) -> list[Event]:
    return [one.event for one in message.occurrences]


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _statuses(answer: Answer) -> str:
    parts = []
    for listed, code in (("OPStatusReason", answer.reason), ("OPStatusAction", answer.action)):
        if code:
            words = f"<cbc:StatusReason>{escape(answer.words)}</cbc:StatusReason>" if listed == "OPStatusReason" else ""
            condition = _condition(answer) if listed == "OPStatusReason" else ""
            named = f'<cbc:StatusReasonCode listID="{listed}">{code}</cbc:StatusReasonCode>'
            parts.append(f"\n      <cac:Status>{named}{words}{condition}</cac:Status>")
    return "".join(parts)


def _condition(answer: Answer) -> str:
    if answer.condition is None:
        return ""
    name, wanted = map(escape, answer.condition)
    inner = f"<cbc:AttributeID>{name}</cbc:AttributeID><cbc:Description>{wanted}</cbc:Description>"
    return f"<cac:Condition>{inner}</cac:Condition>"


def _party(role: str, address: str) -> str:
    scheme, _, name = address.partition(":")
    endpoint = f"<cbc:EndpointID schemeID={quoteattr(scheme)}>{escape(name)}</cbc:EndpointID>"
    return f"<cac:{role}>{endpoint}</cac:{role}>"


def _id(told: Told) -> str:
    return str(uuid5(NAMESPACE_URL, f"{told.message.id}/{told.occurrence.number}"))


def _text(root: ET.Element, name: str) -> str:
    return (root.findtext(f"{{{UBL}CommonBasicComponents-2}}{name}") or "").strip()


def _endpoint(root: ET.Element, party: str) -> tuple[str, str]:
    groups, fields = f"{{{UBL}CommonAggregateComponents-2}}", f"{{{UBL}CommonBasicComponents-2}}"
    found = root.find(f"{groups}{party}/{groups}Party/{fields}EndpointID")
    return ("", "") if found is None else (found.get("schemeID", ""), (found.text or "").strip())
