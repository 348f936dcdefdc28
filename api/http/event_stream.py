"""A response of server-sent events that lasts until either side has had enough."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

SEND_LIMIT = 30.0
"""Seconds in which a client must take what it is sent; one that does not is cut, and may resume."""


class EventStream(Response):
    """Sends the chunks as they come. An error before the first one is answered like any other request's."""

    media_type = "text/event-stream"

    def __init__(self, chunks: AsyncGenerator[bytes, None], send_limit: float = SEND_LIMIT) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self.chunks = chunks
        self.send_limit = send_limit

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send_all(send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        if not sending.cancelled():
            sending.result()

    async def _send_all(self, send: Send) -> None:
        begun = False
        async with contextlib.aclosing(self.chunks):
            async for chunk in self.chunks:
                if not begun:
                    await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                    begun = True
                try:
                    async with asyncio.timeout(self.send_limit):
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
                except TimeoutError:
                    return
        await send({"type": "http.response.body", "body": b""})


async def _left(receive: Receive) -> None:
    """Returns when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
