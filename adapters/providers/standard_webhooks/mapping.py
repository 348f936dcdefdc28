"""What a connection's settings say about a sender's events: where each thing is, and what its words mean in ours."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from adapters.providers import meaning
from adapters.providers.meaning import Meaning
from adapters.providers.port import MisconfiguredError
from domain.reasons import REASONS
from domain.reports import BuyerResponse
from domain.status import Status

OURS: dict[str, Meaning] = {
    "processing": meaning.PROCESSING,
    "sent": meaning.SENT,
    "deferred": meaning.DEFERRED,
    "delivered": meaning.DELIVERED,
    "read": meaning.OPENED,
    "complained": meaning.COMPLAINED,
    "unsubscribed": meaning.OPTED_OUT,
    "ignored": meaning.IGNORED,
    "failed": meaning.failed("undelivered"),
    "rejected": meaning.rejected("validation"),
}
"""Our words; besides them every reason code (failed for that reason), `rejected:REASON` and `buyer:RESPONSE`."""

PATHS: dict[str, str] = {
    "event_path": "type",
    "message_id_path": "data.message_id, data.email_id, data.id",
    "recipient_path": "data.recipient, data.to, data.email",
    "time_path": "timestamp, created_at",
    "attempt_path": "data.attempt_id, data.metadata.attempt_id, data.tags.attempt_id",
    "details_path": "data.reason, data.message, data.error",
    "machine_path": "data.machine",
}
"""Settings that say where things are, with their defaults: of several paths the first that is filled counts."""

DEFAULT_EVENTS = (
    "queued=processing, accepted=processing, processed=processing, sent=sent, delivered=delivered, deferred=deferred, "
    "delayed=deferred, delivery_delayed=deferred, bounced=hard_bounce, failed=failed, rejected=rejected, "
    "dropped=dropped, suppressed=suppressed, opened=read, clicked=read, read=read, complained=complained, "
    "unsubscribed=unsubscribed"
)
"""What the last part of an event's name means where the connection does not say: `email.delivered` is `delivered`."""
_SEPARATOR = re.compile(r"[,\n]")


class Mapped(NamedTuple):
    events: Mapping[str, Meaning]
    paths: Mapping[str, tuple[str, ...]]
    by_last_part: bool
    items: str | None = None
    """The path of a list of events, where one webhook carries several."""

    def of(self, word: str) -> Meaning:
        """What nobody mapped is kept with its word and never counts."""
        name = word.strip().lower()
        found = self.events.get(name)
        if found is None and self.by_last_part:
            found = self.events.get(name.rpartition(".")[2])
        return found or meaning.IGNORED


def mapped(settings: Mapping[str, Any]) -> Mapped:
    """Raises MisconfiguredError for a word that is none of ours."""
    told = settings.get("events")
    pairs = _pairs(told or DEFAULT_EVENTS)
    events = {theirs.strip().lower(): ours(word) for theirs, word in pairs.items()}
    paths = {name: _paths(settings.get(name) or default) for name, default in PATHS.items()}
    items = settings.get("items_path")
    return Mapped(events, paths, by_last_part=not told, items=str(items) if items else None)


def ours(word: str) -> Meaning:
    """Raises MisconfiguredError."""
    kind, _, more = word.strip().lower().partition(":")
    if kind == "buyer" and more in set(BuyerResponse):
        return Meaning(Status.READ, buyer_response=BuyerResponse(more))
    if kind == "rejected" and more in REASONS:
        return meaning.rejected(more)
    if not more and kind in OURS:
        return OURS[kind]
    if not more and kind in REASONS:
        return meaning.failed(kind)
    raise MisconfiguredError(f"setting 'events': {word.strip()[:50]!r} is none of our words")


def find(event: Any, path: str) -> Any:
    """What is at the end of the path (names, and numbers in lists, with dots between); None where it ends before."""
    for name in path.split("."):
        if isinstance(event, list):
            event = event[int(name)] if re.fullmatch("[0-9]{1,4}", name) and int(name) < len(event) else None
        else:
            event = event.get(name) if isinstance(event, dict) else None
    return event


def _pairs(told: object) -> dict[str, str]:
    """Raises MisconfiguredError. An object, or text such as `message.sent=sent, message.bounced=hard_bounce`."""
    if isinstance(told, dict):
        return {str(theirs): str(word) for theirs, word in told.items()}
    parts = [part.partition("=") for part in _SEPARATOR.split(str(told)) if part.strip()]
    if not all(theirs.strip() and word.strip() for theirs, _, word in parts):
        raise MisconfiguredError("setting 'events' is not a list of THEIR.EVENT=our_word")
    return {theirs: word for theirs, _, word in parts}


def _paths(told: object) -> tuple[str, ...]:
    return tuple(part.strip() for part in _SEPARATOR.split(str(told)) if part.strip())
