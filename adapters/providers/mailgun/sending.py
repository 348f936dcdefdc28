"""POST /v3/{domain}/messages. It has no idempotency key: a lost answer is unknown until an event tells."""

from typing import Any
from urllib.parse import quote

import httpx

from adapters.providers.calls import as_object, by_status, credential, exchange, misconfigured
from adapters.providers.mail import as_html, by_role, people, sender, words
from adapters.providers.mailgun.webhook import VARIABLE
from adapters.providers.port import (
    Answer,
    Connection,
    MisconfiguredError,
    Outgoing,
    RawAnswer,
    Refused,
    Taken,
    Unknown,
)
from adapters.providers.reading import ID_LIMIT, text
from domain.values import HandedMessage

API_URL = "https://api.mailgun.net"


def send(outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
    try:
        url, auth, fields = domain_url(connection), authorization(connection), form(outgoing, connection)
    except MisconfiguredError as error:
        return misconfigured(error)
    # A part without a file name is a field: with no attachments it is a multipart form all the same.
    files: list[tuple[str, Any]] = [(name, (None, value.encode())) for name, value in fields]
    files += [("attachment", (a.filename, a.content, a.content_type)) for a in outgoing.attachments]
    answer = exchange(http, "POST", f"{url}/messages", auth=auth, files=files)
    return outcome(answer) if isinstance(answer, RawAnswer) else answer


def form(outgoing: Outgoing, connection: Connection) -> list[tuple[str, str]]:
    """The fields in order. Raises MisconfiguredError."""
    fields = [("from", sender(connection))]
    fields += [(role.value, one) for role, listed in by_role(outgoing).items() for one in people(listed)]
    fields += [("subject", outgoing.subject), ("text", words(outgoing))]
    if connection.open_tracking:
        fields.append(("html", as_html(words(outgoing))))
    opens = "yes" if connection.open_tracking else "no"
    return [*fields, (f"v:{VARIABLE}", outgoing.attempt_id), ("o:tracking-opens", opens), ("o:tracking-clicks", "no")]


def outcome(answer: RawAnswer) -> Answer:
    """Only an id proves that Mailgun took it. It has angle brackets here, and nowhere else."""
    told = as_object(answer)
    if answer.status < httpx.codes.MULTIPLE_CHOICES:
        name = (text(told.get("id"), ID_LIMIT) or "").strip("<> ")
        return Taken([HandedMessage(name)]) if name else Unknown(f"HTTP {answer.status} without an id")
    said = text(told.get("message")) or text(answer.body.decode(errors="replace")[:2000])
    detail = f"HTTP {answer.status}" + (f": {said}" if said else "")
    not_allowed = "not allowed to send" in (said or "").lower() or answer.status == httpx.codes.PAYMENT_REQUIRED
    if not_allowed and answer.status < httpx.codes.INTERNAL_SERVER_ERROR:
        return Refused("account", detail)
    return by_status(answer, detail)


def domain_url(connection: Connection) -> str:
    """Raises MisconfiguredError."""
    base = connection.setting("api_url", API_URL).rstrip("/")
    return f"{base}/v3/{quote(connection.setting('domain').strip(), safe='')}"


def authorization(connection: Connection) -> tuple[str, str]:
    """Raises MisconfiguredError."""
    return "api", credential(connection, "api_key")
