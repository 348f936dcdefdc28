"""Recommand's documents: what was sent, with its deliveries, and the answers that came in."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from adapters.simulator.behaviour import Event
from adapters.simulator.messages import Message, Occurrence, Told
from adapters.simulator.network import RESPONSE_PROCESS, RESPONSE_TYPE, invoice_response, iso, paper_of

STATUSES = {Event.DELIVERED: "delivered", Event.FAILED: "failed", Event.NETWORK_REJECTED: "failed"}
FAILURES = {
    Event.FAILED: {"category": "transport", "message": "The access point does not answer.", "providerCode": "TXE-2001"},
    Event.NETWORK_REJECTED: {
        "category": "recipient_rejected",
        "message": "The receiving access point refused the document: BR-CO-15.",
        "providerCode": "TXE-3001",
    },
}


def outgoing(message: Message) -> dict[str, Any]:
    paper = paper_of(message.request["document"])
    last = next((o for o in reversed(message.occurrences) if o.event in STATUSES), None)
    changed = last.at if last else message.received_at
    return {
        "id": message.id,
        "direction": "outgoing",
        "senderId": ":".join(paper.seller),
        "receiverId": message.address,
        "docTypeId": paper.document_type,
        "processId": paper.process,
        "type": "creditNote" if paper.kind == "381" else "invoice",
        "createdAt": iso(message.received_at),
        "updatedAt": iso(changed),
        "xml": message.request["document"],
        "sentOverPeppol": True,
        "sentOverEmail": False,
        "deliveries": [delivery(message, last)],
        "deliveryStatus": STATUSES[last.event] if last else "pending",
        "peppolMessageId": f"{uuid5(NAMESPACE_URL, message.id)}@simulator",
        **_common(message),
    }


def delivery(message: Message, last: Occurrence | None) -> dict[str, Any]:
    """`last`: what ended it, if anything did."""
    return {
        "id": f"del_{uuid5(NAMESPACE_URL, message.id).hex}",
        "channel": "peppol",
        "address": message.address,
        "status": STATUSES[last.event] if last else "pending",
        "statusChangedAt": iso(last.at if last else message.received_at),
        "failure": FAILURES.get(last.event) if last else None,
        "references": {"envelopeId": message.arguments.get("envelopeId")},
    }


def answer_id(told: Told) -> str:
    return f"doc_{uuid5(NAMESPACE_URL, f'{told.message.id}/{told.occurrence.number}').hex}"


def incoming(told: Told) -> dict[str, Any]:
    """The buyer's answer as a document of its own; its kind is not one that Recommand reads."""
    message = told.message
    paper = paper_of(message.request["document"])
    return {
        "id": answer_id(told),
        "direction": "incoming",
        "senderId": message.address,
        "receiverId": ":".join(paper.seller),
        "docTypeId": RESPONSE_TYPE,
        "processId": RESPONSE_PROCESS,
        "type": "unknown",
        "createdAt": iso(told.occurrence.at),
        "updatedAt": iso(told.occurrence.at),
        "xml": invoice_response(told, paper, buyer=message.address),
        "sentOverPeppol": False,
        "sentOverEmail": False,
        "deliveries": [],
        **_common(message),
        "envelopeId": str(uuid5(NAMESPACE_URL, f"envelope of {answer_id(told)}")),
    }


def _common(message: Message) -> dict[str, Any]:
    team = {"teamId": "team_1", "companyId": message.sender, "countryC1": "BE", "readAt": None, "parsed": None}
    return team | {"envelopeId": message.arguments.get("envelopeId"), "emailRecipients": [], "labels": []}
