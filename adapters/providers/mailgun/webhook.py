"""Mailgun's events: the same object in webhooks and in the Events API; the old forms have other names for it."""

import json
import re
from email.utils import parseaddr
from typing import Any

from adapters.providers import meaning
from adapters.providers.mailgun.failures import dropped, failed
from adapters.providers.mailgun.request import Hook, hook
from adapters.providers.meaning import Meaning
from adapters.providers.port import ProviderReport, RawRequest, UnreadableError
from adapters.providers.reading import ID_LIMIT, attempt_id, digest, enhanced_code, moment, text

Event = dict[str, Any]
VARIABLE = "attempt_id"
EVENTS: dict[str, Meaning] = {
    "accepted": meaning.PROCESSING,
    "delivered": meaning.DELIVERED,
    "failed": meaning.failed("hard_bounce"),
    "rejected": meaning.rejected("validation"),
    "opened": meaning.OPENED,
    "clicked": meaning.OPENED,
    "complained": meaning.COMPLAINED,
    "unsubscribed": meaning.OPTED_OUT,
    "stored": meaning.IGNORED,
    "bounced": meaning.failed("hard_bounce"),  # the old forms' words, and the next one too
    "dropped": meaning.failed("dropped"),
}
_VARIABLE = re.compile(rf'"{VARIABLE}"\s*:\s*"([0-9a-fA-F-]{{36}})"')
_ANGLES = "<> \t"


def reports(request: RawRequest) -> list[ProviderReport]:
    """Raises UnreadableError."""
    found = hook(request)
    if found.event is None:
        raise UnreadableError("no event in it")
    return [report(found.event, found)]


def report(event: Event, told: Hook | None = None) -> ProviderReport:
    """One event; `told` is the webhook that it came in."""
    word = text(event.get("event"), ID_LIMIT)
    own = None if told and told.legacy else text(event.get("id"), ID_LIMIT)
    token = told.signature.token if told and told.signature else None
    words, status = _words(event), _part(event.get("delivery-status"))
    return meaning.report(
        _meaning(word or "", event, words),
        event_id=own or token or _identity(event),
        request_id=token if own else None,
        provider_event=_name(word, event),
        message_id=_message_id(event),
        recipient=_recipient(event),
        occurred_at=moment(event.get("timestamp")),
        diagnostic=words,
        diagnostic_code=enhanced_code(text(status.get("enhanced-code")), text(event.get("code")), words),
        attempt_id=_attempt(event),
    )


def _meaning(word: str, event: Event, words: str | None) -> Meaning:
    word = word.strip().lower()
    if word == "failed":
        return failed(event, words)
    if word in ("dropped", "bounced"):
        return dropped(word, event, words)
    found = EVENTS.get(word, meaning.IGNORED)
    machine = text(_part(event.get("client-info")).get("bot"))
    return meaning.OPENED_BY_MACHINE if found.is_open and machine else found


def _name(word: str | None, event: Event) -> str:
    """A failure is told apart by its severity."""
    severity = text(event.get("severity"), 50) if word == "failed" else None
    return f"{word} {severity}" if severity else word or "malformed"


def _identity(event: Event) -> str:
    return digest(*(event.get(n) for n in ("event", "timestamp", "recipient", "url", "severity")), _message_id(event))


def _message_id(event: Event) -> str | None:
    """Without the angle brackets, which only the answer to a send has."""
    headers = _part(_part(event.get("message")).get("headers"))
    found = headers.get("message-id") or event.get("Message-Id") or event.get("message-id")
    told = text(found or _from_headers(event.get("message-headers")), ID_LIMIT)
    return (told or "").strip(_ANGLES) or None


def _from_headers(told: object) -> object:
    """The old forms have all headers as JSON: a list of [name, value]."""
    try:
        pairs = json.loads(told) if isinstance(told, str) else []
    except (ValueError, RecursionError):
        return None
    listed = [p for p in pairs if isinstance(p, list) and len(p) == 2] if isinstance(pairs, list) else []
    return next((value for name, value in listed if str(name).lower() == "message-id"), None)


def _recipient(event: Event) -> str | None:
    found = text(event.get("recipient"), ID_LIMIT + 65)
    if found:
        return found
    told = text(_part(_part(event.get("message")).get("headers")).get("to"), 1000)
    return parseaddr(told)[1] or None if told and told.count("@") == 1 else None


def _attempt(event: Event) -> str | None:
    """From the message's variables; where they were too long, from what is left of them."""
    variables = event.get("user-variables")
    if isinstance(variables, str):
        found = _VARIABLE.search(variables)
        return attempt_id(found[1]) if found else None
    return attempt_id(_part(variables).get(VARIABLE)) or attempt_id(event.get(VARIABLE))


def _words(event: Event) -> str | None:
    """All that Mailgun and the mail server said, whole."""
    parts = (event, _part(event.get("delivery-status")), _part(event.get("reject")))
    names = ("reason", "message", "description", "error", "notification")
    texts = (text(part.get(name)) for part in parts for name in names)
    return "\n".join(dict.fromkeys(t for t in texts if t)) or None


def _part(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
