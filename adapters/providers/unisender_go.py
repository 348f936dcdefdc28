"""Unisender Go: events by user, signed by the member `auth`: the MD5 of the body with the API key in its place.

MD5 can be extended, but only by bytes that are no UTF-8 and hence no JSON. Times are UTC.
"""

import hashlib
import hmac
import re
from datetime import UTC, datetime
from typing import Any, ClassVar

from adapters.providers import meaning
from adapters.providers.body_signature import as_bytes, key_of
from adapters.providers.mail_events import Event, Shape, an_object, find, lower, report
from adapters.providers.meaning import Meaning
from adapters.providers.port import BadSignatureError, Connection, Need, ProviderReport, RawRequest, UnreadableError
from adapters.providers.reading import moment
from adapters.providers.webhook_only import WebhookOnly

KEY = "api_key"

EVENTS: dict[str, Meaning] = {
    "sent": meaning.PROCESSING,
    "delivered": meaning.DELIVERED,
    "opened": meaning.OPENED,
    "clicked": meaning.OPENED,
    "soft_bounced": meaning.failed("soft_bounce"),
    "hard_bounced": meaning.failed("hard_bounce"),
    "spam": meaning.COMPLAINED,
    "unsubscribed": meaning.OPTED_OUT,
    "subscribed": meaning.IGNORED,
}
"""By `status`; `transactional_spam_block` is of no message."""
BOUNCES: dict[str, str] = {
    "err_user_unknown": "hard_bounce",
    "err_user_inactive": "hard_bounce",
    "err_mailbox_discarded": "hard_bounce",
    "err_domain_inactive": "hard_bounce",
    "err_mailbox_full": "mailbox_full",
    "err_spam_rejected": "blocked",
    "err_blacklisted": "blocked",
    "err_too_large": "content_rejected",
    "err_destination_misconfigured": "soft_bounce",
    "err_delivery_failed": "undelivered",
    "err_unsubscribed": "suppressed",
    "err_unreachable": "suppressed",
    "err_skip_letter": "dropped",
    "err_spam_skipped": "dropped",
    "err_lost": "provider_error",
}
"""By `delivery_status` of bounces."""


def _refined(told: Meaning, event: Event) -> Meaning:
    if told.reason not in ("soft_bounce", "hard_bounce"):
        return told
    why = lower(event, "delivery_info.delivery_status")
    if why == "err_will_retry" and told.reason == "soft_bounce":
        return meaning.DEFERRED
    return meaning.failed(BOUNCES.get(why, told.reason))


def _utc(value: object) -> datetime | None:
    """`2026-01-15 12:00:00`, which says no zone."""
    try:
        return datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) if isinstance(value, str) else None
    except ValueError:
        return moment(value)


SHAPE = Shape(
    meanings=EVENTS,
    word=("status", "event_name"),
    message_id=("job_id",),
    recipient=("email",),
    at=("event_time", "block_time"),
    words=("delivery_info.delivery_status", "delivery_info.destination_response", "comment"),
    echo=("metadata",),
    identity=("url", "domain", "block_type"),
    refine=_refined,
    clock=_utc,
)


class UnisenderGo(WebhookOnly):
    name: ClassVar[str] = "unisender_go"
    signs: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = KEY
    needs: ClassVar[list[Need]] = [Need(KEY, "Account > Security > API key of the account or project", secret=True)]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        key = as_bytes(key_of(connection, KEY))
        try:
            given = an_object(request.body).get("auth")
        except UnreadableError:
            raise BadSignatureError("the body carries no signature", missing=True) from None
        if not isinstance(given, str) or not given:
            raise BadSignatureError("'auth' is missing", missing=True)
        place = re.compile(rb'("auth"\s*:\s*")' + re.escape(as_bytes(given)) + b'(?=")')
        signed, places = place.subn(lambda found: found[1] + key, request.body, count=1)
        told = hashlib.md5(signed, usedforsecurity=False).hexdigest()
        if not places or not hmac.compare_digest(told.encode(), as_bytes(given)):
            raise BadSignatureError("'auth' does not match the body")

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return [report(SHAPE, event) for event in _events(an_object(request.body))]


def _events(told: Event) -> list[Any]:
    """Batched by user, or a single event at the top. Raises UnreadableError."""
    users = told.get("events_by_user")
    if isinstance(users, list):
        batches = [find(user, "events") for user in users]
        return [_flat(event) for batch in batches for event in (batch if isinstance(batch, list) else [batch])]
    if not isinstance(told.get("event_name"), str) and not isinstance(told.get("status"), str):
        raise UnreadableError("no events: not a webhook of Unisender Go's")
    return [_flat(told)]


def _flat(event: Any) -> Any:
    data = find(event, "event_data")
    return {"event_name": event.get("event_name")} | data if isinstance(data, dict) else event
