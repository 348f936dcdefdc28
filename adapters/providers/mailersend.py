"""MailerSend: one activity each, in the payload of today or of version 1, signed with HMAC-SHA256.

Before it saves a webhook MailerSend sends a ping, which is signed with a secret that everybody knows.
"""

from typing import ClassVar

from adapters.providers import body_signature, meaning
from adapters.providers.mail_events import Event, Shape, an_object, find, report
from adapters.providers.meaning import Meaning
from adapters.providers.port import (
    BadSignatureError,
    Connection,
    MisconfiguredError,
    Need,
    ProviderReport,
    RawRequest,
    UnreadableError,
)
from adapters.providers.webhook_only import WebhookOnly

SIGNATURE = "signature"
KEY = "signing_secret"
PING, PING_SECRET = "webhook.test", "test_Am3L1GuOIc4blLUuHqAPxxwkZaJyEk8G"

EVENTS: dict[str, Meaning] = {
    "queued": meaning.PROCESSING,
    "sent": meaning.SENT,
    "delivered": meaning.DELIVERED,
    "deferred": meaning.DEFERRED,
    "soft_bounced": meaning.failed("soft_bounce"),
    "hard_bounced": meaning.failed("hard_bounce"),
    "suppressed": meaning.failed("suppressed"),
    "opened": meaning.OPENED,
    "opened_unique": meaning.OPENED,
    "clicked": meaning.OPENED,
    "clicked_unique": meaning.OPENED,
    "unsubscribed": meaning.OPTED_OUT,
    "spam_complaint": meaning.COMPLAINED,
    "spam_complaints": meaning.COMPLAINED,
}
SHAPE = Shape(
    meanings=EVENTS | {f"activity.{word}": told for word, told in EVENTS.items()},
    word=("data.type", "type"),
    message_id=("data.message_id",),
    recipient=("data.recipient",),
    at=("created_at", "data.created_at"),
    words=tuple(
        f"data.meta.{name}"
        for name in ("bounce_code", "bounce_reason", "reject_reason", "suppression_reason", "unsubscribe_reason")
    ),
    echo=("data.tags",),
    event_id=("data.id",),
    identity=("data.meta.url",),
)
VERSION_1 = SHAPE._replace(
    message_id=("data.email.message.id",),
    recipient=("data.email.recipient.email",),
    at=("data.created_at", "created_at"),
    words=("data.morph.readable_reason", "data.morph.reason"),
    echo=("data.email.tags",),
    identity=("data.morph.url",),
)


class MailerSend(WebhookOnly):
    name: ClassVar[str] = "mailersend"
    signs: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = KEY
    needs: ClassVar[list[Need]] = [
        Need(KEY, "Domains > the domain > Webhooks > the webhook: its signing secret", secret=True)
    ]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        """A ping comes before the secret is known."""
        try:
            body_signature.verify(request, SIGNATURE, body_signature.key_of(connection, KEY))
        except (BadSignatureError, MisconfiguredError):
            if not _is_authentic_ping(request):
                raise

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        event = an_object(request.body)
        word = event.get("type")
        if word == PING:
            return []
        if word == "inbound.message":
            raise UnreadableError("a message that came in: this address is for activities alone")
        if not isinstance(word, str):
            raise UnreadableError("no type: not a webhook of MailerSend's")
        return [report(_shape(event), event)]


def _shape(event: Event) -> Shape:
    return VERSION_1 if isinstance(find(event, "data.email"), dict) else SHAPE


def _is_authentic_ping(request: RawRequest) -> bool:
    """A ping reports nothing, so that it harms nobody that its secret is public."""
    try:
        body_signature.verify(request, SIGNATURE, PING_SECRET)
        return an_object(request.body).get("type") == PING
    except (BadSignatureError, UnreadableError):
        return False
