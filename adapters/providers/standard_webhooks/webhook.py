"""Events of any sender that follows the specification, read as the connection's settings say."""

from collections.abc import Iterator
from typing import Any

import msgspec

from adapters.providers import meaning
from adapters.providers.meaning import OPENED_BY_MACHINE, Meaning
from adapters.providers.port import ProviderReport, RawRequest, UnreadableError
from adapters.providers.reading import ID_LIMIT, attempt_id, digest, enhanced_code, load_json, moment, text
from adapters.providers.standard_webhooks.mapping import Mapped, find
from adapters.providers.standard_webhooks.signature import webhook_id

MOST = 1000
"""Recipients, and events, of one webhook; more are not believed."""


def reports(request: RawRequest, mapping: Mapped) -> list[ProviderReport]:
    """One for each event and recipient that it names. Raises UnreadableError."""
    told = load_json(request.body)
    events = find(told, mapping.items) if mapping.items else [told]
    if not isinstance(events, list) or len(events) > MOST:
        raise UnreadableError("no list of events where the settings say")
    if not mapping.items and _word(told, mapping) is None:
        raise UnreadableError("it names no event")
    name = text(webhook_id(request), ID_LIMIT - 20) or digest(request.body.decode(errors="replace"))
    found = [report for event in events for report in _event(event, mapping)]
    return [_named(report, name, n) for n, report in enumerate(found)]


def _event(event: Any, mapping: Mapped) -> Iterator[ProviderReport]:
    word = _word(event, mapping)
    if word is None:
        yield ProviderReport(event_id="", provider_event="malformed", ignored=True)
        return
    told = _told(event, word, mapping)
    words = "\n".join(dict.fromkeys(t for v in _all(event, mapping, "details_path") if (t := text(v)))) or None
    shared = {
        "event_id": "",
        "provider_event": word,
        "message_id": _first_text(event, mapping, "message_id_path", ID_LIMIT),
        "occurred_at": next((at for v in _all(event, mapping, "time_path") if (at := moment(v))), None),
        "diagnostic": words,
        "diagnostic_code": enhanced_code(words),
        "attempt_id": next((a for v in _all(event, mapping, "attempt_path") if (a := attempt_id(v))), None),
    }
    for recipient in _recipients(event, mapping):
        yield meaning.report(told, recipient=recipient, **shared)


def _named(report: ProviderReport, name: str, number: int) -> ProviderReport:

    return msgspec.structs.replace(report, event_id=name if number == 0 else f"{name}.{number}")


def _told(event: Any, word: str, mapping: Mapped) -> Meaning:
    found = mapping.of(word)
    machine = any(str(value).lower() in ("true", "1") for value in _all(event, mapping, "machine_path"))
    return OPENED_BY_MACHINE if found.is_open and machine else found


def _word(event: Any, mapping: Mapped) -> str | None:
    return _first_text(event, mapping, "event_path", ID_LIMIT)


def _recipients(event: Any, mapping: Mapped) -> list[str | None]:
    """Each that is named once; nobody where nobody is."""
    found = next((v for v in _all(event, mapping, "recipient_path") if v), None)
    listed = found[:MOST] if isinstance(found, list) else [found]
    return list(dict.fromkeys(t for v in listed if (t := text(v, ID_LIMIT + 65)))) or [None]


def _first_text(event: Any, mapping: Mapped, setting: str, limit: int) -> str | None:
    return next((t for v in _all(event, mapping, setting) if (t := text(v, limit))), None)


def _all(event: Any, mapping: Mapped, setting: str) -> list[Any]:
    return [find(event, path) for path in mapping.paths[setting]]
