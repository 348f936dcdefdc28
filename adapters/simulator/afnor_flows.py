"""The flows of a platform: the invoice that was deposited, and a life-cycle message for all that happened to it."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

from adapters.simulator.behaviour import Event
from adapters.simulator.messages import Message, Occurrence
from adapters.simulator.network import Paper, iso

FRANCE = ZoneInfo("Europe/Paris")
STANDARD = "urn:un:unece:uncefact:data:standard"


class Word(NamedTuple):
    """The acknowledgement of the flow if it changes it, and the code of a life-cycle message if there is one."""

    acknowledgement: str = ""
    code: str = ""
    label: str = ""
    reason: tuple[str, str] = ("", "")
    action: str = ""


WORDS: Mapping[Event, Word] = {
    Event.DEFERRED: Word("Pending"),
    Event.FAILED: Word("Error", reason=("OtherTechnicalError", "The file could not be read.")),
    Event.SENT: Word("Ok", "200", "Déposée"),
    Event.NETWORK_REJECTED: Word("", "213", "Rejetée", ("REJ_SEMAN", "Contrôle sémantique"), "NIN"),
    Event.DELIVERED: Word("", "203", "Mise à disposition"),
    Event.IN_PROCESS: Word("", "204", "Prise en charge"),
    Event.UNDER_QUERY: Word("", "207", "En litige", ("CMD_ERR", "N° de commande absent"), "CNF"),
    Event.CONDITIONALLY_ACCEPTED: Word("", "206", "Approuvée partiellement", ("QTE_ERR", "Quantité livrée"), "CNP"),
    Event.ACCEPTED: Word("", "205", "Approuvée"),
    Event.BUYER_REJECTED: Word("", "210", "Refusée", ("QTE_ERR", "Quantité livrée"), "CNF"),
    Event.PAID: Word("", "211", "Paiement transmis"),
    Event.MISDIRECTED: Word("", "221", "Erreur de routage", ("ROUTAGE_ERR", "Adresse inconnue")),
}
BY_PLATFORM = frozenset({"200", "203", "213", "221"})


def invoice_flow(message: Message) -> dict[str, Any]:
    """The Flow resource of what was deposited."""
    changes = [one for one in message.occurrences if WORDS[one.event].acknowledgement]
    word = WORDS[changes[-1].event] if changes else Word("Pending")
    acknowledgement: dict[str, Any] = {"status": word.acknowledgement}
    if word.acknowledgement == "Error":
        code, words = word.reason
        acknowledgement["details"] = [{"level": "Error", "item": "file", "reasonCode": code, "reasonMessage": words}]
    updated = changes[-1].at if changes else message.received_at
    return _common(message, message.id, updated, acknowledgement) | {
        "flowSyntax": message.request["flowSyntax"],
        "name": message.request["name"],
        "flowType": "CustomerInvoice",
        "flowDirection": "Out",
        **({"trackingId": tracking} if (tracking := message.request.get("trackingId")) else {}),
    }


def life_cycle_flow(message: Message, occurrence: Occurrence) -> dict[str, Any]:
    """The Flow resource of a life-cycle message that came in."""
    name = life_cycle_id(message, occurrence)
    return _common(message, name, occurrence.at, {"status": "Ok"}) | {
        "flowSyntax": "CDAR",
        "name": f"{name}.xml",
        "flowType": "CustomerInvoiceLC",
        "flowDirection": "In",
    }


def life_cycles(message: Message) -> list[Occurrence]:
    return [one for one in message.occurrences if WORDS[one.event].code]


def life_cycle_id(message: Message, occurrence: Occurrence) -> str:
    return f"{message.id}-{occurrence.number}"


def accepted(message: Message) -> dict[str, Any]:
    """How a deposit is answered."""
    return {**message.request, "flowId": message.id, "submittedAt": iso(message.received_at)}


def fingerprint(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def document(message: Message, occurrence: Occurrence, paper: Paper) -> str:
    """The life-cycle message itself: CDAR D22B, its times in French local time without a zone."""
    word, at = WORDS[occurrence.event], _compact(occurrence.at)
    phase = "305" if word.code in BY_PLATFORM else "23"
    issuer = _party("IssuerTradeParty", "WK") if phase == "305" else _party("IssuerTradeParty", "BY", paper.buyer)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossDomainAcknowledgementAndResponse xmlns:rsm="{STANDARD}:CrossDomainAcknowledgementAndResponse:100" \
xmlns:ram="{STANDARD}:ReusableAggregateBusinessInformationEntity:100" \
xmlns:qdt="{STANDARD}:QualifiedDataType:100" xmlns:udt="{STANDARD}:UnqualifiedDataType:100">
  <rsm:ExchangedDocumentContext>
    <ram:BusinessProcessSpecifiedDocumentContextParameter><ram:ID>REGULATED</ram:ID></ram:BusinessProcessSpecifiedDocumentContextParameter>
    <ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>urn.cpro.gouv.fr:1p0:CDV:invoice</ram:ID></ram:GuidelineSpecifiedDocumentContextParameter>
  </rsm:ExchangedDocumentContext>
  <rsm:ExchangedDocument>
    <ram:ID>{escape(f"{paper.number}_{word.code}_{life_cycle_id(message, occurrence)}")}</ram:ID>
    <ram:IssueDateTime>{_moment(at)}</ram:IssueDateTime>
    {_party("SenderTradeParty", "WK")}
    {issuer}
    {_party("RecipientTradeParty", "SE", paper.seller)}
  </rsm:ExchangedDocument>
  <rsm:AcknowledgementDocument>
    <ram:MultipleReferencesIndicator><udt:Indicator>false</udt:Indicator></ram:MultipleReferencesIndicator>
    <ram:TypeCode>{phase}</ram:TypeCode>
    <ram:IssueDateTime>{_moment(at)}</ram:IssueDateTime>
    <ram:ReferenceReferencedDocument>
      <ram:IssuerAssignedID>{escape(paper.number)}</ram:IssuerAssignedID>
      <ram:TypeCode>{paper.kind}</ram:TypeCode>
      <ram:ReceiptDateTime>{_moment(_compact(message.received_at))}</ram:ReceiptDateTime>
      <ram:FormattedIssueDateTime>{_day(at)}</ram:FormattedIssueDateTime>
      <ram:ProcessConditionCode>{word.code}</ram:ProcessConditionCode>
      <ram:ProcessCondition>{word.label}</ram:ProcessCondition>
      {_party("IssuerTradeParty", "SE", paper.seller)}{_status(word)}
    </ram:ReferenceReferencedDocument>
  </rsm:AcknowledgementDocument>
</rsm:CrossDomainAcknowledgementAndResponse>
"""


