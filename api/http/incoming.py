"""A body as it comes in: bounded in bytes and in time."""

import asyncio
from collections.abc import Generator
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from api.http.problems import Problem

PATIENCE = 30.0
"""Seconds for a body to come in."""


class _Rest(Generator[Any, Any, Message]):
    """What is left of a coroutine once it waits for something, to be awaited itself."""

    def __init__(self, left: Generator[Any, Any, Message], waits: object) -> None:
        self._left = left
        self._waits: object = waits

    def __await__(self) -> Generator[Any, Any, Message]:
        return self

    def send(self, value: object) -> object:
        if self._waits is None:
            return self._left.send(value)
        waits, self._waits = self._waits, None
        return waits

    def throw(self, *error: Any) -> object:
        return self._left.throw(*error)


async def whole_body(receive: Receive, most: int) -> bytes:
    """Raises Problem as soon as it has more bytes than `most`, or takes too long; ClientDisconnect.

    As a rule it came together with its headers: then there is nothing to wait for, and no clock is set.
    """
    coming = receive().__await__()
    try:
        first: Message | _Rest = _Rest(coming, next(coming))
    except StopIteration as came:
        first = came.value
        if not came.value.get("more_body"):
            return _part(came.value, most)
    try:
        async with asyncio.timeout(PATIENCE):
            return await _parts(await first if isinstance(first, _Rest) else first, receive, most)
    except TimeoutError:
        raise Problem(408, "too_slow", headers={"Connection": "close"}) from None


async def _parts(message: Message, receive: Receive, most: int) -> bytes:
    body = bytearray(_part(message, most))
    while message.get("more_body"):
        message = await receive()
        body += _part(message, most, len(body))
    return bytes(body)


def _part(message: Message, most: int, before: int = 0) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    part: bytes = message.get("body", b"")
    if before + len(part) > most:
        raise too_large(most)
    return part


def too_large(most: int) -> Problem:
    return Problem(413, "too_large", f"A webhook may have {most} bytes.", headers={"Connection": "close"})
