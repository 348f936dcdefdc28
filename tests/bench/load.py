"""HTTP/1.1 load from one event loop: kept-alive connections, each with one request under way. Raw on purpose: a client
that costs more than the server measures itself.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, islice
from typing import NamedTuple, cast

import uvloop

_WITHIN = 300.0
"""Seconds for a whole load."""


class Load(NamedTuple):
    """`statuses` counts the answers; `seconds` runs from the first request to the last answer."""

    statuses: Mapping[int, int]
    seconds: float


def request(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A POST as it goes over the wire."""
    told = {"Host": "127.0.0.1", **headers, "Content-Length": str(len(body))}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items()), "", ""]
    return "\r\n".join(lines).encode() + body


def load(port: int, requests: Sequence[bytes], count: int, width: int = 64) -> Load:
    """`count` requests, from the first again after the last, over `width` connections."""
    return uvloop.run(_load(port, islice(cycle(requests), count), width))


async def _load(port: int, requests: Iterator[bytes], width: int) -> Load:
    loop, statuses = asyncio.get_running_loop(), Counter[int]()
    opened = [
        await loop.create_connection(lambda: _Client(requests, statuses), "127.0.0.1", port) for _ in range(width)
    ]
    clients = [client for _, client in opened]
    begun = time.perf_counter()
    for client in clients:
        client.next()
    async with asyncio.timeout(_WITHIN):
        await asyncio.gather(*(client.done for client in clients))
    return Load(statuses, time.perf_counter() - begun)


class _Client(asyncio.Protocol):
    """Knows answers that have a Content-Length, or none and no body: those of the servers here."""

    def __init__(self, requests: Iterator[bytes], statuses: Counter[int]) -> None:
        self.requests = requests
        self.statuses = statuses
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def next(self) -> None:
        told = next(self.requests, None)
        if told is not None:
            self._transport.write(told)
            return
        self._transport.close()
        self.done.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            self.statuses[int(head[9:12])] += 1
            self._got = b""
            self.next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server ended a connection"))


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0
