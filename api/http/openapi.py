"""The description of the API: answers' shapes are taken from the structs that make them."""

from collections.abc import Callable
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.documents import DocumentAnswer
from api.http import problems
from api.http.intake_docs import webhook_paths
from api.http.schemas import MarkItem
from projections.attempt_doc import AttemptDoc
from projections.docs import SubjectDoc
from projections.overview import CommunicationDoc
from projections.timeline import EntryDoc

ATTEMPT, COMMUNICATION, SUBJECT, DOCUMENT, OUTCOMES, ERASED = (
    "Attempt", "Communication", "Subject", "Document", "Outcomes", "Erased",
)  # fmt: skip
SUBJECT_WITH_COMMUNICATION, PROBLEM = "SubjectWithCommunication", "Problem"
Answers = dict[int | str, dict[str, Any]]
_BYTES: dict[str, Any] = {"application/pdf": {}, "application/xml": {}}
_PLACE = "#/components/schemas/{name}"
_POSITION = {
    "type": "integer",
    "description": "Where the write stands: `wait_for` this position to read an answer that includes it.",
}
_PROBLEM_EXAMPLE = {
    "type": "urn:sendtrail:problem:validation",
    "title": "Not valid",
    "status": 422,
    "detail": "Not valid: recipients.0.address.",
    "code": "validation",
    "errors": [
        {"field": "recipients.0.address", "code": "invalid_address", "message": "Not usable: no e-mail address."}
    ],
}
_MEANINGS = {
    400: "Malformed",
    401: "No API key, or not a valid one",
    403: "The API key lacks a scope",
    404: "No such thing for this tenant",
    409: "Refused by a rule",
    410: "Erased",
    413: "Too large",
    422: "A field is not valid",
    503: "Try again later",
}
_ABOUT = """The record of every attempt to send an invoice: what was sent, when, by whom, to where, and what came of it.

Every error is a problem (RFC 9457) with a `code` for programs. A POST that sends takes an `Idempotency-Key`: sent again
with the same body within 30 days it gets the first answer. Every write answers its `position`, which a list can
`wait_for`. Times are RFC 3339, in UTC."""


def answers(name: str | None, success: int, *failures: int) -> Answers:
    """A route's answers: the shape of its success (None: a document's bytes), and its problems besides everybody's."""
    shape = {"application/json": {"schema": _ref(name)}} if name else _BYTES
    found: Answers = {success: {"description": "Done", "content": shape}}
    for status in (*failures, 401, 403, 503):
        content = {problems.MEDIA_TYPE: {"schema": _ref(PROBLEM)}}
        found[status] = {"description": _MEANINGS[status], "content": content}
    return found


def described(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """What `app.openapi` becomes."""

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            found = get_openapi(title=app.title, version=app.version, description=_ABOUT, routes=app.routes)
            found["paths"] |= webhook_paths(_ref(PROBLEM))
            schemas = found["components"]["schemas"]
            schemas.update(_components())
            # Known only to the batch that checks each item by itself, so no route names it.
            schemas["MarkItem"] = MarkItem.model_json_schema(ref_template=_PLACE.format(name="{model}"))
            schemas["MarkItem"].pop("$defs")
            for batch, item in (("BulkIn", "SendIn"), ("MarkSentIn", "MarkItem")):
                schemas[batch]["properties"]["items"]["items"] = _ref(item)
            app.openapi_schema = found
        return app.openapi_schema

    return openapi


def _components() -> dict[str, Any]:
    kinds = (AttemptDoc, CommunicationDoc, SubjectDoc, EntryDoc, DocumentAnswer)
    _, found = msgspec.json.schema_components(kinds, ref_template=_PLACE)
    for kind in (AttemptDoc, CommunicationDoc):
        found[kind.__name__]["properties"]["subject"] = _ref("SubjectDoc")
    with_position = {"type": "object", "properties": {"position": _POSITION}}
    return found | {
        ATTEMPT: {"allOf": [_ref("AttemptDoc"), with_position]},
        COMMUNICATION: {"allOf": [_ref("CommunicationDoc"), with_position]},
        SUBJECT: {"allOf": [_ref("SubjectDoc"), with_position]},
        DOCUMENT: _ref("DocumentAnswer"),
        SUBJECT_WITH_COMMUNICATION: {
            "allOf": [
                _ref("SubjectDoc"),
                _object(communication=_or_null("CommunicationDoc")),
            ]
        },
        OUTCOMES: _object(data={"type": "array", "items": _outcome()}, position=_POSITION),
        ERASED: _object(customer_id={"type": "string"}, keys_destroyed={"type": "integer"}),
        PROBLEM: _problem(),
    }


def _outcome() -> dict[str, Any]:
    return _object(
        index={"type": "integer", "description": "The item's place, from 0."},
        outcome={"enum": ["accepted", "skipped", "refused"]},
        attempt=_or_null("AttemptDoc"),
        error=_or_null(PROBLEM),
    )


def _problem() -> dict[str, Any]:
    text = {"type": "string"}
    errors = {"type": "array", "items": _object(field=text, code=text, message=text)}
    fields = _object(type=text, title=text, status={"type": "integer"}, detail=text, code=text, errors=errors)
    return fields | {"examples": [_PROBLEM_EXAMPLE]}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _or_null(name: str) -> dict[str, Any]:
    return {"anyOf": [_ref(name), {"type": "null"}]}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": _PLACE.format(name=name)}
