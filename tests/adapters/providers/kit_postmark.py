"""Postmark's webhooks: nobody signs them, they carry a user name and a password."""

import base64
import json
from typing import Any

from tests.adapters.providers.kit import ATTEMPT, Side

MESSAGE = "b7bc2f4a-e38e-4336-af7d-e6c392c2f817"
PASSWORD = "made-up-password"
AT = "2026-01-15T13:00:00.0000000+01:00"


def record(word: str = "Delivery", **said: Any) -> dict[str, Any]:
    """None leaves a field out."""
    mine = {"Bounce": "BouncedAt", "SpamComplaint": "BouncedAt", "Delivery": "DeliveredAt"}.get(word, "ReceivedAt")
    who = "Email" if mine == "BouncedAt" else "Recipient"
    given = {
        "RecordType": word,
        "MessageID": MESSAGE,
        who: "ap@payer.example",
        mine: AT,
        "MessageStream": "outbound",
        "Metadata": {"attempt_id": said.pop("attempt_id", ATTEMPT)},
    } | said
    return {name: value for name, value in given.items() if value is not None}


def authorized(body: bytes, url: str) -> dict[str, str]:  # noqa: ARG001
    pair = base64.b64encode(f"sendtrail:{PASSWORD}".encode()).decode()
    return {"content-type": "application/json", "authorization": f"Basic {pair}"}


POSTMARK = Side(
    "postmark",
    PASSWORD,
    "Delivery",
    "authorization",
    lambda word, **said: json.dumps(record(word, **said)).encode(),
    authorized,
    (b"", b"{", b"null", b"[]", b"7", b"{}", b'{"id": 1}', b"\xff\xfe", b"[" * 100_000),
    other="Open",
    texts=("Recipient", "Details", "MessageID"),
    long=("Delivery", "Details"),
    covers_body=False,
)
