"""How the webhook addresses are described: they have no routes that could describe themselves."""

from http import HTTPStatus
from typing import Any

from api.http import problems

_PARAMETERS = [
    {"name": "connection_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
]
_TAKEN = {
    401: "It carries no signature.",
    403: "Its signature is wrong.",
    404: "There is no such connection.",
    408: "Its body did not come in.",
    413: "Its body is over 1 MiB.",
    503: "It could not be kept now: send it again.",
}


def webhook_paths(problem: dict[str, str]) -> dict[str, Any]:
    """By path. `problem` refers to the schema of a problem."""
    take = {
        "summary": "Take a provider's webhook",
        "description": "The raw request is kept durably before it is answered, and read later. The provider signs it.",
        "operationId": "take_webhook",
        "requestBody": {"content": {"*/*": {}}, "description": "As the provider writes it."},
    }
    attempt = {
        "summary": "Try a webhook address",
        "description": "Some providers call an address, also with HEAD, before they save it. Nothing is recorded.",
        "operationId": "try_webhook_address",
    }
    methods = {"post": take | _answers(problem, _TAKEN), "get": attempt | _answers(problem, {404: _TAKEN[404]})}
    return {"/v1/webhooks/{connection_id}": methods}


def _answers(problem: dict[str, str], failures: dict[int, str]) -> dict[str, Any]:
    responses: dict[str, Any] = {"204": {"description": HTTPStatus.NO_CONTENT.phrase}}
    for status, description in failures.items():
        content = {problems.MEDIA_TYPE: {"schema": problem}}
        responses[str(status)] = {"description": description, "content": content}
    return {"tags": ["webhooks"], "parameters": _PARAMETERS, "responses": responses}
