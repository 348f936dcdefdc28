"""Email Activity (GET /v3/messages): asking what became of a message, by its id or by our attempt id."""

from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from adapters.providers.calls import ask
from adapters.providers.port import Connection, Lookup, ProviderReport, RawAnswer, UnreadableError
from adapters.providers.reading import digest, load_json, text
from adapters.providers.sendgrid import webhook
from adapters.providers.sendgrid.sending import api_url, authorization

EVENTS = {
    "bounced": "bounce",
    "opened": "open",
    "clicked": "click",
    "spam_report": "spamreport",
}
"""Its words where they differ from the webhook's."""

LIMIT = 1000


def ask_about(lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
    """Raises httpx.HTTPError, MisconfiguredError."""
    url, headers = f"{api_url(connection)}/v3/messages", authorization(connection)
    found: list[ProviderReport] = []
    if lookup.message_id:
        found = _read(ask(http, f"{url}/{quote(lookup.message_id, safe='')}", headers=headers))
    if not found:
        page = ask(http, url, headers=headers, params={"query": _query(lookup), "limit": LIMIT})
        found = [r for r in _read(page) if lookup.message_id or r.message_id not in lookup.known]
    return [msgspec.structs.replace(r, attempt_id=lookup.attempt_id) for r in found]


def is_activity(told: Any) -> bool:
    return isinstance(told, dict) and ("messages" in told or "msg_id" in told)


def reports(told: Any) -> list[ProviderReport]:
    """A list of messages, or one message with its events. What is neither says nothing."""
    listed = told.get("messages") if isinstance(told, dict) and "messages" in told else [told]
    messages = listed if isinstance(listed, list) else []
    return [r for m in messages if isinstance(m, dict) and m.get("msg_id") for r in _message(m)]


def _query(lookup: Lookup) -> str:
    """Only the beginning of an activity's id is the X-Message-Id that we know."""
    if lookup.message_id:
        return "msg_id LIKE '{}%'".format(lookup.message_id.replace("'", "''"))
    return f"(unique_args['attempt_id']=\"{lookup.attempt_id}\")"


def _read(answer: RawAnswer) -> list[ProviderReport]:
    if answer.status == httpx.codes.NOT_FOUND:
        return []
    try:
        return reports(load_json(answer.body))
    except UnreadableError as error:
        raise httpx.DecodingError(str(error)) from None


def _message(message: dict[str, Any]) -> list[ProviderReport]:
    events = message.get("events")
    told = [e for e in events if isinstance(e, dict)] if isinstance(events, list) else []
    return [_event(message, e) for e in told] or [_summary(message)]


def _event(message: dict[str, Any], event: dict[str, Any]) -> ProviderReport:
    word = text(event.get("event_name"))
    element = {
        "event": EVENTS.get(word or "", word),
        "email": message.get("to_email"),
        "sg_message_id": message.get("msg_id"),
        "timestamp": event.get("processed"),
        "reason": event.get("reason"),
        "type": event.get("bounce_type"),
        "attempt": event.get("attempt_num"),
        "url": event.get("url"),
    }
    return _without_opens(webhook.report(element))


def _summary(message: dict[str, Any]) -> ProviderReport:
    """Its `status` alone: the time is that of the last event, so it is no part of what identifies the report."""
    word = text(message.get("status"))
    element = {
        "event": "bounce" if word == "not_delivered" else word,
        "email": message.get("to_email"),
        "sg_message_id": message.get("msg_id"),
        "timestamp": message.get("last_event_time"),
    }
    found = webhook.report(element)
    name = digest(message.get("msg_id"), message.get("to_email"), word)
    if word == "not_delivered":
        found = msgspec.structs.replace(found, provider_event=word, reason="undelivered")
    return msgspec.structs.replace(found, event_id=name)


def _without_opens(found: ProviderReport) -> ProviderReport:
    """Activity does not tell machines from people, so its opens never count."""
    return msgspec.structs.replace(found, ignored=True) if found.is_open else found
