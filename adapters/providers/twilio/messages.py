"""The Message resource: what a send answers, and what asking by sid, or by number and day, brings."""

from datetime import UTC, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from adapters.providers.calls import ask
from adapters.providers.port import Connection, Lookup, ProviderReport, RawAnswer, UnreadableError
from adapters.providers.reading import ID_LIMIT, load_json, moment, text
from adapters.providers.twilio.callback import event_id
from adapters.providers.twilio.sending import account, authorization, sender
from adapters.providers.twilio.statuses import IGNORED, error_code, meaning

Resource = dict[str, Any]
BEFORE, AFTER = timedelta(minutes=2), timedelta(minutes=15)
"""How far Twilio's clock and queue may put a message from the moment at which we sent it."""


def resources(answer: RawAnswer) -> list[Resource] | None:
    """The message resources of an answer; None if it holds something else. Raises UnreadableError."""
    if answer.status >= httpx.codes.MULTIPLE_CHOICES:
        return None
    told = load_json(answer.body)
    listed = told.get("messages") if isinstance(told, dict) and "messages" in told else told
    found = listed if isinstance(listed, list) else [listed]
    good = [
        m for m in found if isinstance(m, dict) and isinstance(m.get("sid"), str) and isinstance(m.get("status"), str)
    ]
    return good if len(good) == len(found) else None


def reports(found: list[Resource]) -> list[ProviderReport]:
    return [_report(resource) for resource in found]


def ask_about(lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
    """Raises httpx.HTTPError, MisconfiguredError."""
    if lookup.message_id:
        found = _get(http, connection, f"/Messages/{quote(lookup.message_id, safe='')}.json")
    else:
        found = _search(lookup, connection, http)
    return [msgspec.structs.replace(r, attempt_id=lookup.attempt_id) for r in reports(found)]


def _search(lookup: Lookup, connection: Connection, http: httpx.Client) -> list[Resource]:
    """Nothing in a Message names our attempt: only a single candidate is one."""
    if lookup.address is None or lookup.sent_at is None:
        return []
    sent_at = lookup.sent_at.astimezone(UTC)
    days = sorted({(sent_at - BEFORE).date(), sent_at.date(), (sent_at + AFTER).date()})
    found: dict[str, Resource] = {}
    for day in days:
        query = {"To": lookup.address, "DateSent": day.isoformat()} | sender(connection, only_number=True)
        found |= {r["sid"]: r for r in _get(http, connection, "/Messages.json", query)}
    candidates = [r for r in found.values() if _may_be(r, lookup)]
    return candidates if len(candidates) == 1 else []


def _may_be(resource: Resource, lookup: Lookup) -> bool:
    made = moment(resource.get("date_created")) or moment(resource.get("date_sent"))
    inbound = str(resource.get("direction")).startswith("inbound")
    if inbound or resource["sid"] in lookup.known or lookup.sent_at is None or not _says(resource, lookup.text):
        return False
    return made is None or lookup.sent_at - BEFORE <= made <= lookup.sent_at + AFTER


def _says(resource: Resource, text: str | None) -> bool:
    """Whether it may be this text: a redacted body is blank, and trial accounts write before it."""
    body = resource.get("body")
    return not (text and isinstance(body, str) and body.strip()) or text.strip() in body


def _get(http: httpx.Client, connection: Connection, path: str, query: dict[str, str] | None = None) -> list[Resource]:
    answer = ask(http, account(connection) + path, auth=authorization(connection), params=query)
    if answer.status == httpx.codes.NOT_FOUND:
        return []
    try:
        found = resources(answer)
    except UnreadableError as error:
        raise httpx.DecodingError(str(error)) from None
    if found is None:
        raise httpx.DecodingError("not a Message resource")
    return found


def _report(resource: Resource) -> ProviderReport:
    word, code = str(resource["status"]), error_code(resource.get("error_code"))
    told = IGNORED if str(resource.get("direction")).startswith("inbound") else meaning(word, code)
    sid = text(resource["sid"], ID_LIMIT)
    return ProviderReport(
        event_id=event_id(sid, word, code),
        provider_event=text(word, ID_LIMIT) or "blank",
        status=told.status,
        reason=told.reason,
        message_id=sid,
        recipient=text(resource.get("to"), ID_LIMIT),
        occurred_at=moment(resource.get("date_updated")),
        diagnostic=text(resource.get("error_message")),
        diagnostic_code=str(code) if code else None,
        actor=told.actor,
        ignored=told.status is None,
    )
