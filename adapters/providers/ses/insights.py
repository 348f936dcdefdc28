"""Message insights (GET /v2/email/insights/{id}/): asking what became of a message.

They need the Virtual Deliverability Manager, are kept for some weeks, and answer one question a second.
"""

from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from adapters.providers import meaning
from adapters.providers.calls import ask
from adapters.providers.port import Connection, Lookup, ProviderReport, UnreadableError
from adapters.providers.reading import ID_LIMIT, attempt_id, digest, enhanced_code, load_json, moment, text
from adapters.providers.ses.bounces import bounce, complaint
from adapters.providers.ses.sending import api_url, signed
from adapters.providers.ses.webhook import KINDS, TAG


def ask_about(lookup: Lookup, connection: Connection, http: httpx.Client, at: datetime) -> list[ProviderReport]:
    """Nothing without a message id: SES cannot be searched. Raises httpx.HTTPError, MisconfiguredError."""
    if not lookup.message_id:
        return []
    url = f"{api_url(connection)}/v2/email/insights/{quote(lookup.message_id, safe='')}/"
    answer = ask(http, url, headers=signed("GET", url, {}, b"", connection, at))
    if answer.status == httpx.codes.NOT_FOUND:
        return []
    try:
        told = load_json(answer.body)
    except UnreadableError as error:
        raise httpx.DecodingError(str(error)) from None
    if not is_insights(told):
        raise httpx.DecodingError("not the insights of a message")
    return [msgspec.structs.replace(r, attempt_id=lookup.attempt_id) for r in reports(told)]


def is_insights(told: Any) -> bool:
    return isinstance(told, dict) and isinstance(told.get("Insights"), list)


def reports(told: dict[str, Any]) -> list[ProviderReport]:
    name, attempt = text(told.get("MessageId"), ID_LIMIT), _attempt(told.get("EmailTags"))
    people = [one for one in told["Insights"] if isinstance(one, dict)]
    return [
        _report(event, name, text(one.get("Destination"), ID_LIMIT + 65), attempt)
        for one in people
        for event in _listed(one.get("Events"))
    ]


def _report(event: dict[str, Any], name: str | None, address: str | None, attempt: str | None) -> ProviderReport:
    word = text(event.get("Type"), ID_LIMIT) or "malformed"
    kind = KINDS.get(word.replace("_", "").lower())
    told = kind.meaning if kind else meaning.IGNORED
    details = event.get("Details") if isinstance(event.get("Details"), dict) else {}
    part = {f"{key[:1].lower()}{key[1:]}": value for one in _values(details) for key, value in one.items()}
    words = "\n".join(t for value in part.values() if (t := text(value))) or None
    if kind and kind.part == "bounce":
        told = bounce(part, enhanced_code(words))
    elif kind and kind.part == "complaint":
        told = complaint(part)
    return meaning.report(
        told,
        event_id=digest(name, address, word, event.get("Timestamp")),
        provider_event=word,
        message_id=name,
        recipient=address,
        occurred_at=moment(event.get("Timestamp")),
        diagnostic=words,
        diagnostic_code=enhanced_code(words),
        attempt_id=attempt,
    )


def _values(details: Any) -> list[dict[str, Any]]:
    return [one for one in details.values() if isinstance(one, dict)]


def _listed(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _attempt(tags: object) -> str | None:
    return next((attempt_id(tag.get("Value")) for tag in _listed(tags) if tag.get("Name") == TAG), None)
