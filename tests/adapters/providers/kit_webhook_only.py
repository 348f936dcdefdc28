"""Providers that are only heard: their webhooks, written by hand, and signed by the plain algorithms."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.providers.port import RawRequest
from tests.adapters.providers.kit import ATTEMPT, NOON_UNIX, TOKEN, Side, request
from tests.adapters.providers.kit_postmark import PASSWORD, authorized

TO = "ap@payer.example"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)
"""Small as Postal's own."""
_NOTHING = (b"", b"{", b"null", b"true", b"7", b'"delivered"', b"\xff\xfe", b"[" * 100_000)


def written(event: object) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()


def filled(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def brevo_event(word: str = "delivered", **said: Any) -> dict[str, Any]:
    given = {
        "event": word,
        "email": TO,
        "id": 7001,
        "date": "2026-01-15 13:00:00",
        "ts_epoch": NOON_UNIX * 1000,
        "message-id": "<202601151200.40811@smtp-relay.brevo.example>",
        "X-Mailin-custom": said.pop("attempt_id", ATTEMPT),
    }
    return filled(given | said)


def mailjet_event(word: str = "sent", **said: Any) -> dict[str, Any]:
    given = {
        "event": word,
        "time": NOON_UNIX,
        "MessageID": 576460774081190112,
        "email": TO,
        "CustomID": said.pop("attempt_id", ATTEMPT),
    }
    return filled(given | said)


def sparkpost_event(word: str = "delivery", **said: Any) -> dict[str, Any]:
    given = {
        "type": word,
        "event_id": f"{word}-92356927693813856",
        "transmission_id": "65832150921904138",
        "message_id": "000443ee14578172be22",
        "raw_rcpt_to": TO,
        "rcpt_meta": {"attempt_id": said.pop("attempt_id", ATTEMPT)},
        "timestamp": str(NOON_UNIX),
    }
    return filled(given | said)


def sparkpost_body(*events: dict[str, Any]) -> bytes:
    return written([{"msys": {"message_event": event}} for event in events])


def mailersend_event(word: str = "delivered", **said: Any) -> dict[str, Any]:
    """As today; `meta` is what belongs to the word."""
    data = {
        "id": f"{word}-69682f40",
        "type": word,
        "message_id": said.pop("message_id", "69682f3e1b5d7c0a9e4f2d81"),
        "recipient": said.pop("recipient", TO),
        "tags": ["invoices", said.pop("attempt_id", ATTEMPT)],
        "meta": said or [],
    }
    return {"type": f"activity.{word}", "created_at": "2026-01-15T12:00:00.000000Z", "data": data}


def mailtrap_event(word: str = "delivery", **said: Any) -> dict[str, Any]:
    given = {
        "event": word,
        "timestamp": NOON_UNIX,
        "sending_stream": "transactional",
        "message_id": "7be0a6b4-5d0f-4b0e-8a55-2b9f6e0d41c7",
        "event_id": f"{word}-0f8e3b52",
        "email": TO,
        "custom_variables": {"attempt_id": said.pop("attempt_id", ATTEMPT)},
    }
    return filled(given | said)


def mandrill_event(word: str = "delivered", **said: Any) -> dict[str, Any]:
    """`said` is of the message, but for `url`."""
    url, name = said.pop("url", None), said.pop("_id", "9f2c4b7d1e6a48f0b3c5d7e9a1b2c3d4")
    message = {"ts": NOON_UNIX - 9, "email": TO, "metadata": {"attempt_id": said.pop("attempt_id", ATTEMPT)}} | said
    return filled({"event": word, "_id": name, "ts": NOON_UNIX, "msg": filled(message), "url": url})


def mandrill_body(*events: object) -> bytes:
    return urlencode({"mandrill_events": json.dumps(events)}).encode()


def mandrill_sign(body: bytes, url: str, key: str = TOKEN) -> dict[str, str]:
    told = url + "".join(name + value for name, value in sorted(parse_qsl(body.decode(), keep_blank_values=True)))
    signature = base64.b64encode(hmac.digest(key.encode(), told.encode(), "sha1")).decode()
    return {"content-type": "application/x-www-form-urlencoded", "x-mandrill-signature": signature}


def postal_event(word: str = "MessageSent", **said: Any) -> dict[str, Any]:
    """`said` is of the payload, but for what a message has."""
    message = {
        "id": said.pop("id", 40817),
        "token": "mVq3bT9xKzRw",
        "direction": said.pop("direction", "outgoing"),
        "message_id": "0c3f6b1e@rp.postal.example",
        "to": said.pop("to", TO),
        "tag": said.pop("attempt_id", ATTEMPT),
    }
    payload = {said.pop("kept_as", "message"): message} | said
    return {"event": word, "timestamp": float(NOON_UNIX), "payload": payload, "uuid": f"{word}-5b1e9d0c"}


def postal_sign(body: bytes, url: str) -> dict[str, str]:  # noqa: ARG001
    signature = RSA.sign(body, padding.PKCS1v15(), hashes.SHA1())
    return {"content-type": "application/json", "x-postal-signature": base64.b64encode(signature).decode()}


def postal_key() -> str:
    der = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def unisender_event(word: str = "delivered", **said: Any) -> dict[str, Any]:
    given = {
        "job_id": "1vgK2c-0004qX-7p",
        "metadata": {"attempt_id": said.pop("attempt_id", ATTEMPT)},
        "email": TO,
        "status": word,
        "event_time": "2026-01-15 12:00:00",
    }
    return {"event_name": "transactional_email_status", "event_data": filled(given | said)}


def unisender_body(*events: dict[str, Any]) -> bytes:
    """Not signed yet: `auth` is empty."""
    return written({"auth": "", "events_by_user": [{"user_id": 456, "project_id": "6432", "events": list(events)}]})


@dataclass(frozen=True)
class Enclosed(Side):
    """Unisender Go's signature is in the body itself."""

    def signed(self, body: bytes, url: str = "") -> RawRequest:  # noqa: ARG002
        told = hashlib.md5(body.replace(b'"auth":""', f'"auth":"{self.key}"'.encode(), 1)).hexdigest()
        return self.with_signature(request(body, {}), told)

    def signature_of(self, told: RawRequest) -> str:
        return str(json.loads(told.body)["auth"])

    def with_signature(self, told: RawRequest, signature: str) -> RawRequest:
        body = json.loads(told.body) | {"auth": signature}
        return msgspec.structs.replace(told, body=written(body))

    def unsigned(self, body: bytes) -> RawRequest:
        return request(body.replace(b'"auth":"",', b"", 1), {})


def hexadecimal(header: str, key: str = TOKEN) -> Any:
    def sign(body: bytes, url: str) -> dict[str, str]:  # noqa: ARG001
        return {"content-type": "application/json", header: hmac.digest(key.encode(), body, "sha256").hex()}

    return sign


BREVO = Side(
    "brevo", PASSWORD, "delivered", "authorization", lambda word, **said: written(brevo_event(word, **said)),
    authorized, (*_NOTHING, b"[]", b"{}", b'{"items": []}', b'{"event": 7}'),
    other="opened", texts=("email", "reason", "message-id"), long=("deferred", "reason"), covers_body=False,
)  # fmt: skip
MAILJET = Side(
    "mailjet", PASSWORD, "sent", "authorization", lambda word, **said: written([mailjet_event(word, **said)]),
    authorized, (*_NOTHING, b"{}", b'{"Sender": "a@b.example"}'),
    texts=("email", "comment", "MessageID"), long=("bounce", "comment"), covers_body=False,
)  # fmt: skip
SPARKPOST = Side(
    "sparkpost", PASSWORD, "delivery", "authorization",
    lambda word, **said: sparkpost_body(sparkpost_event(word, **said)),
    authorized, (*_NOTHING, b"{}", b'[{"msys": {"relay_message": {}}}]'),
    texts=("raw_rcpt_to", "raw_reason", "transmission_id", "event_id"), long=("delay", "raw_reason"), covers_body=False,
)  # fmt: skip
MAILERSEND = Side(
    "mailersend", TOKEN, "delivered", "signature", lambda word, **said: written(mailersend_event(word, **said)),
    hexadecimal("signature"), (*_NOTHING, b"[]", b"{}", b'{"type": "inbound.message"}'),
    other="opened", texts=("recipient", "bounce_reason", "message_id"), long=("deferred", "bounce_reason"),
)  # fmt: skip
MAILTRAP = Side(
    "mailtrap", TOKEN, "delivery", "mailtrap-signature",
    lambda word, **said: written({"events": [mailtrap_event(word, **said)]}),
    hexadecimal("mailtrap-signature"),
    (*_NOTHING, b"[]", b"{}", b'{"events": 1}', b'{"events": [{"event": "inbound.message_received"}]}', b"{}\n{}"),
    texts=("email", "response", "message_id", "event_id"), long=("soft bounce", "response"),
)  # fmt: skip
MANDRILL = Side(
    "mandrill", TOKEN, "delivered", "x-mandrill-signature",
    lambda word, **said: mandrill_body(mandrill_event(word, **said)), mandrill_sign,
    (*_NOTHING, b"[]", b"mandrill_events=", b"mandrill_events={}", mandrill_body({"event": "inbound"})),
    texts=("email", "diag", "_id"), long=("deferral", "diag"),
)  # fmt: skip
POSTAL = Side(
    "postal", postal_key(), "MessageSent", "x-postal-signature",
    lambda word, **said: written(postal_event(word, **said)), postal_sign,
    (*_NOTHING, b"[]", b"{}", b'{"event": "MessageSent"}', b'{"payload": []}'),
    other="MessageLoaded", texts=("to", "details", "id"), long=("MessageDelayed", "output"),
)  # fmt: skip
UNISENDER_GO = Enclosed(
    "unisender_go", TOKEN, "delivered", "auth", lambda word, **said: unisender_body(unisender_event(word, **said)),
    lambda _body, _url: {}, (*_NOTHING, b"[]", b"{}", b'{"auth": "x"}'),
    other="opened", texts=("email", "comment", "job_id"), long=("hard_bounced", "comment"),
)  # fmt: skip
WEBHOOK_SIDES = (BREVO, MAILJET, SPARKPOST, MAILERSEND, MAILTRAP, MANDRILL, POSTAL, UNISENDER_GO)
