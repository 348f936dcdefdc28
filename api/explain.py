"""What a provider's request means, offline: JSON lines in, JSON lines out (`sendtrail webhook explain`).

A line in: `id`, `provider`, `kind`, `headers`, `url`, `body` or `form`, `secret` or `public_key` or `certificate`,
`now`, `settings`. A line out: `id`, `verified`, `reports`, `error`. Kinds `pull` and `send_response` are answers of the
provider's API, with `http_status`; kind `signature` asks only whether the request is authentic, `cert_url` whether a
signing certificate may be fetched from `url`.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from adapters.clock import Clock, system_clock
from adapters.providers.port import (
    Connection,
    Provider,
    ProviderError,
    ProviderReport,
    RawAnswer,
    RawRequest,
    TrustsAddresses,
)
from adapters.providers.reading import moment
from adapters.providers.registry import PROVIDERS, reports_of
from adapters.providers.registry import provider as provider_named

Line = dict[str, Any]
ANSWERS = {"pull": 200, "send_response": 202}
"""Kinds that are answers, and the HTTP status of one that tells none."""
AUTHENTICITY = {"signature"}


class LineError(Exception):
    """The line is not a case that can be explained."""


def explain_lines(lines: Iterable[str], clock: Clock = system_clock) -> Iterator[str]:
    """One answer for each line that is not blank; a line that makes no sense is answered with its `error`."""
    for line in lines:
        if line.strip():
            yield json.dumps(explain(line, clock))


def explain(line: str, clock: Clock = system_clock) -> Line:
    """The answer to one line, as it will be written."""
    try:
        case = json.loads(line)
    except (ValueError, RecursionError) as error:
        return _answer(None, error=f"not a line of JSON ({type(error).__name__})")
    if not isinstance(case, dict):
        return _answer(None, error="not a JSON object")
    try:
        return _explained(case, clock)
    except (ProviderError, LineError) as error:
        return _answer(case.get("id"), error=str(error))


def _explained(case: Line, clock: Clock) -> Line:
    provider = _provider(_text(case, "provider"))
    kind = _text(case, "kind", "webhook")
    if kind == "cert_url":
        return _answer(case.get("id"), isinstance(provider, TrustsAddresses) and provider.trusts(_text(case, "url")))
    if kind in ANSWERS:
        return _answer(case.get("id"), reports=provider.read_answer(_raw_answer(case, kind)))
    request = _request(case, clock)
    verified, problem = _verified(provider, request, case, kind)
    if kind in AUTHENTICITY:
        return _answer(case.get("id"), verified, error=problem)
    try:
        return _answer(case.get("id"), verified, reports_of(request, _connection(provider, case, None)), problem)
    except ProviderError as error:
        return _answer(case.get("id"), verified, error=str(error))


def _verified(provider: Provider, request: RawRequest, case: Line, kind: str) -> tuple[bool | None, str | None]:
    """None where the provider signs nothing, or no key was given and authenticity is not the question.

    A problem names the setting that is missing, and not the connection, which is made up here.
    """
    given = next((case[name] for name in ("secret", "public_key", "certificate") if case.get(name) is not None), None)
    if not provider.signs or (given is None and kind not in AUTHENTICITY):
        return None, None
    connection = _connection(provider, case, given)
    try:
        provider.verify(request, connection)
    except ProviderError as error:
        return False, str(error).removeprefix(f"connection {connection.id}: ")
    return True, None


def _provider(name: str) -> Provider:
    """Its name may be written with hyphens."""
    spelled = name.replace("-", "_")
    return provider_named(spelled if spelled in PROVIDERS else name)


def _connection(provider: Provider, case: Line, given: object) -> Connection:
    """One of its own for each line, so that nothing is remembered from one to the next."""
    settings, secrets = case.get("settings"), {str(provider.webhook_key): given} if isinstance(given, str) else {}
    known = settings if isinstance(settings, dict) else {}
    return Connection(uuid4(), uuid4(), provider.name, provider.channel, settings=known, secrets=secrets)


def _request(case: Line, clock: Clock) -> RawRequest:
    at = moment(case.get("now")) or clock().astimezone(UTC)
    return RawRequest(_text(case, "url", ""), _headers(case), _body(case), at, _text(case, "method", "POST"))


def _raw_answer(case: Line, kind: str) -> RawAnswer:
    status = case.get("http_status")
    return RawAnswer(status if isinstance(status, int) else ANSWERS[kind], _headers(case), _body(case))


def _body(case: Line) -> bytes:
    """The exact text as UTF-8; without one, the form as a browser would write it, or just a `signature` part."""
    body, form = case.get("body"), case.get("form")
    if not body and not form and isinstance(case.get("signature"), dict):
        body = json.dumps({"signature": case["signature"]})
    if body:
        return (body if isinstance(body, str) else json.dumps(body)).encode(errors="surrogatepass")
    if not form:
        return b""
    pairs = list(form.items()) if isinstance(form, dict) else form
    try:
        return urlencode([(str(n), "" if v is None else str(v)) for n, v in pairs], errors="replace").encode()
    except (TypeError, ValueError):
        raise LineError("'form' is not a list of [name, value]") from None


def _headers(case: Line) -> dict[str, str]:
    headers = case.get("headers") or {}
    if not isinstance(headers, dict):
        raise LineError("'headers' is not an object")
    return {name.lower(): str(value) for name, value in headers.items() if value is not None}


def _text(case: Line, name: str, default: str | None = None) -> str:
    value = case.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise LineError(f"'{name}' is missing or not a text")
    return value


def _answer(
    name: object, verified: bool | None = None, reports: Iterable[ProviderReport] = (), error: str | None = None
) -> Line:
    return {"id": name, "verified": verified, "reports": [_report(r) for r in reports], "error": error}


def _report(report: ProviderReport) -> Line:
    return {
        "message_id": report.message_id,
        "event_id": f"{report.event_id} {report.request_id}" if report.request_id else report.event_id,
        "recipient": report.recipient,
        "status": report.status,
        "reason": report.reason,
        "buyer_response": report.buyer_response,
        "occurred_at": _rfc3339(report.occurred_at),
        "provider_event": report.provider_event,
        "diagnostic": report.diagnostic,
        "ignored": report.ignored,
    }


def _rfc3339(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None
