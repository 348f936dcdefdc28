"""HTTP to a provider: which failures mean that nothing was taken, and which that nobody can know."""

import logging
from typing import Any

import httpx
import msgspec

from adapters.providers.port import (
    Answer,
    Connection,
    MisconfiguredError,
    ProviderReport,
    RawAnswer,
    Refused,
    Taken,
    TryLater,
    Unknown,
    UnreadableError,
)
from adapters.providers.reading import digest, load_json, moment
from domain.reasons import reason as describe
from domain.status import Status

# httpx logs every URL at INFO, and a search by number carries the number.
logging.getLogger("httpx").setLevel(logging.WARNING)

NEVER_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
LONGEST_WAIT = 86400.0


def exchange(http: httpx.Client, method: str, url: str, **request: Any) -> RawAnswer | Refused | TryLater | Unknown:
    """One request. Only a connection that never came about proves that nothing was taken."""
    try:
        response = http.request(method, url, follow_redirects=False, **request)
    except NEVER_CONNECTED as error:
        return TryLater("provider_outage", _says(error))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        return misconfigured(_says(error))
    except httpx.HTTPError as error:
        return Unknown(_says(error))
    return raw(response)


def ask(http: httpx.Client, url: str, **request: Any) -> RawAnswer:
    """GET for a pull. A 404 is an answer; raises httpx.HTTPError for every other failure, MisconfiguredError."""
    try:
        response = http.request("GET", url, follow_redirects=False, **request)
    except httpx.InvalidURL as error:
        raise MisconfiguredError(_says(error)) from None
    if not response.is_success and response.status_code != httpx.codes.NOT_FOUND:
        # Not raise_for_status: its text repeats the URL, and with it the number that we ask about.
        raise httpx.HTTPStatusError(f"HTTP {response.status_code}", request=response.request, response=response)
    return raw(response)


def raw(response: httpx.Response) -> RawAnswer:
    return RawAnswer(response.status_code, dict(response.headers), response.content)


def as_object(answer: RawAnswer) -> dict[str, Any]:
    """The JSON object that it holds; an empty one where it holds none."""
    told = as_json(answer)
    return told if isinstance(told, dict) else {}


def as_json(answer: RawAnswer) -> Any:
    """Whatever JSON it holds, if any."""
    try:
        return load_json(answer.body) if answer.body else None
    except UnreadableError:
        return None


def good_json(answer: RawAnswer) -> Any:
    """What an answer that says OK holds, if anything. Raises UnreadableError."""
    return load_json(answer.body) if answer.status == httpx.codes.OK and answer.body else None


def credential(connection: Connection, name: str) -> str:
    """A secret that can travel in a header. Raises MisconfiguredError."""
    value = connection.secret(name).strip()
    if not value or not value.isascii() or not value.isprintable():
        raise MisconfiguredError(f"connection {connection.id}: secret '{name}' has characters that cannot be sent")
    return value


def misconfigured(detail: object) -> Refused:
    """Our own doing, so it counts as failed and not as rejected by the provider."""
    return Refused("misconfigured", str(detail), Status.FAILED)


def by_status(answer: RawAnswer, detail: str) -> Answer:
    """What an HTTP status alone says of a send; providers look at their own codes first."""
    if answer.status == httpx.codes.TOO_MANY_REQUESTS:
        return TryLater("rate_limited", detail, wait(answer))
    if answer.status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return Refused("authentication", detail)
    if answer.status == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        return Refused("too_large", detail)
    if answer.status in (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED) or 300 <= answer.status < 400:
        return misconfigured(detail)
    if 400 <= answer.status < 500 and answer.status != httpx.codes.REQUEST_TIMEOUT:
        return Refused("validation", detail)
    return Unknown(detail)


def wait(answer: RawAnswer) -> float | None:
    """Seconds that the provider asks for: Retry-After, or X-RateLimit-Reset against the provider's own Date."""
    asked = answer.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(float(asked[:9]), LONGEST_WAIT)
    until = moment(asked) or moment(answer.headers.get("x-ratelimit-reset"))
    now = moment(answer.headers.get("date"))
    if until is None or now is None:
        return None
    return min(max((until - now).total_seconds(), 0.0), LONGEST_WAIT)


def report_of(told: Answer, answer: RawAnswer) -> list[ProviderReport]:
    """A send's answer as reports: where nothing was taken it still waits, where nobody knows it is unknown."""
    word = f"HTTP {answer.status}"
    base = ProviderReport(event_id=digest(word, answer.body.decode(errors="replace")), provider_event=word)
    if isinstance(told, Taken):
        return [_but(base, message_id=m.message_id, status=Status.SENT, reason="processing") for m in told.messages]
    if isinstance(told, Unknown):
        return [_but(base, status=Status.UNKNOWN, reason="outcome_unknown", diagnostic=told.detail)]
    status = told.status if isinstance(told, Refused) else Status.QUEUED
    actor = describe(told.reason).actor
    return [_but(base, status=status, reason=told.reason, diagnostic=told.detail, actor=actor)]


def _but(report: ProviderReport, **changes: Any) -> ProviderReport:
    return msgspec.structs.replace(report, **changes)


def _says(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
