"""POST /smtp/email. A lost answer is unknown until a webhook tells: nothing is repeated on a guess."""

import base64
from typing import Any

import httpx

from adapters.providers.brevo.webhook import CUSTOM
from adapters.providers.calls import LONGEST_WAIT, by_status, credential, exchange, misconfigured, wait
from adapters.providers.mail import as_html, by_role, one_line, words
from adapters.providers.port import (
    Answer,
    Connection,
    MisconfiguredError,
    Outgoing,
    RawAnswer,
    Refused,
    Taken,
    TryLater,
    Unknown,
)
from adapters.providers.reading import ID_LIMIT, json_object, text
from domain.status import Status
from domain.values import HandedMessage

API_URL = "https://api.brevo.com/v3"

REASONS: dict[str, str] = {
    "unauthorized": "authentication",
    "permission_denied": "account",
    "not_enough_credits": "account",
    "account_under_validation": "account",
    "invalid_parameter": "validation",
    "missing_parameter": "validation",
    "out_of_range": "validation",
    "duplicate_parameter": "validation",
    "bad_request": "validation",
    "duplicate_request": "duplicate",
    "unprocessable_entity": "validation",
    "document_not_found": "misconfigured",
    "method_not_allowed": "misconfigured",
    "dmarc policy requires domain authentication": "misconfigured",
    "dns records not properly configured": "misconfigured",
    "authentication failed": "authentication",
    "insufficient credits": "account",
    "request already processed": "duplicate",
}
"""By `code` of an answer 4xx; all of them say that nothing was sent."""


def send(outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
    try:
        url, key, body = api_url(connection), credential(connection, "api_key"), message(outgoing, connection)
    except MisconfiguredError as error:
        return misconfigured(error)
    headers = {"api-key": key, "Accept": "application/json"}
    answer = exchange(http, "POST", f"{url}/smtp/email", headers=headers, json=body)
    return outcome(answer) if isinstance(answer, RawAnswer) else answer


def message(outgoing: Outgoing, connection: Connection) -> dict[str, Any]:
    """The request body. Raises MisconfiguredError."""
    body: dict[str, Any] = {
        "sender": _person(connection.setting("from_email"), str(connection.settings.get("from_name") or "")),
        **{
            role.value: [_person(one.address, one.name) for one in listed] for role, listed in by_role(outgoing).items()
        },
        "subject": outgoing.subject,
        "textContent": words(outgoing),
        "headers": {CUSTOM: outgoing.attempt_id},
        "tags": [outgoing.attempt_id],
    }
    if outgoing.attachments:
        files = [{"name": a.filename, "content": base64.b64encode(a.content).decode()} for a in outgoing.attachments]
        body["attachment"] = files
    return body | ({"htmlContent": as_html(words(outgoing))} if connection.open_tracking else {})


def outcome(answer: RawAnswer) -> Answer:
    """Only a message id proves that Brevo took it."""
    told = json_object(answer.body)
    name, code = text(told.get("messageId"), ID_LIMIT), text(told.get("code"), ID_LIMIT)
    said = text(told.get("message")) or text(answer.body.decode(errors="replace")[:2000])
    detail = f"HTTP {answer.status}" + (f", {code}" if code else "") + (f": {said}" if said else "")
    if answer.status < httpx.codes.MULTIPLE_CHOICES:
        return Taken([HandedMessage(name.strip("<>"))]) if name and name.strip("<>") else Unknown(detail)
    if answer.status == httpx.codes.TOO_MANY_REQUESTS:
        return TryLater("rate_limited", detail, _wait(answer))
    reason = REASONS.get((code or "").lower())
    if answer.status == httpx.codes.PAYMENT_REQUIRED:
        reason = "account"
    if reason is None or answer.status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return by_status(answer, detail)
    return Refused(reason, detail, Status.FAILED if reason == "misconfigured" else Status.REJECTED)


def api_url(connection: Connection) -> str:
    return connection.setting("api_url", API_URL).rstrip("/")


def _person(address: str, name: str | None) -> dict[str, str]:
    told = one_line(name or "")
    return {"email": address} | ({"name": told} if told else {})


def _wait(answer: RawAnswer) -> float | None:
    """Seconds; Brevo tells them in a header of its own."""
    told = answer.headers.get("x-sib-ratelimit-reset", "").strip()
    asked = wait(answer)
    if asked is None and told.isascii() and told.isdigit():
        return min(float(told[:9]), LONGEST_WAIT)
    return asked
