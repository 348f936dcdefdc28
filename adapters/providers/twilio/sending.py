"""POST Messages.json, one recipient a call. It has no idempotency key: a lost answer is looked up, never repeated.

An SMS carries no files: its text links to the document.
"""

from urllib.parse import quote

import httpx

from adapters.providers.calls import as_object, by_status, credential, exchange, misconfigured, wait
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
from adapters.providers.reading import ID_LIMIT, text
from adapters.providers.twilio.callback import ATTEMPT
from adapters.providers.twilio.signature import RETRIES
from adapters.providers.twilio.statuses import CODES, error_code
from domain.status import Status
from domain.values import HandedMessage

API_URL = "https://api.twilio.com"


def send(outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
    if not outgoing.recipients:
        return Refused("missing_contact", "no recipient", Status.FAILED)
    try:
        url, auth, fields = account(connection), authorization(connection), form(outgoing, connection)
    except MisconfiguredError as error:
        return misconfigured(error)
    answer = exchange(http, "POST", f"{url}/Messages.json", auth=auth, data=fields)
    told = outcome(answer) if isinstance(answer, RawAnswer) else answer
    if isinstance(told, Taken):
        return Taken([HandedMessage(m.message_id, outgoing.recipients[0].number) for m in told.messages])
    return told


def outcome(answer: RawAnswer) -> Answer:
    """Only a sid proves that Twilio took it; its own error code says more than the HTTP status."""
    told = as_object(answer)
    if isinstance(told.get("status"), int):  # an error names its HTTP status itself
        answer = RawAnswer(told["status"], answer.headers, answer.body)
    if answer.status < httpx.codes.MULTIPLE_CHOICES:
        sid = text(told.get("sid"), ID_LIMIT)
        return Taken([HandedMessage(sid)]) if sid else Unknown(f"HTTP {answer.status} without a sid")
    code = error_code(told.get("code"))
    said = text(told.get("message")) or text(answer.body.decode(errors="replace")[:2000]) or ""
    detail = f"HTTP {answer.status}" + (f", error {code}" if code else "") + (f": {said}" if said else "")
    reason = CODES.get(code or 0)
    if reason is None or answer.status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return by_status(answer, detail)
    if reason == "rate_limited":
        return TryLater(reason, detail, wait(answer))
    return Refused(reason, detail, Status.FAILED if reason in ("opted_out", "misconfigured") else Status.REJECTED)


def account(connection: Connection) -> str:
    base = connection.setting("api_url", API_URL).rstrip("/")
    return f"{base}/2010-04-01/Accounts/{quote(connection.setting('account_sid').strip(), safe='')}"


def authorization(connection: Connection) -> tuple[str, str]:
    """An API key where there is one, else the account's own token. Raises MisconfiguredError."""
    if key := connection.settings.get("api_key_sid"):
        return str(key).strip(), credential(connection, "api_key_secret")
    return connection.setting("account_sid").strip(), credential(connection, "auth_token")


def sender(connection: Connection, *, only_number: bool = False) -> dict[str, str]:
    """`From` or the messaging service, which picks the number itself. Raises MisconfiguredError."""
    if service := connection.settings.get("messaging_service_sid"):
        return {} if only_number else {"MessagingServiceSid": str(service)}
    if not connection.settings.get("from_number"):
        raise MisconfiguredError(
            f"connection {connection.id}: setting 'from_number' or 'messaging_service_sid' is missing"
        )
    return {"From": connection.setting("from_number")}


def form(outgoing: Outgoing, connection: Connection) -> dict[str, str]:
    """The request's parameters. Raises MisconfiguredError."""
    fields = {"To": outgoing.recipients[0].address, "Body": outgoing.text or outgoing.subject} | sender(connection)
    if outgoing.callback_url:
        fields["StatusCallback"] = callback_url(outgoing.callback_url, outgoing.attempt_id)
    if seconds := connection.settings.get("validity_seconds"):
        fields["ValidityPeriod"] = str(seconds)
    return fields


def callback_url(base: str, attempt_id: str) -> str:
    """Where Twilio reports: its callbacks echo nothing but this URL, so the attempt id is in the query."""
    return f"{base}{'&' if '?' in base else '?'}{ATTEMPT}={quote(attempt_id, safe='')}{RETRIES}"
