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
from adapters.providers.port import Connection, RawRequest
from adapters.webhook_log.merging import MergingLog
from adapters.webhook_log.port import LoggedRequest, LogUnavailableError, WebhookLog
from api.http.entrance import RETRY_AFTER, Entrance
from api.http.problems import Problem

log = logging.getLogger(__name__)
MOST_BYTES = 1024 * 1024
MOST_HEADER_BYTES = 32 * 1024
MOST_URL_BYTES = 8 * 1024
PATIENCE = 30.0
"""Seconds for a body to come in."""
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
        self._entrances: dict[str, Entrance] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = Route
        try:
            await self._answer(scope["path"].removeprefix(PREFIX), scope, receive)
        except Problem as problem:
            await problem.response()(scope, receive, send)
        except ClientDisconnect:
            return
        else:
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async def _answer(self, named: str, scope: Scope, receive: Receive) -> None:
        """Returns where the answer is that all is well. Raises Problem, ClientDisconnect."""
        method = scope["method"]
        if method == "POST":
            await self._take(named, scope, receive)
        elif method in ("GET", "HEAD"):
            await self._entrance(named)
        else:
            raise Problem(405, detail="This address does not take the method.", headers={"Allow": "GET, HEAD, POST"})

    async def _take(self, named: str, scope: Scope, receive: Receive) -> None:
        """Returns once the request is durable."""
        headers, size = _flat(scope["headers"])
        _refuse_oversized(scope, headers, size)
        body = await _body(receive)
        entrance = await self._entrance(named)
        raw = RawRequest(self._url(scope), headers, body, self.installation.clock())
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
        """Raises Problem."""
        get, known = self.installation.connections.get, self._entrances.get(named)
        if known and get.known(known.connection.id)[1] is known.connection:
            return known
        connection = await self._connection(_uuid(named))
        if connection is None:
            raise Problem(404, "unknown_connection", "There is no such connection.")
        made = self._entrances[str(connection.id)] = Entrance(connection)
        return made

    async def _connection(self, key: UUID | None) -> Connection | None:
        """A thread is only needed where the database must be asked. Raises Problem."""
        if key is None:
            return None
        try:
            get = self.installation.connections.get
            return get.known(key)[1] or await asyncio.to_thread(get, key)
        except OperationalError as error:
            log.error("connections cannot be read: %s", type(error).__name__)
            raise Problem(503, "unavailable", "Send it again later.", headers=RETRY_AFTER) from None

    def _url(self, scope: Scope) -> str:
        """As the provider was told it and signs it: our public address, whatever a proxy calls us."""
        query: bytes = scope["query_string"]
        path: bytes = scope["raw_path"].partition(b"?")[0]
        told = path + b"?" + query if query else path
        return self.installation.settings.reached_at + told.decode("latin-1")


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
        raise _too_large()


async def _body(receive: Receive) -> bytes:
    """Raises Problem as soon as it is longer than allowed, or takes too long; ClientDisconnect."""
    parts: list[bytes] = []
    size, more = 0, True
    try:
        async with asyncio.timeout(PATIENCE):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                parts.append(message.get("body", b""))
                size, more = size + len(parts[-1]), message.get("more_body", False)
                if size > MOST_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise Problem(408, "too_slow", headers={"Connection": "close"}) from None
    return b"".join(parts)


def _too_large() -> Problem:
    return Problem(413, "too_large", f"A webhook may have {MOST_BYTES} bytes.", headers={"Connection": "close"})


def _flat(headers: Iterable[tuple[bytes, bytes]]) -> tuple[dict[str, str], int]:
    """Names in lower case; the values of a repeated header joined, so that no second one hides behind the first.

    And how many bytes they are.
    """
    flat: dict[str, str] = {}
    size = 0
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        flat[name] = f"{flat[name]}, {value}" if name in flat else value
        size += len(name) + len(value)
    return flat, size
