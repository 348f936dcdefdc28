"""OAuth 2 client credentials: one token for many calls, until shortly before it expires."""

import hashlib
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote_plus

import httpx

from adapters.providers.calls import exchange, misconfigured, wait
from adapters.providers.port import Connection, MisconfiguredError, RawAnswer, Refused, TryLater, Unknown
from adapters.providers.reading import json_object, text

Exchanged = RawAnswer | Refused | TryLater | Unknown

MARGIN = 30.0
"""Seconds before its end from which a token is not used any more: a call may wait that long in queues."""
_UNSAID, _LONGEST = 60.0, 86400.0
_MOST = 1000
_WHEN = ("retry-after", "x-ratelimit-reset", "date")


class Client(NamedTuple):
    """Who asks for a token, and where. `scope` empty: none is named. `basic`: id and secret go in a header."""

    url: str
    id: str
    secret: str
    scope: str = ""
    basic: bool = False


class Tokens:
    """Safe to share between threads: at worst a token is fetched twice."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[tuple[str, ...], tuple[str, float]] = {}

    def get(self, client: Client, http: httpx.Client) -> str | Refused | TryLater:
        """A token that is good for now; no token means that nothing was sent yet."""
        known = self._known.get(_key(client))
        if known and known[1] > self._clock():
            return known[0]
        asked = self._clock()
        answer = exchange(http, "POST", client.url, **_request(client))
        if not isinstance(answer, RawAnswer):
            return answer if isinstance(answer, Refused) else TryLater("provider_outage", f"no token: {answer.detail}")
        told = json_object(answer.body)
        token = text(told.get("access_token"))
        if answer.status != httpx.codes.OK or token is None or not (token.isascii() and token.isprintable()):
            return _failure(answer, told)
        self._remember(client, token, asked + _seconds(told.get("expires_in")))
        return token

    def authorized(self, client: Client, http: httpx.Client, call: Callable[[dict[str, str]], Exchanged]) -> Exchanged:
        """`call` with the header that carries the token; once more with a new token where it was refused (401).

        That proves that nothing was done, so it is safe for calls that must not be made twice.
        """
        answer = self._call(client, http, call)
        if isinstance(answer, RawAnswer) and answer.status == httpx.codes.UNAUTHORIZED:
            self._known.pop(_key(client), None)
            return self._call(client, http, call)
        return answer

    def _call(self, client: Client, http: httpx.Client, call: Callable[[dict[str, str]], Exchanged]) -> Exchanged:
        token = self.get(client, http)
        return call({"Authorization": f"Bearer {token}"}) if isinstance(token, str) else token

    def _remember(self, client: Client, token: str, until: float) -> None:
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[_key(client)] = (token, until)


def obtained(exchanged: Exchanged, connection: Connection) -> RawAnswer:
    """The answer to a question, of whatever status. Raises httpx.HTTPError, MisconfiguredError where there is none."""
    if isinstance(exchanged, Refused):
        raise MisconfiguredError(f"connection {connection.id}: {exchanged.detail}")
    if isinstance(exchanged, TryLater) and exchanged.after:
        raise unanswered(RawAnswer(httpx.codes.TOO_MANY_REQUESTS, {"retry-after": f"{exchanged.after:.0f}"}, b""))
    if not isinstance(exchanged, RawAnswer):
        raise httpx.HTTPError(exchanged.detail)
    return exchanged


def unanswered(answer: RawAnswer, detail: str = "") -> httpx.HTTPStatusError:
    """The error for an answer that tells nothing, with what it says of when to come again; without the URL."""
    headers = {name: answer.headers[name] for name in _WHEN if name in answer.headers}
    said = f"HTTP {answer.status}" + (f", {detail}" if detail else "")
    nowhere = httpx.Request("POST", "https://unsaid.invalid")
    return httpx.HTTPStatusError(said, request=nowhere, response=httpx.Response(answer.status, headers=headers))


def _key(client: Client) -> tuple[str, ...]:
    return client.url, client.id, hashlib.sha256(client.secret.encode(errors="replace")).hexdigest(), client.scope


def _request(client: Client) -> dict[str, Any]:
    """RFC 6749, 4.4.2 and 2.3.1: in a header both are form-encoded first."""
    form = {"grant_type": "client_credentials"} | ({"scope": client.scope} if client.scope else {})
    if client.basic:
        return {"data": form, "auth": (quote_plus(client.id), quote_plus(client.secret))}
    return {"data": form | {"client_id": client.id, "client_secret": client.secret}}


def _seconds(told: object) -> float:
    """How long the token is used: its life (seconds, as a number or as text) less the margin."""
    try:
        life = float(told) if isinstance(told, str | int | float) else _UNSAID
    except (ValueError, OverflowError):
        life = _UNSAID
    return max(min(life, _LONGEST) - min(MARGIN, life / 10), 0.0)


def _failure(answer: RawAnswer, told: dict[str, Any]) -> Refused | TryLater:
    said = ": ".join(s for s in (text(told.get("error")), text(told.get("error_description"))) if s)
    detail = f"no token: HTTP {answer.status}" + (f", {said}" if said else "")
    if answer.status == httpx.codes.TOO_MANY_REQUESTS:
        return TryLater("rate_limited", detail, wait(answer))
    if answer.status in (httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return Refused("authentication", detail)
    if answer.status >= httpx.codes.INTERNAL_SERVER_ERROR or answer.status == httpx.codes.REQUEST_TIMEOUT:
        return TryLater("provider_outage", detail)
    return misconfigured(detail)
