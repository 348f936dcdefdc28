"""Calls to a platform's Flow Service (XP Z12-013), with a token of its own OAuth server."""

from typing import Any
from urllib.parse import quote

import httpx

from adapters.providers.calls import credential, exchange
from adapters.providers.oauth import Client, Exchanged, Tokens, obtained, unanswered
from adapters.providers.port import Connection, MisconfiguredError, RawAnswer
from adapters.providers.reading import json_object

ORIGINAL = "Original"
BODY, HEADER = "body", "basic"
_TOKENS = Tokens()


def call(method: str, path: str, connection: Connection, http: httpx.Client, **request: Any) -> Exchanged:
    """Raises MisconfiguredError."""
    url, headers = connection.setting("api_url").strip().rstrip("/") + path, {}
    if organization := connection.settings.get("organization_id"):
        headers["Organization-Id"] = str(organization).strip()

    def go(authorization: dict[str, str]) -> Exchanged:
        return exchange(http, method, url, headers=headers | authorization, **request)

    return _TOKENS.authorized(_client(connection), http, go)


def search(where: dict[str, Any], connection: Connection, http: httpx.Client, pages: int) -> list[dict[str, Any]]:
    """The flows of at most so many pages of 100. Raises httpx.HTTPError, MisconfiguredError."""
    found: list[dict[str, Any]] = []
    wanted: dict[str, Any] = {"where": where, "limit": 100}
    for _ in range(pages):
        answer = _asked("POST", "/v1/flows/search", connection, http, json=wanted)
        told = json_object(answer.body) if answer else {}
        results, cursor = told.get("results"), told.get("nextCursor")
        found += [one for one in results if isinstance(one, dict)] if isinstance(results, list) else []
        if not isinstance(cursor, str) or not cursor:
            break
        wanted["cursor"] = cursor
    return found


def flow(name: str, connection: Connection, http: httpx.Client) -> dict[str, Any] | None:
    """None where there is none. Raises httpx.HTTPError, MisconfiguredError."""
    answer = _asked("GET", _path(name), connection, http)
    return json_object(answer.body) if answer else None


def original(name: str, connection: Connection, http: httpx.Client) -> bytes | None:
    """The file as it was given to the platform. Raises httpx.HTTPError, MisconfiguredError."""
    answer = _asked("GET", _path(name), connection, http, params={"docType": ORIGINAL})
    return answer.body if answer else None


def _asked(method: str, path: str, connection: Connection, http: httpx.Client, **request: Any) -> RawAnswer | None:
    answer = obtained(call(method, path, connection, http, **request), connection)
    if answer.status == httpx.codes.NOT_FOUND:
        return None
    if answer.status != httpx.codes.OK:
        raise unanswered(answer)
    return answer


def _path(name: str) -> str:
    return f"/v1/flows/{quote(name, safe='')}"


def _client(connection: Connection) -> Client:
    """Raises MisconfiguredError."""
    way = connection.setting("token_auth", BODY).strip().lower()
    if way not in (BODY, HEADER):
        raise MisconfiguredError(f"connection {connection.id}: token_auth is {BODY} or {HEADER}")
    url, name = connection.setting("token_url").strip(), connection.setting("client_id").strip()
    scope = str(connection.settings.get("scope") or "")
    return Client(url, name, credential(connection, "client_secret"), scope, basic=way == HEADER)
