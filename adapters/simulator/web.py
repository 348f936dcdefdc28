"""Small things that all sides need of HTTP."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from adapters.simulator.background import Background

CUT = "sendtrail.cut"


class BodyTooLargeError(Exception):
    """The request's body is over the limit."""


async def body_of(request: Request, limit: int) -> bytes:
    """Raises BodyTooLargeError as soon as it is known, whatever the header says."""
    if int(request.headers.get("content-length") or 0) > limit:
        raise BodyTooLargeError
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise BodyTooLargeError
    return bytes(body)


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(value), status, headers, media_type="application/json")


async def hang(request: Request, background: Background, seconds: float) -> Response:
    """Hold the connection, then cut it without an answer. The response is for servers that cannot cut."""
    waits = {asyncio.ensure_future(background.pause(seconds)), asyncio.ensure_future(request.receive())}
    _, unfinished = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in unfinished:
        wait.cancel()
    if cut := request.scope.get("extensions", {}).get(CUT):
        cut()
    return Response(status_code=504)


class CuttableProtocol(H11Protocol):
    """Lets the application cut its connection, which no web framework does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        app = self.app

        async def with_cut(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[CUT] = self._cut
            await app(scope, receive, send)

        self.app = with_cut

    def _cut(self) -> None:
        self.transport.abort()
