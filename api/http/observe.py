"""Around every request: an id, safe headers, figures, a log line without personal data, and an answer to any fault."""

import logging
import re
import time
import traceback
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.metrics import Metrics
from api.http.problems import Problem

log = logging.getLogger("api.access")
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Kept from a response that says otherwise itself."""


class Observe:
    """The outermost layer of our own."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

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
        caller = seen.scope.get("state", {}).get("caller")
        key = caller.key_id if caller else "-"
        line = (seen.scope["method"], route, status, seconds * 1000, key, seen.request_id)
        log.info("%s %s %d %.1fms key=%s request=%s", *line)


class _Seen:
    """One request as it goes by. `status` is None until an answer begins."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope = scope
        self.began = time.monotonic()
        self.status: int | None = None
        given = Headers(scope=scope).get("x-request-id", "")
        self.request_id = given if _SANE_ID.fullmatch(given) else uuid4().hex
        self._send = send

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.request_id
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)

    def route(self) -> str:
        """The route's pattern: a path itself may name a person."""
        return getattr(self.scope.get("route"), "path", None) or "-"


def _where(error: BaseException) -> str:
    """The kind of an error and the places it came through. Never its text, which may quote what was sent."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return " ".join([type(error).__name__, *(f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in reversed(frames))])
