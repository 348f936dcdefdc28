"""Calls of the webhook intake, and logs that fail it."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx

from adapters.bootstrap import Installation
from adapters.webhook_log.frames import decode_frame
from adapters.webhook_log.port import LoggedRequest, LogUnavailableError, Positions
from adapters.webhook_log.postgres import PostgresLog
from api.http.intake import Intake
from tests.consumers.hooks import ADDRESS, Hooks

PUBLIC = "https://mail.acme.example/sendtrail"


class BrokenLog:
    async def append(self, requests: Sequence[LoggedRequest]) -> None:
        raise LogUnavailableError(f"{len(requests)} requests refused")

    def lag(self, positions: Positions) -> dict[str, int]:
        return dict(positions([]))

    def close(self) -> None: ...


class ShortLog(PostgresLog):
    """Closes its connections after each append."""

    async def append(self, requests: Sequence[LoggedRequest]) -> None:
        try:
            await super().append(requests)
        finally:
            self.close()


class HeldLog(BrokenLog):
    """Fails once it is let go; `taken` requests came to it."""

    def __init__(self) -> None:
        self.entered, self.let_go = asyncio.Event(), asyncio.Event()
        self.calls = self.taken = 0

    async def append(self, requests: Sequence[LoggedRequest]) -> None:
        self.calls += 1
        self.taken += len(requests)
        self.entered.set()
        await asyncio.wait_for(self.let_go.wait(), 10)
        await super().append(requests)


async def all_in(app: Intake, held: HeldLog, count: int) -> bool:
    return app.log.waiting + held.taken == count


def client(api: Installation, log: Any = None) -> httpx.AsyncClient:
    app = Intake(api, log or ShortLog(api.database.pool, api.clock))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://10.0.0.7:8080")


def logged(world: Hooks) -> list[LoggedRequest]:
    frames = world.rows("SELECT frame FROM work.webhook_log ORDER BY partition_no, log_offset")
    return [request for (frame,) in frames for request in decode_frame(frame)]


def path(connection: object) -> str:
    return f"/v1/webhooks/{connection}"


async def post(
    api: Installation, where: object, body: bytes, headers: dict[str, str], log: Any = None
) -> httpx.Response:
    async with client(api, log) as http:
        return await http.post(path(where), content=body, headers=headers)


async def called(api: Installation, connection: UUID, receive: Any) -> list[dict[str, Any]]:
    """What is sent in answer to a POST that comes in through `receive`."""
    answers: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path(connection), "raw_path": path(connection).encode(), "query_string": b"",
        "root_path": "", "headers": [(b"host", b"x")], "server": ("x", 80), "client": ("x", 1),
    }  # fmt: skip
    await Intake(api, ShortLog(api.database.pool, api.clock))(scope, receive, send)
    return answers


BODY = json.dumps([{"event": "delivered", "email": ADDRESS}]).encode() + b"\r\n"
