"""A Flow Service that does as it is told: a connection to it, and its answers."""

from typing import Any
from uuid import uuid4

import msgspec

from adapters.providers.port import Connection
from tests.adapters.providers.kit import connection
from tests.adapters.providers.kit_france import KEY
from tests.adapters.providers.scripted import Scripted, http


def at(api: Scripted, **settings: Any) -> Connection:
    """A connection of its own, so that nothing is remembered from another test."""
    known = {"api_url": f"{api.url}/flow-service/", "token_url": f"{api.url}/token", "client_id": f"app-{uuid4()}"}
    secrets = {"client_secret": "s3cret", "signing_key": KEY}
    return msgspec.structs.replace(connection("afnor", secrets, **known | settings), id=uuid4())


def token() -> bytes:
    return http(200, {"access_token": "bearer-1", "token_type": "Bearer", "expires_in": 3600})


def results(*flows: dict[str, Any], cursor: str | None = None) -> bytes:
    return http(200, {"limit": 100, "results": list(flows)} | ({"nextCursor": cursor} if cursor else {}))


def life_cycle(name: str, updated: str = "2026-01-15T12:30:00Z") -> dict[str, Any]:
    """A life-cycle message as the search lists it."""
    return {
        "flowId": name,
        "flowSyntax": "CDAR",
        "flowType": "CustomerInvoiceLC",
        "flowDirection": "In",
        "submittedAt": updated,
        "updatedAt": updated,
        "acknowledgement": {"status": "Ok"},
    }
