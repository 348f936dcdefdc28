"""Postmark's webhooks: one object each, which names its kind in `RecordType`."""

from typing import Any, NamedTuple

from adapters.providers import meaning
from adapters.providers.meaning import Meaning
from adapters.providers.port import ProviderReport, UnreadableError
from adapters.providers.reading import ID_LIMIT, attempt_id, digest, enhanced_code, load_json, moment, text

Record = dict[str, Any]
METADATA = "attempt_id"


class Kind(NamedTuple):
    meaning: Meaning
    recipient: str = "Recipient"
    at: str = "ReceivedAt"


KINDS: dict[str, Kind] = {
    "delivery": Kind(meaning.DELIVERED, at="DeliveredAt"),
    "bounce": Kind(meaning.IGNORED, "Email", "BouncedAt"),
    "spamcomplaint": Kind(meaning.COMPLAINED, "Email", "BouncedAt"),
    "open": Kind(meaning.OPENED),
    "click": Kind(meaning.OPENED),
    "subscriptionchange": Kind(meaning.IGNORED, at="ChangedAt"),
    "smtpapierror": Kind(meaning.failed("provider_error"), "Email", "BouncedAt"),
}
_UNKNOWN = Kind(meaning.IGNORED)

BOUNCES: dict[str, Meaning] = {
    "hardbounce": meaning.failed("hard_bounce"),
    "bademailaddress": meaning.failed("invalid_recipient"),
    "softbounce": meaning.failed("soft_bounce"),
    "transient": meaning.failed("soft_bounce"),
    "dnserror": meaning.failed("soft_bounce"),
    "blocked": meaning.failed("blocked"),
    "spamnotification": meaning.failed("blocked"),
    "virusnotification": meaning.failed("content_rejected"),
    "dmarcpolicy": meaning.failed("blocked"),
    "manuallydeactivated": meaning.failed("suppressed"),
    "unconfirmed": meaning.failed("dropped"),
    "spamcomplaint": meaning.COMPLAINED,
    "unsubscribe": meaning.OPTED_OUT,
    "smtpapierror": meaning.failed("provider_error"),
    "templaterenderingfailed": meaning.failed("validation"),
}
"""By `Type`. Auto-replies, challenges and others say nothing of the delivery; "Unknown" is what it says."""

CODES = {
    1: "hardbounce", 2: "transient", 16: "unsubscribe", 256: "dnserror", 512: "spamnotification", 4096: "softbounce",
    8192: "virusnotification", 100000: "bademailaddress", 100001: "spamcomplaint", 100002: "manuallydeactivated",
    100003: "unconfirmed", 100006: "blocked", 100007: "smtpapierror", 100009: "dmarcpolicy",
    100010: "templaterenderingfailed",
}  # fmt: skip
"""`TypeCode`, for a record without `Type`."""

SUPPRESSIONS = {"hardbounce": meaning.failed("hard_bounce"), "spamcomplaint": meaning.COMPLAINED}
_MARKS = {
    "BouncedAt": "Bounce",
    "DeliveredAt": "Delivery",
    "ChangedAt": "SubscriptionChange",
    "OriginalLink": "Click",
    "FirstOpen": "Open",
    "ReadSeconds": "Open",
}
"""What tells the kinds of old records apart, which had no RecordType."""
_IDENTITY = ("RecordType", "MessageID", "Recipient", "Email", "Type", "OriginalLink", "SuppressSending", "Details")


def reports(body: bytes) -> list[ProviderReport]:
    """Raises UnreadableError."""
    told = load_json(body)
    if not isinstance(told, dict):
        raise UnreadableError("not an object")
    word = text(told.get("RecordType"), ID_LIMIT) or next((w for m, w in _MARKS.items() if m in told), None)
    if word is None:
        raise UnreadableError("no RecordType: not a webhook of Postmark's")
    return [report(word, told)]


def report(word: str, told: Record) -> ProviderReport:
    kind = KINDS.get(word.strip().lower(), _UNKNOWN)
    words, at = _words(told), _moment(told, kind)
    metadata = told.get("Metadata")
    return meaning.report(
        _meaning(kind, told, words),
        event_id=_event_id(word, told, at),
        provider_event=_name(word, told),
        message_id=text(told.get("MessageID"), ID_LIMIT),
        recipient=_recipient(told, kind),
        occurred_at=moment(at),
        diagnostic=words,
        diagnostic_code=enhanced_code(words),
        attempt_id=attempt_id(metadata.get(METADATA)) if isinstance(metadata, dict) else None,
    )


def bounce(kind: str, words: str | None) -> Meaning:
    found = BOUNCES.get(kind, meaning.IGNORED)
    full = (enhanced_code(words) or "").endswith(".2.2")
    return meaning.failed("mailbox_full") if full and found.reason in ("soft_bounce", "hard_bounce") else found


def _meaning(kind: Kind, told: Record, words: str | None) -> Meaning:
    if kind is KINDS["bounce"]:
        return bounce(_type(told), words)
    if kind is KINDS["subscriptionchange"]:
        if told.get("SuppressSending") is not True:
            return meaning.IGNORED
        return SUPPRESSIONS.get(_lower(told.get("SuppressionReason")), meaning.OPTED_OUT)
    return kind.meaning


def _name(word: str, told: Record) -> str:
    """Bounces are told apart by their type."""
    kind = text(told.get("Type"), ID_LIMIT // 2) if word == "Bounce" else None
    return f"{word} {kind}" if kind else word


def _event_id(word: str, told: Record, at: str | None) -> str:
    """Only bounces have an id."""
    number = text(told.get("ID"), 50)
    return f"{word[:50]}:{number}" if number else digest(word, at, *(told.get(name) for name in _IDENTITY))


def _type(told: Record) -> str:
    code = told.get("TypeCode")
    return _lower(told.get("Type")) or CODES.get(code if isinstance(code, int) else 0, "")


def _recipient(told: Record, kind: Kind) -> str | None:
    found = (text(told.get(name), ID_LIMIT + 65) for name in (kind.recipient, "Recipient", "Email"))
    return next((f for f in found if f), None)


def _moment(told: Record, kind: Kind) -> str | None:
    found = (text(told.get(name)) for name in (kind.at, "DeliveredAt", "BouncedAt", "ChangedAt", "ReceivedAt"))
    return next((f for f in found if f), None)


def _words(told: Record) -> str | None:
    """All that Postmark and the mail server said, whole."""
    names = ("Description", "Details", "SuppressionReason", "Origin")
    said = (text(told.get(name)) for name in names)
    return "\n".join(dict.fromkeys(s for s in said if s)) or None


def _lower(value: object) -> str:
    return (text(value, ID_LIMIT) or "").replace(" ", "").lower()
