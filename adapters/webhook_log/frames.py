"""Frames: one log record carries 1..n requests, because what a log costs is mostly per record.

A frame is a version byte and a MessagePack array of requests, bounded in count and bytes.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from adapters.providers.port import RawRequest
from adapters.webhook_log.port import LoggedRequest

VERSION = 1
MOST_REQUESTS = 500
FULL_BYTES = 2 * 1024 * 1024
"""A frame that has reached this takes no more requests."""
MOST_BYTES = FULL_BYTES + 1536 * 1024
"""No frame is longer: one request more than full, its body 1 MiB and its headers and address a few KiB."""


class UnreadableFrameError(Exception):
    """The record is not a frame that this release can read."""


class _Logged(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    connection_id: UUID
    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    received_at: datetime


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(list[_Logged])


def encode_frame(requests: Sequence[LoggedRequest]) -> bytes:
    told = [(key, r.method, r.url, r.headers, r.body, r.received_at) for key, r in requests]
    return bytes([VERSION]) + _encode(told)


def decode_frame(frame: bytes) -> list[LoggedRequest]:
    """Raises UnreadableFrameError."""
    if not frame or frame[0] != VERSION:
        raise UnreadableFrameError(f"frame version {frame[0] if frame else 'missing'}; this release reads {VERSION}")
    if len(frame) > MOST_BYTES:
        raise UnreadableFrameError(f"a frame of {len(frame)} bytes; the most is {MOST_BYTES}")
    try:
        found = _decoder.decode(memoryview(frame)[1:])
    except msgspec.MsgspecError as error:
        raise UnreadableFrameError(f"not a frame: {error}") from None
    if not 0 < len(found) <= MOST_REQUESTS:
        raise UnreadableFrameError(f"a frame of {len(found)} requests; 1 to {MOST_REQUESTS} are possible")
    return [
        LoggedRequest(f.connection_id, RawRequest(f.url, f.headers, f.body, f.received_at, f.method)) for f in found
    ]


def how_many(frame: bytes) -> int:
    """The requests in a frame, by its head alone; 1 for what is no frame."""
    head = frame[1] if len(frame) > 1 else 0
    if head & 0xF0 == 0x90:
        return head & 0x0F
    return int.from_bytes(frame[2:4], "big") if head == 0xDC else 1


def partition_of(connection_id: UUID, partitions: int) -> int:
    """All of one connection's requests are in one partition."""
    return zlib.crc32(connection_id.bytes) % partitions


def by_partition(requests: Iterable[LoggedRequest], partitions: int) -> dict[int, list[bytes]]:
    """The frames for each partition, requests in the order given."""
    grouped: dict[int, list[LoggedRequest]] = defaultdict(list)
    for logged in requests:
        grouped[partition_of(logged.connection_id, partitions)].append(logged)
    return {part: _frames(found) for part, found in sorted(grouped.items())}


def _frames(requests: Sequence[LoggedRequest]) -> list[bytes]:
    """As a rule all of them fit into one."""
    if len(requests) <= MOST_REQUESTS and len(frame := encode_frame(requests)) <= FULL_BYTES:
        return [frame]
    return [encode_frame(full) for full in _filled(requests)]


def _filled(requests: Sequence[LoggedRequest]) -> Iterator[list[LoggedRequest]]:
    frame: list[LoggedRequest] = []
    size = 0
    for logged in requests:
        frame.append(logged)
        size += _size(logged.request)
        if size >= FULL_BYTES or len(frame) == MOST_REQUESTS:
            yield frame
            frame, size = [], 0
    if frame:
        yield frame


def _size(request: RawRequest) -> int:
    """Bytes that it takes up in a frame, about."""
    headers = request.headers
    return len(request.body) + len(request.url) + sum(map(len, headers)) + sum(map(len, headers.values()))
