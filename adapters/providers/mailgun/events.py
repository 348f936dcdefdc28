"""The Events API: what became of a message, by its id, or by recipient and our attempt id.

Its newest minutes are incomplete, so finding nothing proves nothing. One page is enough for one message.
"""

from datetime import timedelta
from typing import Any

import httpx
import msgspec

from adapters.providers.calls import ask
from adapters.providers.mailgun.sending import authorization, domain_url
from adapters.providers.mailgun.webhook import report
from adapters.providers.port import Connection, Lookup, ProviderReport, UnreadableError
from adapters.providers.reading import load_json

LIMIT = "300"
BEFORE = timedelta(minutes=2)


def ask_about(lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
    """Raises httpx.HTTPError, MisconfiguredError."""
    query = _query(lookup)
    if query is None:
        return []
    url = f"{domain_url(connection)}/events"
    answer = ask(http, url, auth=authorization(connection), params=query | {"limit": LIMIT})
    if answer.status == httpx.codes.NOT_FOUND:
        return []
    try:
        told = load_json(answer.body)
    except UnreadableError as error:
        raise httpx.DecodingError(str(error)) from None
    if not is_page(told):
        raise httpx.DecodingError("not a page of events")
    found = [r for r in reports(told) if lookup.message_id or _is_ours(r, lookup)]
    return [msgspec.structs.replace(r, attempt_id=lookup.attempt_id) for r in found]


def is_page(told: Any) -> bool:
    return isinstance(told, dict) and isinstance(told.get("items"), list)


def reports(told: dict[str, Any]) -> list[ProviderReport]:
    return [report(item) for item in told["items"] if isinstance(item, dict)]


def _query(lookup: Lookup) -> dict[str, str] | None:
    if lookup.message_id:
        return {"message-id": lookup.message_id}
    if lookup.address is None or lookup.sent_at is None:
        return None
    begin = str(int((lookup.sent_at - BEFORE).timestamp()))
    return {"recipient": lookup.address, "begin": begin, "ascending": "yes"}


def _is_ours(found: ProviderReport, lookup: Lookup) -> bool:
    return found.attempt_id == lookup.attempt_id and found.message_id not in lookup.known
