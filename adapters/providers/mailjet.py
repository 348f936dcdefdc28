"""Mailjet: its event webhooks, one event or an array of them, which nobody signs."""

from typing import ClassVar

from adapters.providers import meaning, shared_secret
from adapters.providers.mail_events import Event, Shape, lower, report
from adapters.providers.meaning import Meaning
from adapters.providers.port import Connection, Need, ProviderReport, RawRequest, UnreadableError
from adapters.providers.reading import load_json
from adapters.providers.webhook_only import WebhookOnly

EVENTS: dict[str, Meaning] = {
    "sent": meaning.DELIVERED,  # Mailjet's word for what the receiving server took
    "open": meaning.OPENED,
    "click": meaning.OPENED,
    "bounce": meaning.failed("soft_bounce"),
    "blocked": meaning.failed("dropped"),
    "spam": meaning.COMPLAINED,
    "unsub": meaning.OPTED_OUT,
}
ERRORS: dict[str, str] = {
    "user unknown": "hard_bounce",
    "mailbox inactive": "hard_bounce",
    "quota exceeded": "mailbox_full",
    "blacklisted": "suppressed",
    "spam reporter": "suppressed",
    "invalid domain": "hard_bounce",
    "no mail host": "hard_bounce",
    "relay/access denied": "blocked",
    "typofix": "invalid_recipient",
    "sender blocked": "blocked",
    "content blocked": "content_rejected",
    "policy issue": "blocked",
    "system issue": "soft_bounce",
    "protocol issue": "soft_bounce",
    "connection issue": "soft_bounce",
    "preblocked": "suppressed",
    "duplicate in campaign": "duplicate",
    "bad or empty template": "validation",
    "error in template language": "validation",
}
"""By `error`."""


def _refined(told: Meaning, event: Event) -> Meaning:
    if lower(event, "event") not in ("bounce", "blocked"):
        return told
    error, hard = lower(event, "error"), event.get("hard_bounce") is True
    if error == "greylisted" and not hard:
        return meaning.DEFERRED
    default = "hard_bounce" if hard else str(told.reason)
    return meaning.failed(ERRORS.get(error, default))


SHAPE = Shape(
    meanings=EVENTS,
    word=("event",),
    message_id=("MessageID", "Message_GUID"),
    recipient=("email",),
    at=("time",),
    words=("error", "error_related_to", "comment", "smtp_reply"),
    echo=("CustomID", "Payload"),
    identity=("url", "error", "source"),
    refine=_refined,
)


class Mailjet(WebhookOnly):
    name: ClassVar[str] = "mailjet"
    signs: ClassVar[bool] = False
    webhook_key: ClassVar[str | None] = shared_secret.PASSWORD
    needs: ClassVar[list[Need]] = [
        Need(shared_secret.PASSWORD, "you make it up: https://sendtrail:PASSWORD@... as the endpoint URL", secret=True),
        Need(shared_secret.USERNAME, "the user name before it", required=False, default="sendtrail"),
    ]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        shared_secret.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        told = load_json(request.body)
        if isinstance(told, dict) and isinstance(told.get("event"), str):
            told = [told]
        if not isinstance(told, list):
            raise UnreadableError("neither an event nor an array of events")
        return [report(SHAPE, event) for event in told]
