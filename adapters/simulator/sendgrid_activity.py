"""What the Email Activity feed answers about a message."""

import json
from datetime import UTC, datetime
from typing import Any

from adapters.simulator.behaviour import Event
from adapters.simulator.messages import Message, Occurrence
from adapters.simulator.sendgrid_events import SERVER, WORDS

NOT_DELIVERED = {Event.BOUNCED, Event.ORPHAN_BOUNCED, Event.MAILBOX_FULL, Event.BLOCKED, Event.DROPPED}
NAMES = {"open": "opened", "click": "clicked", "bounce": "bounced", "spamreport": "spam_report"}


def status(message: Message) -> str:
    """The last thing that decides: a bounce after the delivery makes it not delivered."""
    for occurrence in reversed(message.occurrences):
        if occurrence.event in NOT_DELIVERED:
            return "not_delivered"
        if occurrence.event is Event.DELIVERED:
            return "delivered"
    return "processed"


def abbreviated(message: Message) -> dict[str, Any]:
    happened = [WORDS[occurrence.event]["event"] for occurrence in message.occurrences]
    return {
        "from_email": message.sender,
        "msg_id": message.id,
        "subject": message.subject,
        "to_email": message.address,
        "status": status(message),
        "opens_count": happened.count("open"),
        "clicks_count": happened.count("click"),
        "last_event_time": last_event_time(message),
    }


def detailed(message: Message) -> dict[str, Any]:
    kept = {key: value for key, value in abbreviated(message).items() if not key.endswith(("_count", "_time"))}
    return kept | {
        "template_id": "",
        "asm_group_id": 0,
        "teammate": "",
        "api_key_id": "",
        "events": [_event(occurrence) for occurrence in message.occurrences],
        "originating_ip": "127.0.0.1",
        "categories": message.categories,
        "unique_args": json.dumps(message.arguments),  # a string in the feed too
        "outbound_ip": SERVER,
        "outbound_ip_type": "shared",
    }


def _event(occurrence: Occurrence) -> dict[str, Any]:
    word = WORDS[occurrence.event] | occurrence.fields
    name = word["event"]
    event = {"event_name": NAMES.get(name, name), "processed": iso(occurrence.at)}
    if reason := word.get("reason") or (word.get("response") if name == "deferred" else None):
        event["reason"] = reason
    if name == "bounce":
        event["bounce_type"] = "hard" if word["type"] == "bounce" else "soft"
    if name == "deferred":
        event["attempt_num"] = int(word["attempt"])
    for field, known in (("useragent", "http_user_agent"), ("url", "url")):
        if field in word:
            event[known] = word[field]
    if name == "delivered":
        event["mx_server"] = "mx.example.net"
    return event


def last_event_time(message: Message) -> str:
    return iso(message.occurrences[-1].at if message.occurrences else message.received_at)


def iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
