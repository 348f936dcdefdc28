"""The other side of each provider's wire, for the contract: bodies as it writes them, signatures as it makes them.

The signatures come from what the vendors publish where they publish a signer (Twilio's own SDK), else from the
plain algorithm over a key pair made here.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID, uuid4

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twilio.request_validator import RequestValidator

from adapters.providers.port import Connection, Provider, ProviderReport, RawRequest, UnreadableError
from adapters.providers.registry import provider
from domain.status import Status

ATTEMPT = "7d3a1f66-0c4b-4a53-9c3e-5a2f1f0b8c11"
NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
NOON_UNIX = int(NOON.timestamp())
URL = f"https://in.sendtrail.example/v1/webhooks/55f0e7de-9d1c-4a5e-8f3a-7a8a3f6d0c01?attempt_id={ATTEMPT}"
TOKEN = "9b1f-token-of-the-account"
KEYS = ec.generate_private_key(ec.SECP256R1())


def connection(name: str, secrets: dict[str, str], **settings: Any) -> Connection:
    found = provider(name)
    return Connection(UUID(int=1), UUID(int=2), name, found.channel, settings=settings, secrets=secrets)


def request(body: bytes, headers: dict[str, str], url: str = URL) -> RawRequest:
    return RawRequest(url, headers, body, NOON)


def public_key(key: ec.EllipticCurvePrivateKey = KEYS) -> str:
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


@dataclass(frozen=True)
class Side:
    """`body` writes one report: a status word and what else the provider says. `key` verifies what `signed` signs.

    `other`: a word that says something else of the same message. `texts`: fields of free text. `long`: a word that
    comes with a field of any length, which becomes the diagnostic.
    """

    name: str
    key: str
    delivered: str
    signature: str
    body: Callable[..., bytes]
    sign: Callable[[bytes, str], dict[str, str]]
    unreadable: tuple[bytes, ...]
    other: str = "open"
    texts: tuple[str, ...] = ()
    long: tuple[str, str] | None = None
    told_as: Callable[[str], str] = str
    """The word as the report has it."""
    by_form: bool = False
    echoes_in_url: bool = False
    covers_body: bool = True
    signature_is_over_bytes: bool = True
    has_clock: bool = True
    echoes: bool = True
    """Whether our attempt id comes back."""
    names_recipient: bool = True
    proves: Status = Status.DELIVERED
    """What the word `delivered` comes to: a platform that only takes things in proves no more than that."""

    @property
    def provider(self) -> Provider:
        return provider(self.name)

    def connection(self, key: str | None = None) -> Connection:
        secrets = {str(self.provider.webhook_key): self.key if key is None else key}
        return msgspec.structs.replace(connection(self.name, secrets), id=uuid4())

    def signed(self, body: bytes, url: str = URL) -> RawRequest:
        return request(body, self.sign(body, url), url)

    def signature_of(self, told: RawRequest) -> str:
        return told.headers[self.signature]

    def with_signature(self, told: RawRequest, signature: str) -> RawRequest:
        return msgspec.structs.replace(told, headers=told.headers | {self.signature: signature})

    def unsigned(self, body: bytes) -> RawRequest:
        return request(body, {})


def read_or_unreadable(name: str, told: RawRequest) -> list[ProviderReport]:
    """And what is read can be written: ids short enough for an index, times aware."""
    try:
        found = provider(name).reports(told)
    except UnreadableError:
        return []
    for one in found:
        assert 0 < len(one.event_id) <= 255
        assert 0 < len(one.provider_event) <= 255
        assert one.message_id is None or 0 < len(one.message_id) <= 255
        assert one.occurred_at is None or one.occurred_at.tzinfo
        assert (one.status is None) <= one.ignored
        msgspec.json.encode(one)
    return found


def sendgrid_events(*events: object) -> bytes:
    """As SendGrid writes a batch: CR LF between the events and after the last."""
    return ("[" + ",\r\n".join(json.dumps(e, separators=(",", ":")) for e in events) + "]\r\n").encode()


def sendgrid_event(word: str = "delivered", **said: Any) -> dict[str, Any]:
    given = {
        "email": "ap@payer.example",
        "timestamp": NOON_UNIX,
        "event": word,
        "sg_event_id": f"{word}-id",
        "sg_message_id": "tq8vGdWnQmy1.recvd-76f9c8d5b4-x2lkq-1-65A51E2C-7.0",
        "attempt_id": ATTEMPT,
    } | said
    return {name: value for name, value in given.items() if value is not None}


def sendgrid_sign(body: bytes, url: str, key: ec.EllipticCurvePrivateKey = KEYS) -> dict[str, str]:  # noqa: ARG001
    timestamp = str(NOON_UNIX)
    signature = key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return {
        "content-type": "application/json",
        "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
        "x-twilio-email-event-webhook-timestamp": timestamp,
    }


def twilio_form(word: str = "delivered", **said: Any) -> bytes:
    given = {
        "MessageSid": "SM5b0d7f3a9c1e4d2f8a6b7c8d9e0f1a2b",
        "MessageStatus": word,
        "AccountSid": "AC00000000000000000000000000000001",
        "To": "+32470123456",
        "From": "+32460000001",
    } | said
    return urlencode({name: value for name, value in given.items() if value is not None}).encode()


def twilio_sign(body: bytes, url: str, token: str = TOKEN) -> dict[str, str]:
    parameters = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    return {
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": RequestValidator(token).compute_signature(url, parameters),
    }


SENDGRID = Side(
    "sendgrid",
    public_key(),
    "delivered",
    "x-twilio-email-event-webhook-signature",
    lambda word, **said: sendgrid_events(sendgrid_event(word, **said)),
    sendgrid_sign,
    (
        b"",
        b"{",
        b"null",
        b"true",
        b"7",
        b'"delivered"',
        b'{"id": 1}',
        b"\xff\xfe",
        b"[" * 100_000,
        b"email=a%40b.example",
    ),
    texts=("email", "reason", "sg_message_id"),
    long=("deferred", "response"),
)
TWILIO = Side(
    "twilio",
    TOKEN,
    "delivered",
    "x-twilio-signature",
    lambda word, **said: twilio_form(word, **said),
    twilio_sign,
    (b"", b"{}", b"[]", b"null", b"CallSid=CA1&CallStatus=ringing", b"MessageStatus=", b"\xff\xfe=\xfd"),
    other="read",
    texts=("To", "ErrorMessage", "MessageSid"),
    long=("undelivered", "ErrorMessage"),
    by_form=True,
    echoes_in_url=True,
    has_clock=False,
)
