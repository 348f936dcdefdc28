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
_CONNECTIONS = 256


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
    clients = [(await loop.create_connection(_Client, "127.0.0.1", port))[1] for _ in range(width)]
    begun = time.perf_counter()
    for client in clients:
        client.begin(requests, statuses)
    async with asyncio.timeout(_WITHIN):
        await asyncio.gather(*(client.done for client in clients))
    took = time.perf_counter() - begun
    for client in clients:
        client.end()
    return Load(statuses, took)


def paced(port: int, requests: Sequence[bytes], rate: float) -> list[tuple[float, float]]:
    """Each request at its time, `rate` a second; when it was sent and when it was answered, by time.monotonic.

    Raises ValueError where one is not answered with 204.
    """
    return uvloop.run(_paced(port, requests, rate))


async def _paced(port: int, requests: Sequence[bytes], rate: float) -> list[tuple[float, float]]:
    loop, free = asyncio.get_running_loop(), asyncio.LifoQueue[_Client]()

    async def connected() -> _Client:
        return (await loop.create_connection(_Client, "127.0.0.1", port))[1]

    for _ in range(_CONNECTIONS):
        free.put_nowait(await connected())
    begun = time.monotonic() + 0.1

    async def at(moment: float, told: bytes) -> tuple[float, float]:
        """The time that it waits for a connection counts. The server ends those that were idle for long."""
        await asyncio.sleep(max(0.0, moment - time.monotonic()))
        client, statuses = await free.get(), Counter[int]()
        client = await connected() if client.ended else client
        client.begin(iter([told]), statuses)
        await client.done
        if statuses != {204: 1}:
            raise ValueError(f"answered with {dict(statuses)}")
        free.put_nowait(client)
        return moment, time.monotonic()

    found = await asyncio.gather(*(at(begun + number / rate, told) for number, told in enumerate(requests)))
    while not free.empty():
        free.get_nowait().end()
    return found


class _Client(asyncio.Protocol):
    """Knows answers that have a Content-Length, or none and no body: those of the servers here."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._got = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.done.set_result(None)

    @property
    def ended(self) -> bool:
        return self._transport.is_closing()

    def begin(self, requests: Iterator[bytes], statuses: Counter[int]) -> None:
        """One after the other; `done` after the last answer."""
        self.requests, self.statuses = requests, statuses
        self.done = asyncio.get_running_loop().create_future()
        self._next()

    def end(self) -> None:
        self._transport.close()

    def _next(self) -> None:
        told = next(self.requests, None)
        if told is None:
            self.done.set_result(None)
        else:
            self._transport.write(told)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            self.statuses[int(head[9:12])] += 1
            self._got = b""
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server ended a connection"))


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0
