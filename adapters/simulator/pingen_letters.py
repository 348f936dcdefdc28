"""Letters and events in Pingen's JSON:API, and the webhook of each category."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from adapters.simulator.behaviour import Event
from adapters.simulator.messages import Message, Occurrence, Told

HERE = timezone(timedelta(hours=2))
"""Pingen tells times of its own zone, without a colon in the offset."""
CORRECTED = "Ada Payer\nNew Street 9\n1000 Brussels\nBelgium"
TRACKED = "registered"


class Stage(NamedTuple):
    """`code` and `name` are the event's, `state` the letter's from then on."""

    category: str
    code: str
    name: str
    state: str
    producer: str = "Pingen"


STAGES: Mapping[Event, Stage] = {
    Event.SENT: Stage("sent", "transferred_to_distributor", "Transferred to distributor", "sent"),
    Event.DELIVERED: Stage("delivered", "delivered", "Delivered", "delivered", "Post"),
    Event.UNDELIVERED: Stage("undeliverable", "undeliverable", "Moved, returned to sender", "undeliverable", "Post"),
    Event.FAILED: Stage("issues", "rejected_from_printcenter", "Printing failed", "unprintable", "Printcenter"),
    Event.DROPPED: Stage("issues", "content_failed_inspection", "Content failed inspection", "rejected"),
    Event.BLOCKED: Stage("issues", "shipping_country_blocked", "Country not served", "invalid"),
    Event.CANCELLED: Stage("issues", "cancellation_completed", "Cancellation completed", "cancelled"),
    Event.DEFERRED: Stage("issues", "waiting_for_funds", "Waiting for funds", "awaiting_credits"),
}


def letter(message: Message, url: str = "") -> dict[str, Any]:
    """`url`: that of the organisation's letters, for the link."""
    asked, last = message.request, message.occurrences[-1] if message.occurrences else None
    number = "98.34.123456.78901234" if TRACKED in asked["delivery_product"] and last else None
    return {
        "id": message.id,
        "type": "letters",
        "attributes": {
            "status": STAGES[last.event].state if last else "validating",
            "file_original_name": message.subject,
            "file_pages": 1,
            "address": message.address.replace(", ", "\n"),
            "tracking_number": number,
            "price_currency": "CHF",
            "price_value": 1.25,
            "created_at": moment(message.received_at),
            "updated_at": moment(last.at if last else message.received_at),
            **{name: asked.get(name) for name in ("address_position", "delivery_product", "print_mode")},
        },
        "links": {"self": f"{url}/{message.id}"},
    }


def event(message: Message, occurrence: Occurrence, kind: str = "letters_events") -> dict[str, Any]:
    stage, at = STAGES[occurrence.event], moment(occurrence.at)
    told = {"code": stage.code, "name": stage.name, "producer": stage.producer, "location": "", "has_image": False}
    return {
        "id": str(uuid5(NAMESPACE_URL, f"{message.id}/{occurrence.number}")),
        "type": kind,
        "attributes": told | {"data": [], "emitted_at": at, "created_at": at, "updated_at": at},
        "relationships": {"letter": _named("letters", message.id)},
    }


def webhook(told: Told, url: str) -> dict[str, Any]:
    """The letter is named in the old way and in the new one, and the event is included under both types."""
    message, occurrence = told.message, told.occurrence
    stage, happened = STAGES[occurrence.event], event(message, occurrence)
    said = {"reason": stage.name, "url": url, "created_at": moment(occurrence.at)}
    more = {"corrected_address": CORRECTED} if occurrence.event is Event.UNDELIVERED else {}
    named = {
        "organisation": _named("organisations", message.sender),
        "letter": _named("letters", message.id),
        "deliverable": _named("letters", message.id),
        "event": _named("deliverables_events", happened["id"]),
    }
    name = str(uuid5(NAMESPACE_URL, f"webhook/{happened['id']}"))
    attributes = said | more | occurrence.fields
    organisation = {"id": message.sender, "type": "organisations", "attributes": {"name": "Seller", "status": "active"}}
    return {
        "data": {
            "id": name, "type": f"webhook_{stage.category}", "attributes": attributes, "relationships": named,
        },
        "included": [organisation, letter(message), happened, event(message, occurrence, "deliverables_events")],
    }  # fmt: skip


def moment(at: datetime) -> str:
    return at.astimezone(HERE).strftime("%Y-%m-%dT%H:%M:%S%z")


def _named(kind: str, name: str) -> dict[str, Any]:
    return {"data": {"type": kind, "id": name}}
