"""SESv2 SendEmail with the whole message as MIME. It has no idempotency key: a lost answer is unknown."""

import base64
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from adapters.providers import mime
from adapters.providers.addresses import ascii_email
from adapters.providers.calls import as_object, by_status, credential, exchange, misconfigured, wait
from adapters.providers.mail import by_role, one_line
from adapters.providers.port import (
    Answer,
    Connection,
    InvalidAddressError,
    MisconfiguredError,
    Outgoing,
    RawAnswer,
    Refused,
    Taken,
    TryLater,
    Unknown,
)
from adapters.providers.reading import ID_LIMIT, text
from adapters.providers.ses import sigv4
from adapters.providers.ses.webhook import TAG
from domain.status import Status
from domain.values import HandedMessage

SERVICE = "ses"
HEADER = "X-Sendtrail-Attempt"

REASONS: dict[str, str] = {
    "MessageRejected": "validation",
    "BadRequestException": "validation",
    "InvalidParameterValue": "validation",
    "MailFromDomainNotVerifiedException": "misconfigured",
    "NotFoundException": "misconfigured",
    "SendingPausedException": "account",
    "AccountSuspendedException": "account",
    "LimitExceededException": "account",
    "TooManyRequestsException": "rate_limited",
    "ThrottlingException": "rate_limited",
    "Throttling": "rate_limited",
    "AccessDeniedException": "authentication",
    "ExpiredTokenException": "authentication",
    "IncompleteSignature": "authentication",
    "InvalidClientTokenId": "authentication",
    "InvalidSignatureException": "authentication",
    "MissingAuthenticationTokenException": "authentication",
    "SignatureDoesNotMatch": "authentication",
    "UnrecognizedClientException": "authentication",
}
"""By the name of the error; all of them say that nothing was sent."""


def send(outgoing: Outgoing, connection: Connection, http: httpx.Client, at: datetime) -> Answer:
    try:
        addresses = {one.number: ascii_email(one.address) for one in outgoing.recipients}
        if not all(address.isascii() for address in addresses.values()):
            return Refused("invalid_recipient", "SES takes no addresses outside ASCII")
        body = msgspec.json.encode(message(outgoing, connection, addresses))
        url = f"{api_url(connection)}/v2/email/outbound-emails"
        headers = signed("POST", url, {"Content-Type": "application/json"}, body, connection, at)
    except InvalidAddressError as error:
        return Refused("invalid_recipient", str(error))
    except MisconfiguredError as error:
        return misconfigured(error)
    answer = exchange(http, "POST", url, headers=headers, content=body)
    return outcome(answer) if isinstance(answer, RawAnswer) else answer


def message(outgoing: Outgoing, connection: Connection, addresses: dict[int, str]) -> dict[str, Any]:
    """The request body. Raises MisconfiguredError."""
    sender = connection.setting("from_email")
    try:
        address = ascii_email(sender)
    except InvalidAddressError:
        raise MisconfiguredError(f"connection {connection.id}: 'from_email' is not an e-mail address") from None
    name = one_line(str(connection.settings.get("from_name") or ""))
    headers = {HEADER: outgoing.attempt_id}
    raw = mime.compose(outgoing, (name, address), addresses, headers, rich=connection.open_tracking)
    lists = by_role(outgoing).items()
    body = {
        "FromEmailAddress": address,
        "Destination": {f"{role.title()}Addresses": [addresses[r.number] for r in listed] for role, listed in lists},
        "Content": {"Raw": {"Data": base64.b64encode(raw).decode()}},
        "EmailTags": [{"Name": TAG, "Value": outgoing.attempt_id}],
    }
    configuration = connection.settings.get("configuration_set")
    return body | ({"ConfigurationSetName": str(configuration)} if configuration else {})


def outcome(answer: RawAnswer) -> Answer:
    """Only a MessageId proves that SES took it; the name of an error says more than the HTTP status."""
    told = as_object(answer)
    if answer.status < httpx.codes.MULTIPLE_CHOICES:
        name = text(told.get("MessageId"), ID_LIMIT)
        return Taken([HandedMessage(name)]) if name else Unknown(f"HTTP {answer.status} without a MessageId")
    error = error_name(answer, told)
    said = text(told.get("message") or told.get("Message")) or text(answer.body.decode(errors="replace")[:2000])
    detail = f"HTTP {answer.status}" + (f" {error}" if error else "") + (f": {said}" if said else "")
    reason = REASONS.get(error)
    if reason is None or answer.status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return by_status(answer, detail)
    if reason == "rate_limited":
        return TryLater(reason, detail, wait(answer))
    return Refused(reason, detail, Status.FAILED if reason == "misconfigured" else Status.REJECTED)


def error_name(answer: RawAnswer, told: dict[str, Any]) -> str:
    """From the header (`Name:http://...`) or the body's `__type` (`namespace#Name`)."""
    named = answer.headers.get("x-amzn-errortype") or text(told.get("__type")) or text(told.get("code")) or ""
    return named.partition(":")[0].rpartition("#")[2].strip()[:100]


def api_url(connection: Connection) -> str:
    """Raises MisconfiguredError."""
    region = connection.setting("region").strip()
    return connection.setting("api_url", f"https://email.{quote(region, safe='')}.amazonaws.com").rstrip("/")


def signed(
    method: str, url: str, headers: dict[str, str], body: bytes, connection: Connection, at: datetime
) -> dict[str, str]:
    """Raises MisconfiguredError."""
    token = credential(connection, "session_token") if connection.secrets.get("session_token") else None
    secret = credential(connection, "secret_access_key")
    keys = sigv4.Credentials(connection.setting("access_key_id").strip(), secret, token)
    scope = (connection.setting("region").strip(), SERVICE)
    try:
        found = sigv4.signed(method, url, headers, body, keys, scope, at)
    except ValueError as error:
        raise MisconfiguredError(f"connection {connection.id}: 'api_url' is no URL ({error})") from None
    if not all(value.isascii() and value.isprintable() for value in found.values()):
        raise MisconfiguredError(f"connection {connection.id}: check region and access_key_id")
    return found
