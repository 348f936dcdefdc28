"""Mailgun's webhooks: their token is signed, what they say is not."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from adapters.providers.port import RawRequest
from tests.adapters.providers.kit import ATTEMPT, NOON_UNIX, URL, Side, request

KEY = "webhook-signing-key-of-the-domain"
TOKEN = "c0ffee" * 8
MESSAGE = "20260115115958.1.ABCDEF@mg.seller.example"


def event(word: str = "delivered", **said: Any) -> dict[str, Any]:
    """None leaves a field out."""
    headers = {"to": "Ada <ap@payer.example>", "message-id": said.pop("message_id", MESSAGE)}
    given = {
        "event": word,
        "id": f"{word}-id",
        "timestamp": float(NOON_UNIX),
        "recipient": "ap@payer.example",
        "message": {"headers": headers},
        "user-variables": {"attempt_id": said.pop("attempt_id", ATTEMPT)},
        "delivery-status": {"code": 250, "message": said.pop("server", "OK")},
    } | said
    return {name: value for name, value in given.items() if value is not None}


def signature(token: str = TOKEN, timestamp: str = str(NOON_UNIX), key: str = KEY) -> dict[str, str]:
    told = hmac.new(key.encode(), (timestamp + token).encode(), hashlib.sha256).hexdigest()
    return {"timestamp": timestamp, "token": token, "signature": told}


def hook(said: dict[str, Any], signed: dict[str, str] | None = None) -> RawRequest:
    told = {"signature": signed or signature(), "event-data": said}
    return request(json.dumps(told).encode(), {"content-type": "application/json"})


def legacy(*fields: tuple[str, str], signed: dict[str, str] | None = None) -> RawRequest:
    body = urlencode([*fields, *(signed or signature()).items()]).encode()
    return request(body, {"content-type": "application/x-www-form-urlencoded"})


@dataclass(frozen=True)
class MailgunSide(Side):
    def signed(self, body: bytes, url: str = URL) -> RawRequest:
        return msgspec.structs.replace(hook(json.loads(body)), url=url)

    def signature_of(self, told: RawRequest) -> str:
        return str(json.loads(told.body)["signature"]["signature"])

    def with_signature(self, told: RawRequest, signature: str) -> RawRequest:
        body = json.loads(told.body)
        body["signature"]["signature"] = signature
        return msgspec.structs.replace(told, body=json.dumps(body).encode())

    def unsigned(self, body: bytes) -> RawRequest:
        return request(body, {})


MAILGUN = MailgunSide(
    "mailgun",
    KEY,
    "delivered",
    "",
    lambda word, **said: json.dumps(event(word, **said)).encode(),
    lambda body, url: {"content-type": "application/json"},  # noqa: ARG005
    (b"", b"{", b"null", b"[]", b"7", b"{}", b'{"id": 1}', b"\xff\xfe", b"[" * 100_000, b"recipient=a%40b.example"),
    other="opened",
    texts=("recipient", "server", "message_id", "reason"),
    long=("delivered", "server"),
    covers_body=False,
)
