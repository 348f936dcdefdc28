"""Mandrill (Mailchimp Transactional): a form whose field `mandrill_events` is an array of events, signed.

X-Mandrill-Signature is the base64 HMAC-SHA1 over the URL as it was given and the form's names and values, sorted by
name. Until a webhook has a key of its own, Mandrill tries the address with no events and a key that everybody knows.
"""

import base64
import hashlib
import hmac
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from adapters.providers import meaning
from adapters.providers.body_signature import as_bytes, key_of
from adapters.providers.mail_events import Event, Shape, lower, report
from adapters.providers.meaning import Meaning
from adapters.providers.port import BadSignatureError, Connection, Need, ProviderReport, RawRequest, UnreadableError
from adapters.providers.reading import load_json
from adapters.providers.webhook_only import WebhookOnly

SIGNATURE = "x-mandrill-signature"
KEY = "webhook_key"
TRIAL_KEY = "test-webhook"
FIELD = "mandrill_events"

EVENTS: dict[str, Meaning] = {
    "send": meaning.SENT,
    "delivered": meaning.DELIVERED,
    "deferral": meaning.DEFERRED,
    "hard_bounce": meaning.failed("hard_bounce"),
    "soft_bounce": meaning.failed("soft_bounce"),
    "reject": meaning.failed("dropped"),
    "open": meaning.OPENED,
    "click": meaning.OPENED,
    "spam": meaning.COMPLAINED,
    "unsub": meaning.OPTED_OUT,
}
"""Changes of the lists (`blacklist`, `whitelist`) are of no message."""
BOUNCES = {
    "invalid_domain": "hard_bounce",
    "bad_mailbox": "hard_bounce",
    "mailbox_full": "mailbox_full",
    "message_too_large": "content_rejected",
    "spam_complaint": "blocked",
}
"""By `bounce_description`."""
REJECTS = {
    "hard-bounce": "suppressed",
    "soft-bounce": "suppressed",
    "spam": "suppressed",
    "unsub": "opted_out",
    "custom": "suppressed",
    "invalid": "invalid_recipient",
    "invalid-sender": "misconfigured",
    "unsigned": "misconfigured",
    "test-mode-limit": "account",
}
"""By the reason of a `reject`."""


def _refined(told: Meaning, event: Event) -> Meaning:
    if told.reason in ("hard_bounce", "soft_bounce"):
        return meaning.failed(BOUNCES.get(lower(event, "msg.bounce_description"), told.reason))
    if told.reason == "dropped":
        return meaning.failed(
            REJECTS.get(lower(event, "msg.reject.reason", "msg.reject_reason", "reject.reason"), "dropped")
        )
    return told


SHAPE = Shape(
    meanings=EVENTS,
    word=("event", "type"),
    message_id=("_id", "msg._id"),
    recipient=("msg.email", "reject.email"),
    at=("ts",),
    words=("msg.bounce_description", "msg.diag", "msg.reject.reason", "reject.detail", "reject.reason"),
    echo=("msg.metadata",),
    identity=("url", "action"),
    refine=_refined,
)


class Mandrill(WebhookOnly):
    name: ClassVar[str] = "mandrill"
    signs: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = KEY
    needs: ClassVar[list[Need]] = [Need(KEY, "Settings > Webhooks > the webhook: its key", secret=True)]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        given = request.headers.get(SIGNATURE)
        if given is None:
            raise BadSignatureError("signature header is missing", missing=True)
        if hmac.compare_digest(as_bytes(given), _signature(request, TRIAL_KEY)) and _is_trial(request.body):
            return
        if not hmac.compare_digest(as_bytes(given), _signature(request, key_of(connection, KEY))):
            raise BadSignatureError("the signature does not match URL and form")

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return [report(SHAPE, event) for event in _events(request.body)]


def _fields(body: bytes) -> dict[str, str]:
    """Of a name that is there twice the last value counts, for the signature as for what is read."""
    return dict(parse_qsl(body.decode(errors="surrogateescape"), keep_blank_values=True, errors="surrogateescape"))


def _signature(request: RawRequest, key: str) -> bytes:
    told = request.url + "".join(name + value for name, value in sorted(_fields(request.body).items()))
    signed = hmac.new(as_bytes(key), told.encode(errors="surrogatepass"), hashlib.sha1)
    return base64.b64encode(signed.digest())


def _events(body: bytes) -> list[Any]:
    """Raises UnreadableError."""
    told = load_json(_fields(body).get(FIELD, "").encode(errors="surrogatepass"))
    if not isinstance(told, list):
        raise UnreadableError(f"'{FIELD}' is not an array of events")
    if any(lower(event, "event") == "inbound" for event in told):
        raise UnreadableError("a message that came in: this address is for events alone")
    return told


def _is_trial(body: bytes) -> bool:
    try:
        return not _events(body)
    except UnreadableError:
        return False
