"""POST /v3/mail/send. It has no idempotency key: a lost answer is unknown until a webhook or Email Activity tells."""

import base64
from typing import Any

import httpx

from adapters.providers.calls import as_object, by_status, credential, exchange, misconfigured
from adapters.providers.mail import as_html, by_role, words
from adapters.providers.port import (
    Answer,
    Attachment,
    Connection,
    MisconfiguredError,
    Outgoing,
    OutgoingRecipient,
    RawAnswer,
    Taken,
    Unknown,
)
from adapters.providers.reading import ID_LIMIT, text
from domain.values import HandedMessage

API_URL = "https://api.sendgrid.com"


def send(outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
    try:
        url, headers, body = api_url(connection), authorization(connection), message(outgoing, connection)
    except MisconfiguredError as error:
        return misconfigured(error)
    answer = exchange(http, "POST", f"{url}/v3/mail/send", headers=headers, json=body)
    return outcome(answer) if isinstance(answer, RawAnswer) else answer


def outcome(answer: RawAnswer) -> Answer:
    """Only a 202 with its X-Message-Id proves that SendGrid took it."""
    if answer.status == httpx.codes.ACCEPTED:
        name = text(answer.headers.get("x-message-id"), ID_LIMIT)
        return Taken([HandedMessage(name)]) if name else Unknown("HTTP 202 without X-Message-Id")
    if answer.status == httpx.codes.OK:
        return misconfigured("HTTP 200: only validated, the account is in sandbox mode")
    return by_status(answer, _errors(answer))


def api_url(connection: Connection) -> str:
    return connection.setting("api_url", API_URL).rstrip("/")


def authorization(connection: Connection) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential(connection, 'api_key')}"}


def message(outgoing: Outgoing, connection: Connection) -> dict[str, Any]:
    """The request body. Raises MisconfiguredError."""
    sender = {"email": connection.setting("from_email")}
    if name := connection.settings.get("from_name"):
        sender["name"] = str(name)
    body = {
        "personalizations": [_recipients(outgoing) | {"custom_args": {"attempt_id": outgoing.attempt_id}}],
        "from": sender,
        "subject": outgoing.subject,
        "content": _content(outgoing, tracked=connection.open_tracking),
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": connection.open_tracking},
        },
    }
    return body | ({"attachments": [_attachment(a) for a in outgoing.attachments]} if outgoing.attachments else {})


def _recipients(outgoing: Outgoing) -> dict[str, list[dict[str, str]]]:
    return {role.value: [_person(one) for one in listed] for role, listed in by_role(outgoing).items()}


def _person(one: OutgoingRecipient) -> dict[str, str]:
    return {"email": one.address} | ({"name": one.name} if one.name else {})


def _content(outgoing: Outgoing, *, tracked: bool) -> list[dict[str, str]]:
    """Opens are only seen in HTML, so it is added where they are wanted."""
    plain = {"type": "text/plain", "value": words(outgoing)}
    rich = {"type": "text/html", "value": as_html(words(outgoing))}
    return [plain, rich] if tracked else [plain]


def _attachment(one: Attachment) -> dict[str, str]:
    content = base64.b64encode(one.content).decode()
    return {"content": content, "type": one.content_type, "filename": one.filename, "disposition": "attachment"}


def _errors(answer: RawAnswer) -> str:
    """What SendGrid said was wrong: one line per error, or the start of whatever it answered."""
    errors = as_object(answer).get("errors")
    lines = [_error(e) for e in errors if isinstance(e, dict)] if isinstance(errors, list) else []
    said = "\n".join(line for line in lines if line) or text(answer.body.decode(errors="replace")[:2000])
    return f"HTTP {answer.status}" + (f": {said}" if said else "")


def _error(error: dict[str, Any]) -> str:
    said, field = text(error.get("message")) or "", text(error.get("field"))
    return f"{said} ({field})" if field else said