def _common(message: Message, name: str, updated: datetime, acknowledgement: dict[str, Any]) -> dict[str, Any]:
    return {
        "flowId": name,
        "submittedAt": iso(message.received_at),
        "updatedAt": iso(updated),
        "flowProfile": message.request.get("flowProfile", "Undefined"),
        "processingRule": message.request.get("processingRule", "B2B"),
        "processingRuleSource": "Input" if "processingRule" in message.request else "Computed",
        "acknowledgement": acknowledgement,
    }


def _party(role: str, code: str, endpoint: tuple[str, str] | None = None) -> str:
    """Who it is in the register (0002), for an endpoint that begins with its number there, and where it is reached."""
    scheme, name = endpoint or ("", "")
    siren = name[:9] if scheme in ("0002", "0225") and name[:9].isdecimal() else ""
    known = f'<ram:GlobalID schemeID="0002">{siren}</ram:GlobalID>' if siren else ""
    reached = f"<ram:URIID schemeID={quoteattr(scheme)}>{escape(name)}</ram:URIID>" if name else ""
    reached = f"<ram:URIUniversalCommunication>{reached}</ram:URIUniversalCommunication>" if reached else ""
    return f"<ram:{role}>{known}<ram:RoleCode>{code}</ram:RoleCode>{reached}</ram:{role}>"


def _status(word: Word) -> str:
    code, words = word.reason
    if not code:
        return ""
    action = f"<ram:RequestedActionCode>{word.action}</ram:RequestedActionCode>" if word.action else ""
    told = f"<ram:ReasonCode>{code}</ram:ReasonCode><ram:Reason>{escape(words)}</ram:Reason>{action}"
    return f"<ram:SpecifiedDocumentStatus>{told}</ram:SpecifiedDocumentStatus>"


def _compact(at: datetime) -> str:
    return at.astimezone(FRANCE).strftime("%Y%m%d%H%M%S")


def _day(compact: str) -> str:
    return f'<qdt:DateTimeString format="102">{compact[:8]}</qdt:DateTimeString>'


def _moment(compact: str) -> str:
    return f'<udt:DateTimeString format="204">{compact}</udt:DateTimeString>'
