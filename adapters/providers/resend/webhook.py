"""Resend's webhooks: one event about one e-mail, in the shape of Standard Webhooks."""

from typing import Any

from adapters.providers import meaning
from adapters.providers.meaning import Meaning
from adapters.providers.port import ProviderReport, RawRequest, UnreadableError
from adapters.providers.reading import ID_LIMIT, attempt_id, digest, enhanced_code, load_json, moment, text
from adapters.providers.ses.bounces import bounce
from adapters.providers.standard_webhooks.signature import webhook_id

TAG = "attempt_id"
EVENTS: dict[str, Meaning] = {
    "email.scheduled": meaning.PROCESSING,
    "email.sent": meaning.PROCESSING,
    "email.delivered": meaning.DELIVERED,
    "email.delivery_delayed": meaning.DEFERRED,
    "email.bounced": meaning.failed("hard_bounce"),
    "email.complained": meaning.COMPLAINED,
    "email.opened": meaning.OPENED,
    "email.clicked": meaning.OPENED,
    "email.failed": meaning.failed("provider_error"),
    "email.suppressed": meaning.failed("suppressed"),
    "email.received": meaning.IGNORED,  # somebody's mail to us
}
LAST_EVENTS = {name.partition(".")[2]: found for name, found in EVENTS.items()} | {
    "queued": meaning.PROCESSING,
    "canceled": meaning.failed("cancelled"),
}
"""`last_event` of the API: the same words without their family."""
_DETAILS = ("bounce", "failed", "suppressed", "delivery_delayed", "complaint")
_WORDS = ("message", "reason", "type", "subType")


def reports(request: RawRequest) -> list[ProviderReport]:
    """Raises UnreadableError."""
    told = load_json(request.body)
    word = text(told.get("type"), ID_LIMIT) if isinstance(told, dict) else None
    if word is None:
        raise UnreadableError("no type: not a webhook of Resend's")
    data = _part(told.get("data"))
    name = text(webhook_id(request), ID_LIMIT)
    words = _words(data)
    return [
        meaning.report(
            _meaning(word, data, words),
            event_id=name or digest(word, told.get("created_at"), data.get("email_id"), data.get("to")),
            provider_event=word,
            message_id=text(data.get("email_id"), ID_LIMIT),
            recipient=_recipient(data.get("to")),
            occurred_at=moment(told.get("created_at")) or moment(data.get("created_at")),
            diagnostic=words,
            diagnostic_code=enhanced_code(words),
            attempt_id=tagged(data.get("tags")),
        )
    ]


def last_event(told: dict[str, Any]) -> ProviderReport:
    """What the API says of an e-mail: its last event alone, without a time, and not whether a machine opened it."""
    word = text(told.get("last_event"), ID_LIMIT) or "malformed"
    found = LAST_EVENTS.get(word.lower(), meaning.IGNORED)
    name = text(told.get("id"), ID_LIMIT)
    return meaning.report(
        found._replace(counts=False) if found.is_open else found,
        event_id=digest(name, word),
        provider_event=word,
        message_id=name,
        recipient=_recipient(told.get("to")),
        attempt_id=tagged(told.get("tags")),
    )


def tagged(tags: object) -> str | None:
    """Our attempt id, from the tags as they are sent (a list) or as webhooks tell them (an object)."""
    if isinstance(tags, dict):
        return attempt_id(tags.get(TAG))
    listed = [_part(one) for one in tags] if isinstance(tags, list) else []
    return next((attempt_id(one.get("value")) for one in listed if one.get("name") == TAG), None)


def _meaning(word: str, data: dict[str, Any], words: str | None) -> Meaning:
    word = word.strip().lower()
    if word == "email.bounced" and (told := _part(data.get("bounce"))).get("type"):
        return bounce({"bounceType": told["type"], "bounceSubType": told.get("subType")}, enhanced_code(words))
    if word == "email.failed" and "quota" in (words or ""):
        return meaning.failed("account")
    return EVENTS.get(word, meaning.IGNORED)


def _recipient(told: object) -> str | None:
    """Of several nobody knows who it is about; we send to one at a time."""
    found = (
        [a for one in told if (a := text(one, ID_LIMIT + 65))]
        if isinstance(told, list)
        else [text(told, ID_LIMIT + 65)]
    )
    return found[0] if len(found) == 1 else None


def _words(data: dict[str, Any]) -> str | None:
    """All that Resend and the mail server said, whole."""
    parts = [_part(data.get(name)) for name in _DETAILS]
    said = [text(part.get(name)) for part in parts for name in _WORDS]
    codes = [text(c) for part in parts for c in _listed(part.get("diagnosticCode"))]
    return "\n".join(dict.fromkeys(s for s in [*codes, *said] if s)) or None


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _part(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
