"""What the writing routes share."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from api.errors import AttemptUnknownError, CommunicationNotFoundError, DocumentNotFoundError, RequestError
from api.http import idempotency
from api.http.answers import Answer
from api.http.asked import read
from api.http.auth import authenticate
from api.sending import Done, Keep

Handle = Callable[[Request], Coroutine[Any, Any, Response]]
_Id = Annotated[str, Path(json_schema_extra={"format": "uuid"})]


class GuardedRoute(APIRoute):
    """Knows who calls before it reads the body; refuses query parameters, as there are none; wakes the projector."""

    def get_route_handler(self) -> Handle:
        handle = super().get_route_handler()

        return partial(guarded, handle)


async def guarded(handle: Handle, request: Request) -> Response:
    await authenticate(request)
    read(request.query_params, ())
    response = await handle(request)
    if request.method != "GET" and response.status_code < 400:
        request.app.state.waker.wake()
    return response


def guarded_router(tag: str) -> APIRouter:
    return APIRouter(route_class=GuardedRoute, tags=[tag])


async def _attempt_id(attempt_id: _Id) -> UUID:
    return _uuid(attempt_id, AttemptUnknownError)


async def _communication_id(communication_id: _Id) -> UUID:
    return _uuid(communication_id, CommunicationNotFoundError)


async def _document_id(document_id: _Id) -> UUID:
    return _uuid(document_id, DocumentNotFoundError)


def _uuid(text: str, unknown: type[RequestError]) -> UUID:
    """What cannot be an id names nothing."""
    try:
        return UUID(text)
    except ValueError:
        raise unknown from None


AttemptId = Annotated[UUID, Depends(_attempt_id)]
CommunicationId = Annotated[UUID, Depends(_communication_id)]
DocumentId = Annotated[UUID, Depends(_document_id)]


def answered(status: int, done: Done) -> Answer:
    return Answer(status, done.document, done.customers)


def as_answered(status: int, keep: idempotency.Keep | None) -> Keep | None:
    """What keeps a use case's answer, from what keeps the request's."""
    return None if keep is None else lambda done: keep(answered(status, done))
