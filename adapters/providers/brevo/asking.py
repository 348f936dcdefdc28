"""The report of all events, by message id or by our attempt id, which is a tag. It reaches back 30 days."""

import json
from typing import Any

import httpx
import msgspec

from adapters.providers import meaning
from adapters.providers.brevo.sending import api_url
from adapters.providers.brevo.webhook import EVENTS as WORDS
from adapters.providers.calls import ask, credential
from adapters.providers.mail_events import Shape, report
from adapters.providers.meaning import Meaning
from adapters.providers.port import Connection, Lookup, ProviderReport, RawAnswer, UnreadableError
from adapters.providers.reading import load_json

MOST = 100

EVENTS: dict[str, Meaning] = {
    "requests": WORDS["request"],
    "delivered": WORDS["delivered"],
    "deferred": WORDS["deferred"],
    "hardbounces": WORDS["hard_bounce"],
    "softbounces": WORDS["soft_bounce"],
    "bounces": meaning.failed("undelivered"),
    "invalid": WORDS["invalid_email"],
    "blocked": WORDS["blocked"],
    "error": WORDS["error"],
    "spam": WORDS["spam"],
    "opened": WORDS["opened"],
    "loadedbyproxy": WORDS["proxy_open"],
    "clicks": WORDS["click"],
    "unsubscribed": WORDS["unsubscribed"],
}
SHAPE = Shape(
    meanings=EVENTS,
    word=("event",),
    message_id=("messageId",),
    recipient=("email",),
    at=("date",),
    words=("reason",),
    echo=("tag",),
    identity=("link",),
)


def ask_about(lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
    """Raises httpx.HTTPError, MisconfiguredError."""
    wanted = {"messageId": f"<{lookup.message_id}>"} if lookup.message_id else {"tags": json.dumps([lookup.attempt_id])}
    headers = {"api-key": credential(connection, "api_key"), "Accept": "application/json"}
    url = f"{api_url(connection)}/smtp/statistics/events"
    answer = ask(http, url, headers=headers, params={"limit": str(MOST), "days": "30", **wanted})
    try:
        found = reports(load_json(answer.body)) if answer.status == httpx.codes.OK else []
    except UnreadableError as error:
        raise httpx.DecodingError(str(error)) from None
    mine = [r for r in found if lookup.message_id in (None, r.message_id) and r.message_id not in lookup.known]
    return [msgspec.structs.replace(r, attempt_id=lookup.attempt_id) for r in mine]


def is_report(answer: RawAnswer, told: Any) -> bool:
    return answer.status == httpx.codes.OK and isinstance(told, dict) and ("events" in told or not told)


def reports(told: Any) -> list[ProviderReport]:
    """Brevo leaves `events` out where there are none. Raises UnreadableError."""
    events = told.get("events", []) if isinstance(told, dict) else None
    if not isinstance(events, list):
        raise UnreadableError("not a report of events")
    return [report(SHAPE, event) for event in events]
