"""Why Mailgun did not deliver: by severity, reason and code."""

import re
from typing import Any

from adapters.providers import meaning
from adapters.providers.meaning import Meaning
from adapters.providers.reading import enhanced_code, text

SUPPRESSED: dict[int, str] = {605: "suppressed", 606: "opted_out", 607: "complaint", 625: "dropped"}
"""Mailgun's own codes for what it did not try."""
GAVE_UP: dict[int, str] = {498: "soft_bounce", 499: "expired"}
"""No mail server found; none that answered in time."""
REASONS: dict[str, str] = {
    "suppress-bounce": "suppressed",
    "suppress-complaint": "complaint",
    "suppress-unsubscribe": "opted_out",
    "old": "expired",
    "espblock": "blocked",
}


def failed(event: dict[str, Any], words: str | None) -> Meaning:
    """Temporary: Mailgun still tries. Everything else it has given up."""
    if _lower(event.get("severity")) == "temporary":
        return meaning.DEFERRED
    status = event.get("delivery-status")
    part = status if isinstance(status, dict) else {}
    return _permanent(event, part.get("code"), "\n".join(t for t in (text(part.get("enhanced-code")), words) if t))


def dropped(word: str, event: dict[str, Any], words: str | None) -> Meaning:
    """The old forms: `bounced` by the server; `dropped` by Mailgun, after trying or without."""
    found = _permanent(event, event.get("code"), words)
    soft = str(event.get("code")).startswith("4")
    return meaning.failed("soft_bounce") if word == "bounced" and soft and found.reason == "hard_bounce" else found


def _permanent(event: dict[str, Any], told: object, words: str | None) -> Meaning:
    code, reason = _number(told), _lower(event.get("reason"))
    found = SUPPRESSED.get(code) or GAVE_UP.get(code) or REASONS.get(reason)
    if found is None and reason.startswith("suppress-"):
        found = "suppressed"
    full = (enhanced_code(words) or "").endswith(".2.2") or _lower(told).endswith(".2.2")
    return meaning.failed(found or ("mailbox_full" if full else "hard_bounce"))


def _number(told: object) -> int:
    found = re.match(r"[0-9]{3}(?![0-9])", text(told) or "")
    return int(found[0]) if found else 0


def _lower(value: object) -> str:
    return (text(value) or "").strip().lower()
