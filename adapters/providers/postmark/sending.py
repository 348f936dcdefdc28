"""POST /email. It has no idempotency key: a lost answer is unknown until a webhook or a search tells."""

import base64
from typing import Any

import httpx

from adapters.providers.calls import as_object, by_status, credential, exchange, misconfigured, wait
from adapters.providers.mail import as_html, by_role, people, sender, words
from adapters.providers.port import (
    Answer,
    Attachment,
    Connection,
    MisconfiguredError,
    Outgoing,
    RawAnswer,
    Refused,
    Taken,
    TryLater,
    Unknown,
)
from adapters.providers.postmark.webhook import METADATA
from adapters.providers.reading import ID_LIMIT, text
from domain.status import Status
from domain.values import HandedMessage

API_URL = "https://api.postmarkapp.com"
STREAM = "outbound"

REASONS: dict[int, str] = {
    10: "authentication",
    300: "validation",
    400: "misconfigured",  # the sender signature is not known
    401: "misconfigured",  # ... or not confirmed
    405: "account",
    406: "suppressed",
    411: "validation",
    412: "account",
    413: "account",
    429: "rate_limited",
    1235: "misconfigured",  # no such message stream
}
"""By ErrorCode; all of them say that nothing was sent."""
_OURS = {"misconfigured", "suppressed"}


def send(outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
    try:
        url, headers, body = api_url(connection), authorization(connection), message(outgoing, connection)
    except MisconfiguredError as error:
        return misconfigured(error)
    answer = exchange(http, "POST", f"{url}/email", headers=headers, json=body)
    return outcome(answer) if isinstance(answer, RawAnswer) else answer


def message(outgoing: Outgoing, connection: Connection) -> dict[str, Any]:
    """The request body. Raises MisconfiguredError."""
    body: dict[str, Any] = {
        "From": sender(connection),
        **{role.title(): ", ".join(people(listed)) for role, listed in by_role(outgoing).items()},
        "Subject": outgoing.subject,
        "TextBody": words(outgoing),
        "MessageStream": connection.setting("message_stream", STREAM),
        "Metadata": {METADATA: outgoing.attempt_id},
        "TrackOpens": connection.open_tracking,
        "TrackLinks": "None",
        "Attachments": [_attachment(one) for one in outgoing.attachments],
    }
    return body | ({"HtmlBody": as_html(words(outgoing))} if connection.open_tracking else {})


def outcome(answer: RawAnswer) -> Answer:
    """Only error code 0 with a MessageID proves that Postmark took it; its code says more than the HTTP status."""
    told = as_object(answer)
    name, code = text(told.get("MessageID"), ID_LIMIT), told.get("ErrorCode")
    if answer.status == httpx.codes.OK and code == 0 and name:
        return Taken([HandedMessage(name)])
    said = text(told.get("Message")) or text(answer.body.decode(errors="replace")[:2000])
    detail = f"HTTP {answer.status}" + (f", error {code}" if isinstance(code, int) else "")
    detail += f": {said}" if said else ""
    reason = REASONS.get(code) if isinstance(code, int) else None
    if answer.status < httpx.codes.MULTIPLE_CHOICES and reason is None:
        return Unknown(detail)
    if reason is None or answer.status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return by_status(answer, detail)
    if reason == "rate_limited":
        return TryLater(reason, detail, wait(answer))
    return Refused(reason, detail, Status.FAILED if reason in _OURS else Status.REJECTED)


def api_url(connection: Connection) -> str:
    return connection.setting("api_url", API_URL).rstrip("/")


def authorization(connection: Connection) -> dict[str, str]:
    """Raises MisconfiguredError."""
    return {"X-Postmark-Server-Token": credential(connection, "server_token"), "Accept": "application/json"}


def _attachment(one: Attachment) -> dict[str, str]:
    content = base64.b64encode(one.content).decode()
    return {"Name": one.filename, "Content": content, "ContentType": one.content_type}
