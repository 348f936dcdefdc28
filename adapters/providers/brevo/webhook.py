"""Brevo's webhooks for transactional e-mail: one event each, or batched. The zone of `ts_epoch` alone is sure."""

from datetime import datetime

from adapters.providers import meaning
from adapters.providers.mail_events import Shape, report
from adapters.providers.meaning import Meaning
from adapters.providers.port import ProviderReport, UnreadableError
from adapters.providers.reading import load_json, moment

EVENTS: dict[str, Meaning] = {
    "request": meaning.PROCESSING,
    "delivered": meaning.DELIVERED,
    "deferred": meaning.DEFERRED,
    "hard_bounce": meaning.failed("hard_bounce"),
    "soft_bounce": meaning.failed("soft_bounce"),
    "invalid_email": meaning.failed("invalid_recipient"),
    "blocked": meaning.failed("suppressed"),
    "error": meaning.failed("provider_error"),
    "spam": meaning.COMPLAINED,
    "complaint": meaning.COMPLAINED,
    "opened": meaning.OPENED,
    "unique_opened": meaning.OPENED,
    "proxy_open": meaning.OPENED_BY_MACHINE,
    "unique_proxy_open": meaning.OPENED_BY_MACHINE,
    "click": meaning.OPENED,
    "unsubscribe": meaning.OPTED_OUT,
    "unsubscribed": meaning.OPTED_OUT,
    "list_addition": meaning.IGNORED,
}
CUSTOM = "X-Mailin-custom"
"""The header that Brevo tells again in every event."""


def _time(value: object) -> datetime | None:
    """`ts_epoch` by its documented unit, milliseconds."""
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return moment(value / 1000) if known and abs(value) < 1e15 else None  # type: ignore[operator,arg-type]


SHAPE = Shape(
    meanings=EVENTS,
    word=("event",),
    message_id=("message-id",),
    recipient=("email",),
    at=("ts_epoch",),
    words=("reason",),
    echo=(CUSTOM, "tags", "tag"),
    identity=("link", "ts_event", "ts"),
    clock=_time,
)


def reports(body: bytes) -> list[ProviderReport]:
    """One event, or an array where the webhook is batched. Raises UnreadableError."""
    told = load_json(body)
    if isinstance(told, list) and told:
        return [report(SHAPE, event) for event in told]
    if not isinstance(told, dict) or not isinstance(told.get("event"), str):
        raise UnreadableError("no event: not a webhook of Brevo's for outgoing mail")
    return [report(SHAPE, told)]
