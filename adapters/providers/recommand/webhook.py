"""Webhooks say which document, not whose attempt; none is repeated, so what is lost is found by asking.

They are unsigned unless the webhook has a secret: then `X-Signature` is `sha256=` and the hex HMAC of the body.
"""

import hashlib
import hmac
from typing import Any

from adapters.providers import shared_secret
from adapters.providers.meaning import IGNORED, report
from adapters.providers.port import BadSignatureError, Connection, ProviderReport, RawRequest, UnreadableError
from adapters.providers.reading import ID_LIMIT, digest, load_json, text
from adapters.providers.recommand.deliveries import PENDING, delivery, meaning

SIGNATURE = "x-signature"
SENT, CHANGED = "document.sent", "document.delivery_status_changed"
NOT_OURS = ("document.received", "document.reporting_status_changed", "company.")
"""About what others sent us, about reports to tax authorities, about our own company: nothing that we sent."""


def verify(request: RawRequest, connection: Connection) -> None:
    """Raises BadSignatureError, MisconfiguredError."""
    given = request.headers.get(SIGNATURE)
    if given is None:
        shared_secret.verify(request, connection)
        return
    secret = connection.secret(shared_secret.PASSWORD)
    told = "sha256=" + hmac.digest(secret.encode(errors="surrogatepass"), request.body, hashlib.sha256).hex()
    if not hmac.compare_digest(told.encode(), given.strip().encode(errors="surrogatepass")):
        raise BadSignatureError("the signature does not match the body", missing=not given.strip())


def reports(body: bytes) -> list[ProviderReport]:
    """Raises UnreadableError."""
    told = load_json(body)
    listed = told if isinstance(told, list) else [told]
    words = [text(one.get("eventType"), ID_LIMIT - 60) if isinstance(one, dict) else None for one in listed]
    if not listed or not all(words):
        raise UnreadableError("not an event of Recommand's")
    pairs = zip(listed, words, strict=True)
    return [_report(one, word) for one, word in pairs if word and not word.lower().startswith(NOT_OURS)]


def _report(event: dict[str, Any], word: str) -> ProviderReport:
    document = text(event.get("documentId"), ID_LIMIT)
    if word == CHANGED:
        return delivery(document, {**event, "id": event.get("deliveryId")}, f"{word}:")
    if word == SENT:
        status = text(event.get("deliveryStatus"), 40) or PENDING
        return report(
            meaning(status, None),
            event_id=digest("recommand", document, word, status),
            provider_event=f"{word}:{status}",
            message_id=document,
        )
    return report(
        IGNORED,
        event_id=digest("recommand", document, word, event.get("labelId")),
        provider_event=word,
        message_id=document,
    )
