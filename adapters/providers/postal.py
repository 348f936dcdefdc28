"""Postal, which one runs oneself: one event each, signed by the installation's RSA key.

X-Postal-Signature is over SHA-1; newer installations add X-Postal-Signature-256, which then decides.
"""

import base64
import binascii
import re
from typing import ClassVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from adapters.providers import meaning
from adapters.providers.body_signature import key_of
from adapters.providers.mail_events import Event, Shape, an_object, find, lower, report
from adapters.providers.meaning import Meaning
from adapters.providers.port import (
    BadSignatureError,
    Connection,
    MisconfiguredError,
    Need,
    ProviderReport,
    RawRequest,
    UnreadableError,
)
from adapters.providers.reading import exact_base64
from adapters.providers.webhook_only import WebhookOnly

KEY = "public_key"
SIGNATURES: tuple[tuple[str, HashAlgorithm], ...] = (
    ("x-postal-signature-256", SHA256()),
    ("x-postal-signature", SHA1()),  # the only one before Postal 3
)

EVENTS: dict[str, Meaning] = {
    "messagesent": meaning.DELIVERED,  # the receiving server took it
    "messagedelayed": meaning.DEFERRED,
    "messagedeliveryfailed": meaning.failed("hard_bounce"),
    "messageheld": meaning.PROCESSING,
    "messagebounced": meaning.failed("undelivered"),
    "messageloaded": meaning.OPENED,
    "messagelinkclicked": meaning.OPENED,
}
"""Problems with domains and sending limits are of no message."""
STATUSES: dict[str, Meaning] = {
    "sent": meaning.DELIVERED,
    "softfail": meaning.DEFERRED,
    "hardfail": meaning.failed("hard_bounce"),
    "held": meaning.PROCESSING,
}
"""By `payload.status`, which says more than the event's name."""
_PART = re.compile(r"(?:^|;)\s*p=([^;]*)")
_ARMOUR = re.compile(r"-----[^-]*-----|\s")


def _refined(told: Meaning, event: Event) -> Meaning:
    if lower(event, "payload.message.direction", "payload.original_message.direction") == "incoming":
        return meaning.IGNORED
    return STATUSES.get(lower(event, "payload.status"), told)


SHAPE = Shape(
    meanings=EVENTS,
    word=("event", "payload.status"),
    message_id=("payload.message.id", "payload.original_message.id"),
    recipient=("payload.message.to", "payload.original_message.to"),
    at=("timestamp", "payload.timestamp"),
    words=("payload.details", "payload.output", "payload.bounce.subject"),
    echo=("payload.message.tag", "payload.original_message.tag"),
    event_id=("uuid",),
    identity=("payload.url", "payload.bounce.id"),
    refine=_refined,
)


class Postal(WebhookOnly):
    name: ClassVar[str] = "postal"
    signs: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = KEY
    needs: ClassVar[list[Need]] = [
        Need(KEY, "the output of `postal default-dkim-record`, or its p= alone, or the key as PEM", secret=True)
    ]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        key = _public_key(connection)
        name, algorithm = next((s for s in SIGNATURES if s[0] in request.headers), SIGNATURES[-1])
        given = request.headers.get(name)
        if given is None:
            raise BadSignatureError("signature header is missing", missing=True)
        signature = exact_base64(given)
        if signature is None:
            raise BadSignatureError("the signature is not base64")
        try:
            key.verify(signature, request.body, PKCS1v15(), algorithm)
        except InvalidSignature:
            raise BadSignatureError("the signature does not match the body") from None

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        event = an_object(request.body)
        if not isinstance(find(event, "payload"), dict):
            raise UnreadableError("no payload: not a webhook of Postal's")
        return [report(SHAPE, event)]


def _public_key(connection: Connection) -> RSAPublicKey:
    """Raises MisconfiguredError."""
    told = key_of(connection, KEY)
    record = _PART.search(told) if "p=" in told else None
    try:
        der = base64.b64decode(_ARMOUR.sub("", record.group(1) if record else told), validate=True)
        found = load_der_public_key(der)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, RSAPublicKey):
        raise MisconfiguredError(f"connection {connection.id}: secret '{KEY}' is not an RSA public key")
    return found
