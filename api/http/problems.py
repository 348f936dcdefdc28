"""Problem details (RFC 9457) for every error, and the one table from exception to HTTP status."""

import inspect
import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from psycopg import OperationalError
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from adapters.documents import DocumentsUnavailableError
from adapters.keys.master import SealError
from adapters.keys.ring import MissingKeyError
from adapters.store import errors as store
from api import errors as api
from api.errors import FieldError
from domain import errors as domain

M = TypeVar("M", bound=BaseModel)
NO_BODY = object()
log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "1"
"""Seconds."""

STATUS_OF: dict[type[Exception], int] = {
    domain.CommunicationError: 409,
    domain.AttemptNotFoundError: 404,
    domain.MalformedOrderError: 422,
    domain.UnprovenError: 422,
    api.RequestError: 409,
    api.InvalidFieldError: 422,
    api.SubjectNotFoundError: 404,
    api.CommunicationNotFoundError: 404,
    api.AttemptUnknownError: 404,
    api.DocumentNotFoundError: 404,
    api.DocumentErasedError: 410,
    api.DocumentLostError: 410,
    api.DocumentTooLargeError: 413,
    api.ProviderUnavailableError: 503,
    api.TryLaterError: 503,
    DocumentsUnavailableError: 503,
    store.NotFoundError: 404,
    store.StoreError: 503,
    OperationalError: 503,
}
"""The nearest class in an exception's line of ancestors decides; one that is not here is a fault of ours: 500."""

_CODES = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "validation",
    500: "internal",
    503: "unavailable",
}
_DETAILS = {
    400: "The body cannot be read.",
    404: "There is nothing at this address.",
    405: "This address does not take the method.",
}
_SAFE = (domain.CommunicationError, api.RequestError, DocumentsUnavailableError)
"""Whose text is meant for the caller; any other may hold what nobody outside should read."""


class Problem(HTTPException):
    """An error on its way to the caller. `code` is for programs, `detail` for people."""

    def __init__(
        self,
        status: int,
        code: str | None = None,
        detail: str = "",
        *,
        title: str | None = None,
        fields: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        retry = {"Retry-After": RETRY_AFTER} if status == 503 else {}
        super().__init__(status, detail, {**retry, **(headers or {})})
        self.code = code or _CODES.get(status, "refused")
        self.title = title or HTTPStatus(status).phrase
        self.fields = fields

    def document(self) -> dict[str, Any]:
        return {
            "type": f"urn:sendtrail:problem:{self.code}",
            "title": self.title,
            "status": self.status_code,
            "detail": self.detail or self.title,
            "code": self.code,
            "errors": [f._asdict() for f in self.fields],
        }

    def response(self) -> Response:
        # ASCII only: a field named by the caller may hold what is not valid Unicode.
        return Response(json.dumps(self.document()), self.status_code, self.headers, MEDIA_TYPE)


def problem_of(error: Exception) -> Problem | None:
    """The problem that the table makes of an exception; None where it is a fault of ours."""
    if isinstance(error, Problem):
        return error
    kind = next((k for k in type(error).__mro__ if k in STATUS_OF), None)
    if kind is None:
        return None
    status = STATUS_OF[kind]
    if not isinstance(error, _SAFE):
        return Problem(status)
    title = (inspect.getdoc(type(error)) or "").split("\n")[0].rstrip(".")
    return Problem(status, error.code, str(error), title=title, fields=getattr(error, "fields", ()))


def validation_problem(found: Sequence[ErrorDetails | Mapping[str, Any]]) -> Problem:
    """422, naming each field; malformed JSON is 400. Never repeats what was sent."""
    if any(one["type"] == "json_invalid" for one in found):
        return malformed_json()
    fields = [FieldError(_path(one["loc"]), _code(one["type"]), str(one["msg"])) for one in found]
    named = ", ".join(sorted({f.field for f in fields if f.field}))
    return Problem(422, "validation", f"Not valid: {named or 'the body'}.", title="Not valid", fields=fields)


def malformed_json() -> Problem:
    return Problem(400, "malformed_json", "The body is not JSON.")


def malformed() -> Problem:
    """For what is not even that."""
    return Problem(400, detail=_DETAILS[400])


def parsed(model: type[M], value: object) -> M:
    """One item of a batch, checked by itself. Raises Problem 422."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise validation_problem(error.errors(include_url=False, include_context=False, include_input=False)) from None


def validated(model: type[M], body: object) -> M:
    """A whole body, checked as FastAPI does; NO_BODY where there was none. Raises Problem 422."""
    if body is NO_BODY:
        raise validation_problem([{"type": "missing", "loc": ("body",), "msg": "Field required"}])
    try:
        return model.model_validate(body, from_attributes=True)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise validation_problem([{**one, "loc": ("body", *one["loc"])} for one in found]) from None


def answer_to(error: Exception) -> Response | None:
    """What the caller is told; None where nobody foresaw it."""
    if isinstance(error, (SealError, MissingKeyError)):
        log.error("sealed data cannot be opened: %s", type(error).__name__)
        return Problem(500, "sealed_data_unreadable").response()
    problem = problem_of(error)
    if problem is None:
        return None
    if problem is not error and problem.status_code == 503:
        log.warning("unavailable: %s", type(error).__name__)
    return problem.response()


def add_problem_handlers(app: FastAPI) -> None:
    app.add_exception_handler(StarletteHTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    for kind in (*STATUS_OF, SealError, MissingKeyError):
        app.add_exception_handler(kind, _refused)


def _http_error(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return error.response()
    assert isinstance(error, StarletteHTTPException)
    status, headers = error.status_code, error.headers
    if status == 405:
        headers = {"Allow": ", ".join(_allowed(request))}
    return Problem(status, detail=_DETAILS.get(status, ""), headers=headers).response()


def _allowed(request: Request) -> list[str]:
    """The methods of all routes that have the path, not only of the first one that was found."""
    found: set[str] = set()
    for method in ("GET", "PUT", "POST", "DELETE"):
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes):
            found.add(method)
    return sorted(found)


def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return validation_problem(error.errors()).response()


def _refused(_: Request, error: Exception) -> Response:
    return answer_to(error) or Problem(500).response()


def _path(location: Sequence[int | str]) -> str:
    parts = location[1:] if location and location[0] in ("body", "query", "path", "header") else location
    return ".".join(str(part) for part in parts)


def _code(kind: str) -> str:
    return {"missing": "required", "extra_forbidden": "unknown_field"}.get(kind, kind)
