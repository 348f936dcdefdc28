"""Calls for one organisation, with a token of its client credentials."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from adapters.providers.calls import credential, exchange
from adapters.providers.oauth import Client, Exchanged, Tokens, obtained
from adapters.providers.port import Connection, RawAnswer
from adapters.providers.reading import json_object, text

API_URL = "https://api.pingen.com"
IDENTITY_URL = "https://identity.pingen.com"
SCOPE = "letter"
MEDIA_TYPE = "application/vnd.api+json"
_TOKENS = Tokens()


def call(connection: Connection, http: httpx.Client, method: str, path: str, **request: Any) -> Exchanged:
    """`path` from the root of the API. Raises MisconfiguredError."""
    url, headers = base(connection) + path, {"Accept": MEDIA_TYPE} | request.pop("headers", {})

    def authorized(authorization: dict[str, str]) -> Exchanged:
        return exchange(http, method, url, headers=headers | authorization, **request)

    return _TOKENS.authorized(_client(connection), http, authorized)


def ask(
    path: str, connection: Connection, http: httpx.Client, query: Mapping[str, str] | None = None
) -> dict[str, Any] | None:
    """What is there; None for a 404. Raises httpx.HTTPError, MisconfiguredError."""
    answer = obtained(call(connection, http, "GET", path, params=query), connection)
    if answer.status == httpx.codes.NOT_FOUND:
        return None
    told = json_object(answer.body)
    if answer.status != httpx.codes.OK or "data" not in told:
        raise httpx.HTTPError(f"HTTP {answer.status}" + ("" if "data" in told else " without data"))
    return told


def letters(connection: Connection) -> str:
    """The path of the organisation's letters. Raises MisconfiguredError."""
    return f"/organisations/{quote(connection.setting('organisation_id').strip(), safe='')}/deliveries/letters"


def base(connection: Connection) -> str:
    return connection.setting("api_url", API_URL).rstrip("/")


def detail_of(answer: RawAnswer) -> str:
    """The errors of a JSON:API answer, one per line, each with the field that it is about."""
    errors = json_object(answer.body).get("errors")
    lines = [_error(one) for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    said = "\n".join(filter(None, lines)) or text(answer.body.decode(errors="replace")[:2000])
    return f"HTTP {answer.status}" + (f": {said}" if said else "")


def _error(told: dict[str, Any]) -> str:
    source = told.get("source")
    field = text(source.get("pointer") or source.get("parameter")) if isinstance(source, dict) else None
    said = ": ".join(dict.fromkeys(s for s in (text(told.get("title")), text(told.get("detail"))) if s))
    said = said or text(told.get("code")) or ""
    return f"{said} ({field})" if field else said


def _client(connection: Connection) -> Client:
    identity = connection.setting("identity_url", IDENTITY_URL).rstrip("/")
    name, secret = connection.setting("client_id").strip(), credential(connection, "client_secret")
    return Client(f"{identity}/auth/access-tokens", name, secret, SCOPE)
