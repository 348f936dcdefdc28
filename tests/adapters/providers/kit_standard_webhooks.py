"""A made-up sender that follows Standard Webhooks, signed by the public library."""

import json
from typing import Any

from tests.adapters.providers.kit import ATTEMPT, NOON_UNIX, Side
from tests.adapters.providers.kit_resend import SECRET, sign

MESSAGE = "pigeon-17"


def event(word: str = "pigeon.delivered", **said: Any) -> dict[str, Any]:
    data = {"message_id": MESSAGE, "recipient": "ap@payer.example", "attempt_id": ATTEMPT} | said
    return {"type": word, "timestamp": NOON_UNIX, "data": data}


STANDARD = Side(
    "standard_webhooks",
    SECRET,
    "pigeon.delivered",
    "webhook-signature",
    lambda word, **said: json.dumps(event(word, **said)).encode(),
    lambda body, url: sign(body, f"msg_{json.loads(body)['type']}", family="webhook"),  # noqa: ARG005
    (b"", b"{", b"null", b"[]", b"7", b"{}", b'{"id": 1}', b"\xff\xfe", b"[" * 100_000),
    other="pigeon.opened",
    texts=("recipient", "reason", "message_id"),
    long=("pigeon.deferred", "reason"),
)
