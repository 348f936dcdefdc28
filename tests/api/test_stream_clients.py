"""Clients by the hundred, and one that does not take what it is sent."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from api.http.event_stream import EventStream
from tests.support.eventually import eventually_async
from tests.support.read_rows import attempt, project_to, put_attempts
from tests.support.reading_api import ReadingApi, reading_api

CLIENTS = 200


def test_every_one_of_many_clients_is_told(database_url: str, tmp_path: Path) -> None:
    with reading_api(database_url, tmp_path, keep_alive=60) as api:
        project_to(api.worker, 1)
        assert asyncio.run(_told(api)) == CLIENTS


async def _told(api: ReadingApi) -> int:
    connected = await asyncio.gather(*(_connect(api) for _ in range(CLIENTS)))
    await eventually_async(lambda: _no_connection_is_held(api))
    await asyncio.to_thread(put_attempts, api.worker, [attempt(2, tenant_id=api.tenants["acme"])])
    await asyncio.to_thread(project_to, api.worker, 2)
    told = await asyncio.gather(*(_read_until(reader, b"event: attempt.updated\n") for reader, _ in connected))
    for _, writer in connected:
        writer.close()
    return len(told)


async def _no_connection_is_held(api: ReadingApi) -> bool:
    """Once the pool no longer makes any."""
    stats = api.side.asker.pool.get_stats()
    return stats["pool_available"] == stats["pool_size"]


async def _connect(api: ReadingApi) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(api.address.rpartition(":")[2]))
    key = api.headers()["Authorization"]
    writer.write(f"GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\n\r\n".encode())
    await _read_until(reader, b"id: 1\n")
    return reader, writer


async def _read_until(reader: asyncio.StreamReader, line: bytes) -> None:
    async with asyncio.timeout(20):
        while await reader.readline() != line:
            assert not reader.at_eof()


class Connection:
    """An ASGI connection whose client takes so many chunks and then no more, until it is gone."""

    def __init__(self, takes: int) -> None:
        self.takes = takes
        self.sent: list[dict[str, Any]] = []
        self.gone = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if len(self.sent) > self.takes:
            await asyncio.Event().wait()
        self.sent.append(dict(message))


class Chunks:
    """For ever; `closed` once nobody wants more."""

    def __init__(self) -> None:
        self.closed = False

    async def __call__(self) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                await asyncio.sleep(0)
                yield b"chunk"
        finally:
            self.closed = True


def test_a_client_that_takes_nothing_is_cut() -> None:
    async def story() -> None:
        connection, chunks = Connection(takes=3), Chunks()
        await EventStream(chunks(), send_limit=0.05)({}, connection.receive, connection.send)
        assert [message["type"] for message in connection.sent] == ["http.response.start"] + ["http.response.body"] * 3
        assert chunks.closed

    asyncio.run(story())


def test_a_client_that_leaves_ends_its_stream() -> None:
    async def story() -> None:
        connection, chunks = Connection(takes=3), Chunks()
        running = asyncio.create_task(EventStream(chunks())({}, connection.receive, connection.send))

        async def stuck() -> bool:
            return len(connection.sent) == 4

        await eventually_async(stuck)
        connection.gone.set()
        await running
        assert chunks.closed

    asyncio.run(story())
