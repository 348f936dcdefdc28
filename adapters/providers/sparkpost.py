"""SparkPost: arrays of `{"msys": {class: event}}`, which nobody signs."""

from typing import Any, ClassVar

from adapters.providers import meaning, shared_secret
from adapters.providers.mail_events import Event, Shape, lower, report
from adapters.providers.meaning import Meaning
from adapters.providers.port import Connection, Need, ProviderReport, RawRequest, UnreadableError
from adapters.providers.reading import load_json
from adapters.providers.webhook_only import WebhookOnly

EVENTS: dict[str, Meaning] = {
    "injection": meaning.PROCESSING,
    "delivery": meaning.DELIVERED,
    "delay": meaning.DEFERRED,
    "bounce": meaning.failed("undelivered"),
    "out_of_band": meaning.failed("undelivered"),
    "policy_rejection": meaning.failed("dropped"),
    "spam_complaint": meaning.COMPLAINED,
    "generation_failure": meaning.failed("validation"),
    "generation_rejection": meaning.failed("dropped"),
    "open": meaning.OPENED,
    "initial_open": meaning.OPENED,
    "click": meaning.OPENED,
    "amp_open": meaning.OPENED,
    "amp_initial_open": meaning.OPENED,
    "amp_click": meaning.OPENED,
    "list_unsubscribe": meaning.OPTED_OUT,
    "link_unsubscribe": meaning.OPTED_OUT,
}
BOUNCES: dict[str, Meaning] = {
    "1": meaning.failed("undelivered"),
    "10": meaning.failed("hard_bounce"),
    "15": meaning.failed("hard_bounce"),
    "20": meaning.failed("soft_bounce"),
    "21": meaning.failed("soft_bounce"),
    "22": meaning.failed("mailbox_full"),
    "23": meaning.failed("content_rejected"),
    "24": meaning.failed("expired"),
    "25": meaning.failed("dropped"),
    "26": meaning.failed("suppressed"),
    "30": meaning.failed("hard_bounce"),
    "40": meaning.failed("undelivered"),
    "50": meaning.failed("blocked"),
    "51": meaning.failed("blocked"),
    "52": meaning.failed("content_rejected"),
    "53": meaning.failed("content_rejected"),
    "54": meaning.failed("blocked"),
    "60": meaning.IGNORED,
    "70": meaning.failed("soft_bounce"),
    "80": meaning.IGNORED,
    "90": meaning.OPTED_OUT,
    "100": meaning.IGNORED,
}
"""By `bounce_class` of bounces; automatic replies, challenges and subscriptions come as bounces too."""


def _refined(told: Meaning, event: Event) -> Meaning:
    if lower(event, "type") in ("bounce", "out_of_band"):
        return BOUNCES.get(lower(event, "bounce_class"), told)
    if told.is_open and str(event.get("is_prefetched")).lower() in ("true", "1"):
        return meaning.OPENED_BY_MACHINE
    return told


SHAPE = Shape(
    meanings=EVENTS,
    word=("type",),
    message_id=("transmission_id",),
    recipient=("raw_rcpt_to", "rcpt_to"),
    at=("timestamp",),
    words=("raw_reason", "reason"),
    echo=("rcpt_meta",),
    event_id=("event_id",),
    identity=("message_id", "target_link_url", "num_retries"),
    refine=_refined,
)


class SparkPost(WebhookOnly):
    name: ClassVar[str] = "sparkpost"
    signs: ClassVar[bool] = False
    webhook_key: ClassVar[str | None] = shared_secret.PASSWORD
    needs: ClassVar[list[Need]] = [
        Need(
            shared_secret.PASSWORD,
            "you make it up, and type it under the webhook's Basic Auth credentials",
            secret=True,
        ),
        Need(shared_secret.USERNAME, "the user name beside it", required=False, default="sendtrail"),
    ]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        shared_secret.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        told = load_json(request.body)
        if not isinstance(told, list):
            raise UnreadableError("not an array of events")
        return [report(SHAPE, event) for element in told for event in _events(element)]


def _events(element: Any) -> list[Any]:
    """None of an empty `msys`, with which SparkPost tries whether anybody answers. Raises UnreadableError."""
    wrapped = element.get("msys") if isinstance(element, dict) else None
    if not isinstance(wrapped, dict):
        return [element]
    if "relay_message" in wrapped:
        raise UnreadableError("a message that came in: this address is for events alone")
    return list(wrapped.values())
