"""Mailtrap: batches of up to 500 events, as JSON or as JSON lines, signed with HMAC-SHA256."""

import json
from typing import Any, ClassVar

from adapters.providers import body_signature, meaning
from adapters.providers.mail_events import Event, Shape, lower, report
from adapters.providers.meaning import Meaning
from adapters.providers.port import Connection, Need, ProviderReport, RawRequest, UnreadableError
from adapters.providers.reading import load_json
from adapters.providers.webhook_only import WebhookOnly

SIGNATURE = "mailtrap-signature"
KEY = "signature_secret"

EVENTS: dict[str, Meaning] = {
    "delivery": meaning.DELIVERED,
    "soft bounce": meaning.DEFERRED,  # Mailtrap tries again
    "bounce": meaning.failed("hard_bounce"),
    "suspension": meaning.DEFERRED,
    "reject": meaning.failed("dropped"),
    "open": meaning.OPENED,
    "click": meaning.OPENED,
    "spam": meaning.COMPLAINED,
    "spam complaint": meaning.COMPLAINED,
    "unsubscribe": meaning.OPTED_OUT,
}
CATEGORIES: dict[str, str] = {
    "badmailbox": "hard_bounce",
    "baddomain": "hard_bounce",
    "inactivemailbox": "hard_bounce",
    "quotaissues": "mailbox_full",
    "mailboxfull": "mailbox_full",
    "spam": "blocked",
    "spamrelated": "blocked",
    "policyrelated": "blocked",
    "virusrelated": "content_rejected",
    "contentrelated": "content_rejected",
    "messageexpired": "expired",
    "unavailable": "soft_bounce",
    "soft": "soft_bounce",
}
"""By `bounce_category` of bounces, which is not always told."""


def _refined(told: Meaning, event: Event) -> Meaning:
    if told.reason != "hard_bounce":
        return told
    category = lower(event, "bounce_category").translate(str.maketrans("", "", " -_"))
    return meaning.failed(CATEGORIES.get(category, "hard_bounce"))


SHAPE = Shape(
    meanings=EVENTS,
    word=("event",),
    message_id=("message_id",),
    recipient=("email",),
    at=("timestamp",),
    words=("reason", "response"),
    echo=("custom_variables",),
    event_id=("event_id",),
    identity=("url", "reason", "response"),
    refine=_refined,
)


class Mailtrap(WebhookOnly):
    name: ClassVar[str] = "mailtrap"
    signs: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = KEY
    needs: ClassVar[list[Need]] = [Need(KEY, "Settings > Webhooks > the webhook: its signature secret", secret=True)]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        body_signature.verify(request, SIGNATURE, body_signature.key_of(connection, KEY))

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return [report(SHAPE, event) for event in _events(request.body)]


def _events(body: bytes) -> list[Any]:
    """Raises UnreadableError."""
    told = _lines(body) or [load_json(body)]
    if not all(isinstance(one, dict) and ("event" in one or isinstance(one.get("events"), list)) for one in told):
        raise UnreadableError("no events: not a webhook of Mailtrap's")
    found = [event for one in told for event in one.get("events", [one])]
    if any(lower(event, "event").startswith("inbound") for event in found):
        raise UnreadableError("a message that came in: this address is for events alone")
    return found


def _lines(body: bytes) -> list[Any]:
    """The objects of JSON lines; nothing where the body is something else, such as one object over several lines."""
    lines = [line for line in body.splitlines() if line.strip()]
    try:
        return [json.loads(line) for line in lines] if len(lines) > 1 else []
    except (ValueError, RecursionError):
        return []
