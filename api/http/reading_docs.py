"""What OpenAPI says of the reading routes: their parameters, and the shape of each answer with an example."""

from typing import Any

from api.http.openapi import answers
from api.http.parameters import Parameter

_ROW = {"status": "delivered", "status_group": "completed", "color": "green", "channel": "email"}
_SUBJECT = {"type": "invoice", "external_id": "4711", "number": "2026-0042", "category": "invoice"}
_COMMUNICATION = {"id": "0c6b5dd4-9a3c-5a0e-9d0a-3c1f5f0f6e11", "subject": _SUBJECT, **_ROW, "attempt_count": 1}
_ATTEMPT = {
    "id": "5f0e8a34-2f0c-4a8e-8a50-0f5f6a1c9b77",
    "communication_id": _COMMUNICATION["id"],
    "subject": _SUBJECT,
    **_ROW,
    "recipient": "ap@payer.example",
    "created_at": "2026-01-15T09:30:00Z",
    "delivered_at": "2026-01-15T09:30:05Z",
}
_COUNTS = {"failed": 2, "not_sent": 1, "in_progress": 4, "completed": 240, "all": 247}
_NUMBER = {"type": "integer", "minimum": 0}
_MORE = {"type": "boolean", "description": "Whether another page follows."}
_NEXT = {"type": ["string", "null"], "description": "The `cursor` of the page that follows."}


def overview(*parameters: Parameter) -> dict[str, Any]:
    return _route("List communications (the overview)", parameters, _page("CommunicationDoc"), _page_of(_COMMUNICATION))


def log(*parameters: Parameter) -> dict[str, Any]:
    return _route("List attempts (the log)", parameters, _page("AttemptDoc"), _page_of(_ATTEMPT))


def counts(*parameters: Parameter) -> dict[str, Any]:
    return _route("Count by status group", parameters, _object(**dict.fromkeys(_COUNTS, _NUMBER)), _COUNTS)


def one_communication(*parameters: Parameter) -> dict[str, Any]:
    lists = _object(attempts=_list(_ref("AttemptDoc")), timeline=_list(_ref("EntryDoc")))
    return _route("Get one communication", parameters, {"allOf": [_ref("CommunicationDoc"), lists]}, None, 404)


def one_attempt(*parameters: Parameter) -> dict[str, Any]:
    lists = _object(timeline=_list(_ref("EntryDoc")))
    return _route("Get one attempt", parameters, {"allOf": [_ref("AttemptDoc"), lists]}, None, 404)


def _route(
    summary: str,
    parameters: tuple[Parameter, ...],
    schema: dict[str, Any],
    example: dict[str, Any] | None,
    *failures: int,
) -> dict[str, Any]:
    content = {"schema": schema} | ({"example": example} if example else {})
    success = {200: {"description": "Done", "content": {"application/json": content}}}
    return {
        "summary": summary,
        "openapi_extra": {"parameters": [parameter.openapi() for parameter in parameters]},
        "responses": answers(None, 200, 422, *failures) | success,
    }


def _page(name: str) -> dict[str, Any]:
    return _object(data=_list(_ref(name)), has_more=_MORE, next_cursor=_NEXT)


def _page_of(row: dict[str, Any]) -> dict[str, Any]:
    return {"data": [row], "has_more": True, "next_cursor": "WzEsIjIwMjYtMDEtMTVUMDk6MzA6MDBaIiwiNWYwZThhMzQi"}


def _list(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
