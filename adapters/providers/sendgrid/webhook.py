"""The Event Webhook: a JSON array of events, of which every field but `event` may be missing."""

import re
from typing import Any

from adapters.providers.meaning import IGNORED, Meaning
from adapters.providers.port import ProviderReport, UnreadableError
from adapters.providers.reading import ID_LIMIT, attempt_id, digest, enhanced_code, in_short, load_json, moment, text
from domain.reasons import reason as describe
from domain.status import Status
from domain.values import Actor

EVENTS: dict[str, Meaning] = {
    "processed": Meaning(Status.SENT, "processing"),
    "deferred": Meaning(Status.SENDING, "deferred"),
    "delivered": Meaning(Status.DELIVERED),
    "bounce": Meaning(Status.FAILED, "hard_bounce"),
    "dropped": Meaning(Status.FAILED, "dropped"),
    "open": Meaning(Status.READ, actor=Actor.RECIPIENT, is_open=True),
    "click": Meaning(Status.READ, actor=Actor.RECIPIENT, is_open=True),
    "spamreport": Meaning(Status.COMPLAINED, "complaint"),
    "unsubscribe": Meaning(None, "opted_out", Actor.RECIPIENT, counts=False),
    "group_unsubscribe": Meaning(None, "opted_out", Actor.RECIPIENT, counts=False),
    "group_resubscribe": Meaning(None, actor=Actor.RECIPIENT, counts=False),
    "account_status_change": IGNORED,
}

BOUNCES = {
    "bounce": "hard_bounce",
    "blocked": "blocked",
    "expired": "expired",
    "hard": "hard_bounce",  # the words of Email Activity
    "soft": "soft_bounce",
}

DROPS = {
    "bounced": "suppressed",
    "unsubscribed": "opted_out",
    "spam reporting": "complaint",
    "invalid smtpapi": "validation",
    "invalid": "invalid_recipient",
    "spam content": "validation",
    "package quota": "account",
}
"""By what SendGrid's reason contains, the first match first: it words them freely."""

_FULL = re.compile(
    r"mailbox\b.{0,40}\b(full|quota)|(quota|mailbox) (limit )?exceeded|over ?quota|over its quota", re.IGNORECASE
)
_SENDER = re.compile(r"\.(?:filter|recvd)")


def reports(body: bytes) -> list[ProviderReport]:
    """Raises UnreadableError. An element that makes no sense is kept beside the good ones and never counts."""
    told = load_json(body)
    if isinstance(told, dict) and isinstance(told.get("event"), str):
        told = [told]
    if not isinstance(told, list):
        raise UnreadableError("not an array of events")
    return [report(element) for element in told]


def report(element: Any) -> ProviderReport:
    """One event in our words."""
    word = text(element.get("event"), ID_LIMIT) if isinstance(element, dict) else None
    if word is None:
        words = in_short(element)
        return ProviderReport(event_id=digest(element), provider_event="malformed", diagnostic=words, ignored=True)
    told, words = meaning(word, element), _words(element)
    return ProviderReport(
        event_id=text(element.get("sg_event_id"), ID_LIMIT) or _identity(element),
        provider_event=word,
        status=told.status,
        reason=told.reason,
        message_id=message_id(text(element.get("sg_message_id"), ID_LIMIT))
        or _from_smtp_id(text(element.get("smtp-id"), ID_LIMIT)),
        recipient=text(element.get("email"), ID_LIMIT + 65),
        occurred_at=moment(element.get("timestamp")),
        diagnostic=words,
        diagnostic_code=enhanced_code(text(element.get("status")), words),
        actor=told.actor or (describe(told.reason).actor if told.reason else None),
        ignored=not told.counts,
        is_open=told.is_open,
        attempt_id=attempt_id(element.get("attempt_id")),
    )


def meaning(word: str, element: dict[str, Any]) -> Meaning:
    found = EVENTS.get(word.strip().lower(), IGNORED)
    if found.reason == "hard_bounce":
        return found._replace(reason=_bounce(element))
    if found.reason == "dropped":
        return _drop(found, (text(element.get("reason")) or "").lower())
    if found.is_open and str(element.get("sg_machine_open")).lower() in ("true", "1"):
        return found._replace(actor=None, counts=False)
    return found


def message_id(told: str | None) -> str | None:
    """The part that the send's X-Message-Id had: ids may contain dots themselves, so what SendGrid appends decides."""
    if told is None or told.startswith(("filter", "recvd")):
        return told if told and "." not in told else None
    cut = _SENDER.search(told)
    return (told[: cut.start()] if cut else told.partition(".")[0]) or None


def _from_smtp_id(told: str | None) -> str | None:
    """Events of what was never tried may lack the other; a Message-ID that SendGrid itself made begins with it."""
    local, _, host = (told or "").strip("<> ").rpartition("@")
    return local or None if "ismtpd" in host else None


def _bounce(element: dict[str, Any]) -> str:
    words = _words(element) or ""
    code = enhanced_code(text(element.get("status"))) or ""
    if code.endswith(".2.2") or (enhanced_code(words) or "").endswith(".2.2") or _FULL.search(words):
        return "mailbox_full"
    found = BOUNCES.get(str(element.get("type")).lower(), "hard_bounce")
    about_content = str(element.get("bounce_classification")).lower() == "content"
    return "content_rejected" if found == "blocked" and about_content else found


def _drop(found: Meaning, why: str) -> Meaning:
    code = next((code for words, code in DROPS.items() if words in why), "dropped")
    return found._replace(reason=code)


def _words(element: dict[str, Any]) -> str | None:
    """All that the provider and the mail server said, whole."""
    reason, response = text(element.get("reason")), text(element.get("response"))
    if reason is None or reason == response:
        return response
    return f"{reason}\n{response}" if response else reason


_IDENTITY = ("sg_message_id", "smtp-id", "email", "event", "timestamp", "attempt", "url", "attempt_id", "reason")


def _identity(element: dict[str, Any]) -> str:
    return digest(*[element.get(name) for name in _IDENTITY])
