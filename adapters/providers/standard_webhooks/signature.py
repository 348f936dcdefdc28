"""Standard Webhooks (standardwebhooks.com): id, time and body, signed with a shared secret (v1) or a key pair (v1a).

Svix, and who builds on it, writes the headers' names otherwise. What kind of key a connection has says which
signatures count: a public key is no secret, so it must never verify a v1.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from adapters.providers.port import BadSignatureError, Connection, MisconfiguredError, RawRequest
from adapters.providers.reading import exact_base64

TOLERANCE = 300
"""Seconds, each way."""
SECRET, PUBLIC, PRIVATE = "whsec_", "whpk_", "whsk_"
_FAMILIES = [[f"{family}-{part}" for part in ("id", "timestamp", "signature")] for family in ("webhook", "svix")]
_SECONDS = re.compile(r"[0-9]{1,12}")

Check = Callable[[bytes, str], bool]


class Signed(NamedTuple):
    """The three headers."""

    id: str
    timestamp: str
    signatures: str


def verify(request: RawRequest, connection: Connection, name: str = "webhook_secret") -> None:
    """With the connection's secret `name`: one key, or several with spaces between while they are changed.

    Raises BadSignatureError, MisconfiguredError.
    """
    try:
        checks = _checks(connection.secret(name))
    except ValueError as error:
        raise MisconfiguredError(f"connection {connection.id}: '{name}' {error}") from None
    found = signed(request)
    if found is None:
        raise BadSignatureError("the id, timestamp or signature header is missing", missing=True)
    if not _SECONDS.fullmatch(found.timestamp):
        raise BadSignatureError("the timestamp is not a number of seconds")
    if abs(request.received_at.timestamp() - int(found.timestamp)) > TOLERANCE:
        raise BadSignatureError("it was signed too long ago, or in the future")
    content = f"{found.id}.{found.timestamp}.".encode(errors="surrogatepass") + request.body
    for check in checks:
        for one in found.signatures.split():
            if check(content, one):
                return
    raise BadSignatureError("the signature does not match")


def signed(request: RawRequest) -> Signed | None:
    """None where no family of headers is whole."""
    told = request.headers.get
    for identity, timestamp, signatures in _FAMILIES:
        if (name := told(identity)) and (stamp := told(timestamp)) and (given := told(signatures)):
            return Signed(name, stamp, given)
    return None


def webhook_id(request: RawRequest) -> str | None:
    """The same on every repetition."""
    found = signed(request)
    return found.id if found else None


@lru_cache(1024)
def _checks(told: str) -> list[Check]:
    """Of each key in a secret. Raises ValueError, whose text says what the secret is."""
    if not (keys := told.split()):
        raise ValueError("is blank")
    return [_check(key) for key in keys]


def _check(told: str) -> Check:
    if told.startswith(PUBLIC):
        return _asymmetric(_decoded(told.removeprefix(PUBLIC)))
    if told.startswith(PRIVATE):
        raise ValueError("is a private key; the public one is needed")
    return _symmetric(_decoded(told.removeprefix(SECRET)))


def _symmetric(key: bytes) -> Check:
    def check(content: bytes, given: str) -> bool:
        told = b"v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256))
        return hmac.compare_digest(told, given.encode(errors="surrogatepass"))

    return check


def _asymmetric(raw: bytes) -> Check:
    try:
        key = Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        raise ValueError("is not an Ed25519 public key") from None

    def check(content: bytes, given: str) -> bool:
        version, _, told = given.partition(",")
        signature = exact_base64(told) if version == "v1a" else None
        if signature is None:
            return False
        try:
            key.verify(signature, content)
        except InvalidSignature:
            return False
        return True

    return check


def _decoded(told: str) -> bytes:
    """Base64, its padding left out or not. Raises ValueError."""
    try:
        found = base64.b64decode(told.rstrip("=") + "=" * (-len(told.rstrip("=")) % 4), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not found:
        raise ValueError("is not base64, or empty")
    return found
