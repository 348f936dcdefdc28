"""Webhooks of e-mail providers that differ in names alone: a provider says where each thing is, this reads it."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from adapters.providers import meaning
from adapters.providers.meaning import Meaning
from adapters.providers.port import ProviderReport, UnreadableError
from adapters.providers.reading import ID_LIMIT, attempt_id, digest, enhanced_code, in_short, load_json, moment, text

Event = dict[str, Any]
Paths = tuple[str, ...]
ATTEMPT = "attempt_id"
"""The name under which our attempt id travels in a provider's metadata."""
_MAY_BE_FULL = {"hard_bounce", "soft_bounce", "undelivered", "blocked"}


def _as_it_is(told: Meaning, event: Event) -> Meaning:  # noqa: ARG001
    return told


class Shape(NamedTuple):
    """Where an event keeps what, as paths such as `msg.email`; the first that is filled counts, of `words` all do.

    `meanings` are by the word in lower case. `identity`: what else tells two events apart that have no `event_id`.
    """

    meanings: Mapping[str, Meaning]
    word: Paths
    message_id: Paths
    recipient: Paths
    at: Paths
    words: Paths
    echo: Paths
    event_id: Paths = ()
    identity: Paths = ()
    refine: Callable[[Meaning, Event], Meaning] = _as_it_is
    clock: Callable[[object], datetime | None] = moment


def report(shape: Shape, event: Any) -> ProviderReport:
    """One event in our words. What makes no sense is kept beside the good ones and never counts."""
    word = first(event, shape.word, ID_LIMIT)
    if word is None:
        return ProviderReport(
            event_id=digest(event), provider_event="malformed", diagnostic=in_short(event), ignored=True
        )
    said = words(event, shape.words)
    message, recipient = first(event, shape.message_id, ID_LIMIT), first(event, shape.recipient, ID_LIMIT + 65)
    at = next((f for path in shape.at if (f := find(event, path)) is not None), None)
    told = shape.refine(shape.meanings.get(word.strip().lower(), meaning.IGNORED), event)
    return meaning.report(
        _full(told, said),
        event_id=first(event, shape.event_id, ID_LIMIT)
        or digest(word, message, recipient, at, *(find(event, path) for path in shape.identity)),
        provider_event=word,
        message_id=(message or "").strip("<> ") or None,
        recipient=recipient,
        occurred_at=shape.clock(at),
        diagnostic=said,
        diagnostic_code=enhanced_code(said),
        attempt_id=next((found for path in shape.echo if (found := echoed(find(event, path)))), None),
    )


def find(event: Any, path: str) -> Any:
    """What is at the end of the path; None where it ends before."""
    for name in path.split("."):
        event = event.get(name) if isinstance(event, dict) else None
    return event


def first(event: Any, paths: Paths, limit: int | None = None) -> str | None:
    return next((found for path in paths if (found := text(find(event, path), limit))), None)


def words(event: Any, paths: Paths) -> str | None:
    """All that the provider and the mail server said, whole."""
    said = (text(find(event, path)) for path in paths)
    return "\n".join(dict.fromkeys(s for s in said if s)) or None


def lower(event: Any, *paths: str) -> str:
    """A word to look up in a table."""
    return (first(event, paths, ID_LIMIT) or "").strip().lower()


def echoed(value: Any) -> str | None:
    """Our attempt id in what the provider echoes: alone, among tags, or in an object, which may be written as text."""
    if isinstance(value, list):
        return next((found for one in value if (found := attempt_id(one))), None)
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return attempt_id(value.get(ATTEMPT) if isinstance(value, dict) else value)


def an_object(body: bytes) -> Event:
    """Raises UnreadableError."""
    told = load_json(body)
    if not isinstance(told, dict):
        raise UnreadableError("not an object")
    return told


def _full(told: Meaning, said: str | None) -> Meaning:
    """Status x.2.2 says that the mailbox is full, whatever the provider calls it."""
    full = (enhanced_code(said) or "").endswith(".2.2")
    return meaning.failed("mailbox_full") if full and told.reason in _MAY_BE_FULL else told
