"""The Messages API: what became of a message, by its id, or found by our attempt id. Kept for 45 days by default."""

from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from adapters.providers import meaning
from adapters.providers.calls import ask
from adapters.providers.meaning import Meaning
from adapters.providers.port import Connection, Lookup, ProviderReport, RawAnswer, UnreadableError
from adapters.providers.postmark.sending import api_url, authorization
from adapters.providers.postmark.webhook import METADATA, bounce
from adapters.providers.reading import ID_LIMIT, attempt_id, digest, enhanced_code, load_json, moment, text

EVENTS: dict[str, Meaning] = {
    "delivered": meaning.DELIVERED,
    "transient": meaning.DEFERRED,
    "opened": meaning.OPENED,
    "linkclicked": meaning.OPENED,
    "bounced": meaning.failed("undelivered"),
    "subscriptionchanged": meaning.IGNORED,
}
STATUSES = {
    "scheduled": meaning.PROCESSING,
    "queued": meaning.PROCESSING,
    "processed": meaning.PROCESSING,
    "sent": meaning.SENT,
    "blocked": meaning.failed("blocked"),
    "failed": meaning.failed("provider_error"),
}
MOST = 50


def ask_about(lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
    """Raises httpx.HTTPError, MisconfiguredError."""
    names = [lookup.message_id] if lookup.message_id else _search(lookup, connection, http)
    found = [r for name in names for r in _details(name, connection, http)]
    return [msgspec.structs.replace(r, attempt_id=lookup.attempt_id) for r in found]


def is_details(told: Any) -> bool:
    return isinstance(told, dict) and isinstance(told.get("MessageEvents"), list)


def reports(told: dict[str, Any]) -> list[ProviderReport]:
    """A message's events, or where there are none its status alone."""
    events = [_event(told, e) for e in told["MessageEvents"] if isinstance(e, dict)]
    return events or [_status(told)]


def _search(lookup: Lookup, connection: Connection, http: httpx.Client) -> list[str]:
    query = {"count": str(MOST), "offset": "0", f"metadata_{METADATA}": lookup.attempt_id}
    url = f"{api_url(connection)}/messages/outbound"
    told = _load(ask(http, url, headers=authorization(connection), params=query))
    listed = told.get("Messages") if isinstance(told, dict) else None
    messages = [m for m in listed if isinstance(m, dict)] if isinstance(listed, list) else []
    names = [name for m in messages if (name := text(m.get("MessageID"), ID_LIMIT))]
    return [name for name in names if name not in lookup.known]


def _details(name: str, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
    url = f"{api_url(connection)}/messages/outbound/{quote(name, safe='')}/details"
    answer = ask(http, url, headers=authorization(connection))
    if answer.status == httpx.codes.NOT_FOUND:
        return []
    told = _load(answer)
    if not is_details(told):
        raise httpx.DecodingError("not the details of a message")
    return reports(told)


def _load(answer: RawAnswer) -> Any:
    try:
        return load_json(answer.body)
    except UnreadableError as error:
        raise httpx.DecodingError(str(error)) from None


def _event(message: dict[str, Any], event: dict[str, Any]) -> ProviderReport:
    word, name = text(event.get("Type"), ID_LIMIT) or "malformed", text(message.get("MessageID"), ID_LIMIT)
    details = event.get("Details")
    said = details if isinstance(details, dict) else {}
    words = "\n".join(t for key in ("Summary", "DeliveryMessage") if (t := text(said.get(key)))) or None
    recipient = text(event.get("Recipient"), ID_LIMIT + 65)
    return meaning.report(
        _meaning(word, words),
        event_id=digest(name, recipient, word, event.get("ReceivedAt"), words),
        provider_event=word,
        message_id=name,
        recipient=recipient,
        occurred_at=moment(event.get("ReceivedAt")),
        diagnostic=words,
        diagnostic_code=enhanced_code(words),
        attempt_id=_attempt(message),
    )


def _meaning(word: str, words: str | None) -> Meaning:
    found = EVENTS.get(word.lower(), meaning.IGNORED)
    code = enhanced_code(words) or ""
    if found.reason == "undelivered" and code:
        return bounce("hardbounce" if code.startswith("5") else "softbounce", words)
    return found


def _status(message: dict[str, Any]) -> ProviderReport:
    word, name = text(message.get("Status"), ID_LIMIT) or "malformed", text(message.get("MessageID"), ID_LIMIT)
    return meaning.report(
        STATUSES.get(word.lower(), meaning.IGNORED),
        event_id=digest(name, word),
        provider_event=word,
        message_id=name,
        occurred_at=moment(message.get("ReceivedAt")),
        attempt_id=_attempt(message),
    )


def _attempt(message: dict[str, Any]) -> str | None:
    metadata = message.get("Metadata")
    return attempt_id(metadata.get(METADATA)) if isinstance(metadata, dict) else None
