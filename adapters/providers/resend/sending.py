"""POST /emails, one recipient a call, because Resend's events name all recipients of an e-mail and not whom they mean.

Resend keeps an Idempotency-Key for 24 hours and answers the same call again without sending: so a lost answer is
tried again, which no other provider of e-mail allows.
"""

import base64
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from adapters.providers.calls import as_object, ask, by_status, credential, exchange, misconfigured, wait
from adapters.providers.mail import as_html, people, sender, words
from adapters.providers.port import (
    Answer,
    Attachment,
    Connection,
    Lookup,
    MisconfiguredError,
    Outgoing,
    ProviderReport,
    RawAnswer,
    Refused,
    Taken,
    TryLater,
    Unknown,
)
from adapters.providers.reading import ID_LIMIT, text
from adapters.providers.resend.webhook import TAG, last_event
from domain.status import Status
from domain.values import HandedMessage

API_URL = "https://api.resend.com"

REASONS: dict[str, str] = {
    "missing_api_key": "authentication",
    "invalid_api_key": "authentication",
    "restricted_api_key": "authentication",
    "invalid_from_address": "misconfigured",
    "concurrent_idempotent_requests": "rate_limited",
    "rate_limit_exceeded": "rate_limited",
    "daily_quota_exceeded": "rate_limited",
    "monthly_quota_exceeded": "account",
}
"""By the error's name; the HTTP status says the rest."""


def send(outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
    if not outgoing.recipients:
        return Refused("missing_contact", "no recipient", Status.FAILED)
    one = outgoing.recipients[0]
    try:
        url, body = f"{api_url(connection)}/emails", message(outgoing, connection)
        headers = authorization(connection) | {"Idempotency-Key": f"{outgoing.attempt_id}/{one.number}"}
    except MisconfiguredError as error:
        return misconfigured(error)
    answer = exchange(http, "POST", url, headers=headers, json=body)
    told = outcome(answer) if isinstance(answer, RawAnswer) else answer
    if isinstance(told, Unknown) and not (isinstance(answer, RawAnswer) and answer.status == httpx.codes.CONFLICT):
        return TryLater("provider_outage", f"{told.detail} (tried again under its idempotency key)")
    if isinstance(told, Taken):
        return Taken([HandedMessage(m.message_id, one.number) for m in told.messages])
    return told


def message(outgoing: Outgoing, connection: Connection) -> dict[str, Any]:
    """The request body, the same for each try. Raises MisconfiguredError."""
    body: dict[str, Any] = {
        "from": sender(connection),
        "to": people(outgoing.recipients[:1]),
        "subject": outgoing.subject,
        "text": words(outgoing),
        "tags": [{"name": TAG, "value": outgoing.attempt_id}],
    }
    if connection.open_tracking:
        body["html"] = as_html(words(outgoing))
    return body | ({"attachments": [_attachment(a) for a in outgoing.attachments]} if outgoing.attachments else {})


def outcome(answer: RawAnswer) -> Answer:
    """Only an id proves that Resend took it; the error's name says more than the HTTP status."""
    told = as_object(answer)
    if answer.status < httpx.codes.MULTIPLE_CHOICES:
        name = text(told.get("id"), ID_LIMIT)
        return Taken([HandedMessage(name)]) if name else Unknown(f"HTTP {answer.status} without an id")
    error = text(told.get("name"), ID_LIMIT) or ""
    said = text(told.get("message")) or text(answer.body.decode(errors="replace")[:2000])
    detail = f"HTTP {answer.status}" + (f" {error}" if error else "") + (f": {said}" if said else "")
    if error == "invalid_idempotent_request":
        return Unknown(f"{detail} (an earlier try, before the connection was changed, may have been taken)")
    reason = "misconfigured" if "domain is not verified" in (said or "") else REASONS.get(error)
    if reason is None or answer.status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return by_status(answer, detail)
    if reason == "rate_limited":
        return TryLater(reason, detail, wait(answer))
    return Refused(reason, detail, Status.FAILED if reason == "misconfigured" else Status.REJECTED)


def ask_about(lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
    """By message id; Resend cannot be searched. Raises httpx.HTTPError, MisconfiguredError."""
    if not lookup.message_id:
        return []
    url = f"{api_url(connection)}/emails/{quote(lookup.message_id, safe='')}"
    answer = ask(http, url, headers=authorization(connection))
    told = as_object(answer)
    if answer.status == httpx.codes.NOT_FOUND:
        return []
    if "last_event" not in told:
        raise httpx.DecodingError("not an e-mail")
    return [msgspec.structs.replace(last_event(told), attempt_id=lookup.attempt_id)]


def api_url(connection: Connection) -> str:
    return connection.setting("api_url", API_URL).rstrip("/")


def authorization(connection: Connection) -> dict[str, str]:
    """Raises MisconfiguredError."""
    return {"Authorization": f"Bearer {credential(connection, 'api_key')}", "User-Agent": "sendtrail"}


def _attachment(one: Attachment) -> dict[str, str]:
    content = base64.b64encode(one.content).decode()
    return {"filename": one.filename, "content": content, "content_type": one.content_type}
