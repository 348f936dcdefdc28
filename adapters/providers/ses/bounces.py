"""Why a message did not arrive, in SES's words: a bounce's type and subtype, a complaint's subtype."""

from typing import Any

from adapters.providers.meaning import COMPLAINED, IGNORED, Meaning, failed
from adapters.providers.reading import text

PERMANENT = {
    "suppressed": "suppressed",
    "onaccountsuppressionlist": "suppressed",
    "unsubscribedrecipient": "opted_out",
}
TRANSIENT = {
    "mailboxfull": "mailbox_full",
    "messagetoolarge": "content_rejected",
    "contentrejected": "content_rejected",
    "attachmentrejected": "content_rejected",
    "customtimeoutexceeded": "expired",
}
"""SES only tells of a transient bounce once it has stopped trying."""


def bounce(part: dict[str, Any], code: str | None) -> Meaning:
    """A type that nobody knows reads as the one that yields to a later delivery."""
    kind, sub = _word(part.get("bounceType")), _word(part.get("bounceSubType"))
    if kind == "permanent":
        return failed(PERMANENT.get(sub) or ("mailbox_full" if _is_full(code) else "hard_bounce"))
    return failed(TRANSIENT.get(sub) or ("mailbox_full" if _is_full(code) else "soft_bounce"))


def complaint(part: dict[str, Any]) -> Meaning:
    """One about an address on the account's suppression list was never sent; "not-spam" takes a complaint back."""
    if _word(part.get("complaintSubType")) == "onaccountsuppressionlist":
        return failed("suppressed")
    return IGNORED if _word(part.get("complaintFeedbackType")) == "not-spam" else COMPLAINED


def _is_full(code: str | None) -> bool:
    return bool(code and code.endswith(".2.2"))


def _word(value: object) -> str:
    return (text(value) or "").replace("_", "").lower()
