"""SES events as a configuration set publishes them, and the same as message insights."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.simulator.behaviour import Event
from adapters.simulator.messages import Message, Told

PERSON, MACHINE = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Mozilla/5.0"


def _bounce(kind: str, sub: str, status: str, said: str) -> dict[str, Any]:
    return {"eventType": "Bounce", "bounceType": kind, "bounceSubType": sub, "status": status, "diagnosticCode": said}


WORDS: Mapping[Event, dict[str, Any]] = {
    Event.SENT: {"eventType": "Send"},
    Event.DEFERRED: {"eventType": "DeliveryDelay", "delayType": "TransientCommunicationFailure"},
    Event.DELIVERED: {"eventType": "Delivery", "smtpResponse": "250 2.0.0 OK: queued", "processingTimeMillis": 871},
    Event.OPENED: {"eventType": "Open", "userAgent": PERSON, "ipAddress": "203.0.113.7"},
    Event.MACHINE_OPENED: {"eventType": "Open", "userAgent": MACHINE, "ipAddress": "198.51.100.40"},
    Event.CLICKED: {"eventType": "Click", "userAgent": PERSON, "link": "https://example.com/invoice"},
    Event.COMPLAINED: {"eventType": "Complaint", "complaintFeedbackType": "abuse", "complaintSubType": None},
    Event.UNSUBSCRIBED: {
        "eventType": "Subscription", "newTopicPreferences": {"unsubscribeAll": True, "topicSubscriptionStatus": []},
    },
    Event.BOUNCED: _bounce("Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown"),
    Event.ORPHAN_BOUNCED: _bounce("Undetermined", "Undetermined", "5.0.0", "smtp; 550 5.0.0 returned"),
    Event.MAILBOX_FULL: _bounce("Transient", "MailboxFull", "5.2.2", "smtp; 552 5.2.2 over quota"),
    Event.BLOCKED: _bounce("Transient", "ContentRejected", "5.7.1", "smtp; 550 5.7.1 refused by policy"),
    Event.DROPPED: _bounce("Permanent", "OnAccountSuppressionList", "5.1.1", "on the account's suppression list"),
}  # fmt: skip
LISTED = {
    "Bounce": "bouncedRecipients",
    "Complaint": "complainedRecipients",
    "Delivery": "recipients",
    "DeliveryDelay": "delayedRecipients",
}


def event(told: Told) -> dict[str, Any]:
    """The JSON that SNS carries as text."""
    message, occurrence = told.message, told.occurrence
    part = dict(WORDS[occurrence.event]) | occurrence.fields
    kind = part.pop("eventType")
    person = {"emailAddress": message.address}
    person |= {name: part.pop(name) for name in ("status", "diagnosticCode") if name in part}
    if listed := LISTED.get(kind):
        part[listed] = [message.address] if kind == "Delivery" else [person]
    part["timestamp"] = iso(occurrence.at)
    name = kind[:1].lower() + kind[1:]
    orphan = occurrence.event is Event.ORPHAN_BOUNCED
    return {"eventType": kind, "mail": {} if orphan else _mail(message), name: part}


def insights(messages: list[Message]) -> dict[str, Any]:
    first = messages[0]
    return {
        "MessageId": first.reference,
        "FromEmailAddress": first.sender,
        "Subject": first.subject,
        "EmailTags": [{"Name": name, "Value": value} for name, value in first.arguments.items()],
        "Insights": [
            {"Destination": m.address, "Isp": "Other", "Events": [_insight(Told(m, o)) for o in m.occurrences]}
            for m in messages
        ],
    }


def iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def _mail(message: Message) -> dict[str, Any]:
    tags = {"ses:configuration-set": ["simulated"], **{name: [value] for name, value in message.arguments.items()}}
    return {
        "timestamp": iso(message.received_at),
        "source": message.sender,
        "messageId": message.reference,
        "destination": [message.address],
        "headersTruncated": False,
        "headers": [],
        "commonHeaders": {"subject": message.subject},
        "tags": tags,
    }


def _insight(told: Told) -> dict[str, Any]:
    word = WORDS[told.occurrence.event]
    kind = word["eventType"]
    found: dict[str, Any] = {"Timestamp": told.occurrence.at.timestamp()}
    found["Type"] = {"DeliveryDelay": "DELIVERY_DELAY"}.get(kind, kind.upper())
    if kind == "Bounce":
        bounce = {"BounceType": word["bounceType"].upper(), "BounceSubType": word["bounceSubType"]}
        found["Details"] = {"Bounce": bounce | {"DiagnosticCode": word["diagnosticCode"]}}
    elif kind == "Complaint":
        found["Details"] = {"Complaint": {"ComplaintFeedbackType": word["complaintFeedbackType"]}}
    return found
