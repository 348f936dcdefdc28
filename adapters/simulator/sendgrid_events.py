"""The Event Webhook: JSON arrays of flattened events with CR LF, signed with the account's key pair."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from adapters.clock import Clock
from adapters.simulator.behaviour import Event
from adapters.simulator.config import Account, Config
from adapters.simulator.messages import Told
from adapters.simulator.side import Call, Patience
from adapters.simulator.signing import ecdsa

PERSON = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Thunderbird/128.2.0"
MACHINE = "Mozilla/5.0"
SERVER, READER, PROXY = "192.0.2.25", "203.0.113.7", "198.51.100.40"

WORDS: Mapping[Event, dict[str, Any]] = {
    Event.SENT: {"event": "processed"},
    Event.DEFERRED: {"event": "deferred", "response": "450 4.2.1 mailbox busy, try later", "attempt": "1", "tls": 0},
    Event.DELIVERED: {"event": "delivered", "response": "250 2.0.0 OK: queued", "ip": SERVER, "tls": 1},
    Event.OPENED: {
        "event": "open", "useragent": PERSON, "ip": READER, "sg_content_type": "html", "sg_machine_open": False,
    },
    Event.MACHINE_OPENED: {
        "event": "open", "useragent": MACHINE, "ip": PROXY, "sg_content_type": "html", "sg_machine_open": True,
    },
    Event.CLICKED: {
        "event": "click", "useragent": PERSON, "ip": READER, "url": "https://example.com/invoice",
        "url_offset": {"index": 0, "type": "html"},
    },
    Event.COMPLAINED: {"event": "spamreport"},
    Event.UNSUBSCRIBED: {"event": "unsubscribe"},
    Event.BOUNCED: {
        "event": "bounce", "type": "bounce", "status": "5.1.1", "bounce_classification": "Invalid Address",
        "reason": "550 5.1.1 the mailbox does not exist", "ip": SERVER, "tls": 1,
    },
    Event.ORPHAN_BOUNCED: {
        "event": "bounce", "type": "bounce", "status": "5.0.0", "bounce_classification": "Unclassified",
        "reason": "550 5.0.0 returned after it had been accepted",
    },
    Event.MAILBOX_FULL: {
        "event": "bounce", "type": "blocked", "status": "5.2.2", "bounce_classification": "Mailbox Unavailable",
        "reason": "552 5.2.2 the mailbox is over quota", "ip": SERVER, "tls": 1,
    },
    Event.BLOCKED: {
        "event": "bounce", "type": "blocked", "status": "5.7.1", "bounce_classification": "Reputation",
        "reason": "550 5.7.1 message refused by policy", "ip": SERVER, "tls": 1,
    },
    Event.DROPPED: {"event": "dropped", "reason": "Bounced Address", "status": "5.0.0"},
}  # fmt: skip


def event(told: Told) -> dict[str, Any]:
    """The event's own fields win over custom arguments of the same name."""
    message, occurrence = told.message, told.occurrence
    word = WORDS[occurrence.event]
    if occurrence.event is Event.ORPHAN_BOUNCED:
        # It came back in a new SMTP conversation, so nothing of the message is known but the recipient.
        shared: dict[str, Any] = {"email": message.address}
    else:
        shared = {**message.arguments, "email": message.address, "smtp-id": f"<{message.reference}@geopod-ismtpd-1>"}
        shared["sg_message_id"] = message.id
        if message.categories:
            shared["category"] = message.categories if len(message.categories) > 1 else message.categories[0]
    own = {"timestamp": int(occurrence.at.timestamp()), "sg_event_id": _event_id(told, word["event"])}
    return {**shared, **own, **word, **occurrence.fields}


def _event_id(told: Told, word: str) -> str:
    number = told.message.id.rpartition("-")[2].partition(".")[0]
    text = f"{word}-{told.occurrence.number}-{told.message.reference}-{number}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def body(told: Sequence[Told]) -> bytes:
    lines = [json.dumps(event(one), ensure_ascii=False, separators=(",", ":")) for one in told]
    text = "[" + ",\r\n".join(lines) + "]\r\n"
    return text.replace("<", "\\u003c").replace(">", "\\u003e").encode()


class EventWebhook:
    """The part of SendGrid that calls back."""

    batch: ClassVar[int] = 500

    def __init__(self, config: Config, clock: Clock) -> None:
        self.config, self.clock = config, clock

    def call(self, account: Account, url: str, told: Sequence[Told]) -> Call:
        timestamp, payload = str(int(self.clock().timestamp())), body(told)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "SendGrid Event API",
            "X-Twilio-Email-Event-Webhook-Signature": ecdsa(account.private_key, timestamp.encode() + payload),
            "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
        }
        return Call(url.partition("#")[0], headers, payload)

    def patience(self, url: str) -> Patience:  # noqa: ARG002  # the same for every address
        return Patience(self.config.retries)
