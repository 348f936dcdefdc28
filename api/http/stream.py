"""GET /v1/stream: server-sent events of every change to what the caller watches.

An event's id is a position: everything up to it was sent, so a client that comes back with it (Last-Event-ID) goes on
where it was. Of several rows that one event changed, the last alone carries its position, the others the one before.
Each row comes in its latest state, and only if that matches the filters.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import Any

from fastapi import APIRouter
from psycopg import OperationalError
from starlette.requests import Request

from adapters.config.api_keys import Caller
from api.errors import FieldError
from api.http import asked
from api.http.auth import MayRead, authenticate
from api.http.channel import Change
from api.http.event_stream import EventStream
from api.http.openapi import answers
from api.http.parameters import FILTERS, LAST_EVENT_ID, NEVER_SENT, BadValueError
from api.http.problems import Problem
from api.http.read_side import ReadSide, read_side_of
from projections.queries.filters import Filters, matches

router = APIRouter(tags=["live updates"])
_PARAMETERS = (*FILTERS, NEVER_SENT, LAST_EVENT_ID)
_CHUNK = 64
"""Events sent at a time."""
_RETRY_MS = 2000
_HEADER = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The id of the last event received: what happened since then comes first.",
    "schema": LAST_EVENT_ID.schema,
}


@router.get(
    "/v1/stream",
    summary="Watch changes as they happen",
    status_code=200,
    response_class=EventStream,
    openapi_extra={"parameters": [_HEADER, *(parameter.openapi() for parameter in _PARAMETERS)]},
    responses=answers(None, 200, 422) | {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream(request: Request, caller: MayRead) -> EventStream:
    """Server-sent events `communication.updated` and `attempt.updated`, each with the whole row as its data.

    Without Last-Event-ID it begins now. While nothing happens, a comment every 15 seconds shows that the stream lives.
    """
    values = asked.read(request.query_params, _PARAMETERS)
    place = _last_event_id(request, values)
    return EventStream(_Stream(request, caller, read_side_of(request), asked.filters_of(values, caller)).chunks(place))


def _last_event_id(request: Request, values: dict[str, Any]) -> int | None:
    """The header, which a browser sends when it connects again, is newer than the address it once connected to."""
    given = request.headers.get("last-event-id")
    if not given:
        return values.get("last_event_id")
    try:
        return int(LAST_EVENT_ID.read(given))
    except BadValueError as error:
        raise asked.refusal(FieldError("Last-Event-ID", error.code, str(error))) from None


class _Stream:
    """One client's stream."""

    def __init__(self, request: Request, caller: Caller, side: ReadSide, filters: Filters) -> None:
        self.request = request
        self.caller = caller
        self.side = side
        self.filters = filters

    async def chunks(self, last_event_id: int | None) -> AsyncGenerator[bytes, None]:
        """First the id to come back with, so that a client which is cut before the first event misses nothing."""
        loop, pause = asyncio.get_running_loop(), self.side.keep_alive
        async with self.side.live.channel(self.caller.tenant_id) as (channel, now):
            place = now if last_event_id is None else last_event_id
            yield b"retry: %d\nid: %d\n\n" % (_RETRY_MS, place)
            quiet_until = loop.time() + pause
            while not self.side.live.closed:
                changes, place = await self.side.live.next(channel, place, max(0.0, quiet_until - loop.time()))
                for chunk in _events([c for c in changes if matches(self.filters, c.row)], self.caller.sees_addresses):
                    yield chunk
                if loop.time() >= quiet_until:
                    if not await self._is_welcome():
                        return
                    yield b": keep-alive\nid: %d\n\n" % place
                    quiet_until = loop.time() + pause

    async def _is_welcome(self) -> bool:
        """Whether the caller's key still holds: a stream must not outlive it."""
        try:
            await authenticate(self.request)
        except Problem:
            return False
        except OperationalError:
            return True
        return True


def _events(changes: list[Change], sees_addresses: bool) -> Iterator[bytes]:
    parts: list[bytes] = []
    for place, change in enumerate(changes):
        position = change.row.position
        more = place + 1 < len(changes) and changes[place + 1].row.position == position
        event = change.event if sees_addresses else change.masked_event
        parts.append(b"id: %d\n%s" % (position - 1 if more else position, event))
        if len(parts) == _CHUNK:
            yield b"".join(parts)
            parts = []
    if parts:
        yield b"".join(parts)
