"""Around every request: an id, safe headers, figures, a log line without personal data, and an answer to any fault."""

import logging
import re
import time
import traceback
from collections.abc import Awaitable
from http import HTTPStatus
from random import getrandbits

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.metrics import Metrics
from api.http.problems import Problem

log = logging.getLogger("api.access")
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
"""Kept from a response that says otherwise itself."""
_WITHOUT_CONTENT = [(b"cache-control", b"no-store")]
"""All that an answer without content needs: the others protect content, and each costs the server time."""


class Observe:
    """The outermost layer of our own. Answers of the status `unlogged` are counted and not logged one by one."""

    def __init__(self, app: ASGIApp, metrics: Metrics, unlogged: int | None = None) -> None:
        self.app = app
        self.metrics = metrics
        self.unlogged = unlogged

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        seen = _Seen(scope, send)
        try:
            await self.app(scope, receive, seen.send)
        except Exception as error:  # noqa: BLE001 - whatever it was, the caller gets an answer without internals
            log.error("request %s failed: %s", seen.request_id, _where(error))
            await self._answer(seen, receive)
        finally:
            self._note(seen)

    async def _answer(self, seen: "_Seen", receive: Receive) -> None:
        if seen.status is None:
            detail = f"Our fault. Quote request {seen.request_id} when you ask about it."
            await Problem(500, detail=detail).response()(seen.scope, receive, seen.send)

    def _note(self, seen: "_Seen") -> None:
        route, seconds = seen.route(), time.monotonic() - seen.began
        # Without an answer the client went away first; 499 is how proxies write that.
        status = seen.status or 499
        self.metrics.request(seen.scope["method"], route, status, seconds)
        if status == self.unlogged:
            return
        caller = seen.scope.get("state", {}).get("caller")
        key = caller.key_id if caller else "-"
        line = (seen.scope["method"], route, status, seconds * 1000, key, seen.request_id)
        log.info("%s %s %d %.1fms key=%s request=%s", *line)


class _Seen:
    """One request as it goes by. `status` is None until an answer begins."""

    __slots__ = ("_send", "began", "request_id", "scope", "status")

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope = scope
        self.began = time.monotonic()
        self.status: int | None = None
        self.request_id = _request_id(scope)
        self._send = send

    def send(self, message: Message) -> Awaitable[None]:
        """No coroutine of its own: it only looks at the message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            wanted = _WITHOUT_CONTENT if self.status == HTTPStatus.NO_CONTENT else _HEADERS
            own = message.get("headers")
            if own:
                said = dict(own)
                wanted = [*own, *(header for header in wanted if header[0] not in said)]
            message["headers"] = [*wanted, (b"x-request-id", self.request_id.encode())]
        return self._send(message)

    def route(self) -> str:
        """The route's pattern: a path itself may name a person."""
        return getattr(self.scope.get("route"), "path", None) or "-"


def _request_id(scope: Scope) -> str:
    """The caller's where it is sane, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and (given := _SANE_ID.fullmatch(value.decode("latin-1"))):
            return given[0]
    return f"{getrandbits(128):032x}"


def _where(error: BaseException) -> str:
    """The kind of an error and the places it came through. Never its text, which may quote what was sent."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return " ".join([type(error).__name__, *(f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in reversed(frames))])
