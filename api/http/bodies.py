"""Bounds every request body before it is read, and says which kind a route takes."""

import json
import re
from typing import Any, NamedTuple

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.documents import LARGEST
from api.http.problems import NO_BODY, Problem, malformed, malformed_json

MIB = 1024 * 1024
JSON = "application/json"
MULTIPART = "multipart/form-data"
_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Bound(NamedTuple):
    """At most so many bytes, of this media type."""

    size: int
    media_type: str


_USUAL = Bound(MIB, JSON)
_BOUNDS = (
    (re.compile(r"/v1/attempts:bulk|/v1/communications:mark_sent"), Bound(10 * MIB, JSON)),
    # The form's own lines and the file's name come on top of the file.
    (re.compile(r"/v1/subjects/[^/]+/.+/documents"), Bound(LARGEST + 64 * 1024, MULTIPART)),
)


class BoundBodies:
    """413 as soon as a body is known to be too large, by its length or while it comes in; 415 for the wrong kind."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in _METHODS:
            await self.app(scope, receive, send)
            return
        bound, headers = _bound(scope["path"]), Headers(scope=scope)
        try:
            _check(bound, headers)
        except Problem as problem:
            await problem.response()(scope, receive, send)
            return
        await self.app(scope, _counted(receive, bound.size), send)


async def read_json(request: Request) -> Any:
    """The whole body as FastAPI reads it, NO_BODY where there is none. Raises Problem."""
    try:
        body = await request.body()
        return json.loads(body) if body else NO_BODY
    except json.JSONDecodeError:
        raise malformed_json() from None
    except Problem:
        raise
    except Exception:  # noqa: BLE001 - nested too deep, numbers without end, bytes that are no text; or it ended early
        raise malformed() from None


def _bound(path: str) -> Bound:
    return next((bound for pattern, bound in _BOUNDS if pattern.fullmatch(path)), _USUAL)


def _check(bound: Bound, headers: Headers) -> None:
    length = headers.get("content-length")
    if length is not None and not (length.isascii() and length.isdecimal()):
        raise Problem(400, detail="Content-Length is not a number.")
    if length is not None and int(length) > bound.size:
        raise _too_large(bound.size)
    has_body = "transfer-encoding" in headers or length not in (None, "0")
    if has_body and _media_type(headers) != bound.media_type:
        raise Problem(415, detail=f"Send {bound.media_type}.", headers={"Accept": bound.media_type})


def _media_type(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _counted(receive: Receive, most: int) -> Receive:
    seen = 0

    async def next_message() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise _too_large(most)
        return message

    return next_message


def _too_large(most: int) -> Problem:
    return Problem(413, detail=f"The body may have {most} bytes here.")
