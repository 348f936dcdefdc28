"""Webhooks come in here: verified on the raw body, logged durably, answered. Nothing is parsed and nothing dropped.

An ASGI application of its own before the others: a webhook passes no router, no validation and, as a rule, no thread.
"""

import asyncio
import logging
from collections.abc import Iterable
from uuid import UUID

from psycopg import OperationalError
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from adapters.bootstrap import Installation
from adapters.config.cache import Remembered
from adapters.providers.port import RawRequest
from adapters.webhook_log.merging import MergingLog
from adapters.webhook_log.port import LoggedRequest, LogUnavailableError, WebhookLog
from api.http.entrance import RETRY_AFTER, Entrance
from api.http.incoming import too_large, whole_body
from api.http.problems import Problem

log = logging.getLogger(__name__)
MOST_BYTES = 1024 * 1024
MOST_HEADER_BYTES = 32 * 1024
MOST_URL_BYTES = 8 * 1024
AT_ONCE = 64 * 1024
"""Bytes of a body up to which a signature is checked without a thread."""
PREFIX = "/v1/webhooks/"


class Route:
    """By what name figures and the log know it, as they know the routes of the others."""

    path = PREFIX + "{connection_id}"


class Intake:
    """Answers what comes to an address that begins with PREFIX. The log belongs to the caller, who closes it."""

    def __init__(self, installation: Installation, webhook_log: WebhookLog) -> None:
        self.installation = installation
        self.log = MergingLog(webhook_log)
        self._entrances = Remembered(self._look_up)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = Route
        named, method = scope["path"].removeprefix(PREFIX), scope["method"]
        try:
            if method == "POST":
                await self._take(named, scope, receive)
            elif method in ("GET", "HEAD"):
                await self._entrance(named)
            else:
                raise _not_allowed()
        except Problem as problem:
            await problem.response()(scope, receive, send)
        except ClientDisconnect:
            return
        else:
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async def _take(self, named: str, scope: Scope, receive: Receive) -> None:
        """Returns once the request is durable. Raises Problem, ClientDisconnect."""
        headers, size = _flat(scope["headers"])
        _refuse_oversized(scope, headers, size)
        body = await whole_body(receive, MOST_BYTES)
        entrance = self._entrances.known(named)[1] or await self._entrance(named)
        raw = RawRequest(entrance.reached_at + _told(scope), headers, body, self.installation.clock())
        if entrance.is_slow or len(body) > AT_ONCE:
            await asyncio.to_thread(entrance.verify, raw)
        else:
            entrance.verify(raw)
        try:
            kept = LoggedRequest(entrance.connection.id, entrance.without_secrets(raw))
            await self.log.append(kept, size + len(body))
        except LogUnavailableError as error:
            log.error("the webhook log does not take requests: %s", error)
            raise Problem(503, "log_unavailable", "Send it again later.", headers=RETRY_AFTER) from None

    async def _entrance(self, named: str) -> Entrance:
        """A thread is only needed where the database must be asked. Raises Problem."""
        known, found = self._entrances.known(named)
        try:
            if not known and _uuid(named) is not None:
                found = await asyncio.to_thread(self._entrances, named)
        except OperationalError as error:
            log.error("connections cannot be read: %s", type(error).__name__)
            raise Problem(503, "unavailable", "Send it again later.", headers=RETRY_AFTER) from None
        if found is None:
            raise Problem(404, "unknown_connection", "There is no such connection.")
        return found

    def _look_up(self, named: str) -> Entrance | None:
        """Asks the database: what is remembered twice would be seen late. Raises OperationalError."""
        connection = self.installation.connections.get.look_up(UUID(named))
        return None if connection is None else Entrance(connection, self.installation.settings.reached_at)


def _told(scope: Scope) -> str:
    """The address as the provider wrote it behind our name."""
    path: bytes = scope["raw_path"].partition(b"?")[0]
    query: bytes = scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


def _not_allowed() -> Problem:
    return Problem(405, detail="This address does not take the method.", headers={"Allow": "GET, HEAD, POST"})


def _uuid(named: str) -> UUID | None:
    try:
        return UUID(named) if len(named) == 36 else None
    except ValueError:
        return None


def _refuse_oversized(scope: Scope, headers: dict[str, str], size: int) -> None:
    if len(scope["raw_path"]) + len(scope["query_string"]) > MOST_URL_BYTES:
        raise Problem(414, "address_too_long")
    if size > MOST_HEADER_BYTES:
        raise Problem(431, "headers_too_large")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal()):
        raise Problem(400, detail="Content-Length is not a number.")
    if int(length) > MOST_BYTES:
        raise too_large(MOST_BYTES)


def _flat(headers: Iterable[tuple[bytes, bytes]]) -> tuple[dict[str, str], int]:
    """Names in lower case; the values of a repeated header joined, so that no second one hides behind the first.

    And how many bytes they are.
    """
    flat: dict[str, str] = {}
    size = 0
    for name, value in headers:
        key, told = str(name, "latin-1"), str(value, "latin-1")
        size += len(key) + len(told)
        flat[key] = f"{flat[key]}, {told}" if key in flat else told
    return flat, size
