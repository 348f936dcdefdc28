"""Resend's webhooks, signed by the public Standard Webhooks library."""

import json
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook

from tests.adapters.providers.kit import ATTEMPT, NOON, Side

SECRET = "whsec_c2VuZHRyYWlsLXRlc3RzLXdlYmhvb2stc2VjcmV0"
MESSAGE = "5f1c0f0e-6c1b-4c43-8d5d-2a1b6c7d8e9f"


def event(word: str = "email.delivered", **said: Any) -> dict[str, Any]:
    if "failure" in said:
        said["failed"] = {"reason": said.pop("failure")}
    data = {
        "email_id": MESSAGE,
        "to": [said.pop("address", "ap@payer.example")],
        "tags": {"attempt_id": said.pop("attempt_id", ATTEMPT)},
    } | said
    return {"type": word, "created_at": "2026-01-15T12:00:00.000Z", "data": data}


def sign(body: bytes, name: str = "msg_1", at: datetime = NOON, family: str = "svix") -> dict[str, str]:
    """With the public library."""
    told = Webhook(SECRET).sign(name, at, body.decode(errors="replace"))
    stamp = str(int(at.timestamp()))
    return {f"{family}-id": name, f"{family}-timestamp": stamp, f"{family}-signature": told}


def signed_by_word(body: bytes, url: str) -> dict[str, str]:  # noqa: ARG001
    return sign(body, f"msg_{json.loads(body)['type']}" if body.startswith(b"{") else "msg_1")


RESEND = Side(
    "resend",
    SECRET,
    "email.delivered",
    "svix-signature",
    lambda word, **said: json.dumps(event(word, **said)).encode(),
    signed_by_word,
    (b"", b"{", b"null", b"[]", b"7", b"{}", b'{"id": 1}', b"\xff\xfe", b"[" * 100_000),
    other="email.opened",
    texts=("address", "email_id", "failure"),
    long=("email.failed", "failure"),
)
