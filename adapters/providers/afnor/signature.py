"""Afnor-Signature: base64 HMAC-SHA-256 over the raw body, "@" and the time of Afnor-Signature-Timestamp.

The standard's text signs the SHA-256 fingerprint of that; platforms were seen to sign it directly. Which of the two
counts is the connection's setting; which one matched is logged.
"""

import hashlib
import hmac
import logging
import re

from adapters.providers.port import BadSignatureError, Connection, MisconfiguredError, RawRequest
from adapters.providers.reading import exact_base64

SIGNATURE, TIMESTAMP = "afnor-signature", "afnor-signature-timestamp"
KEY = "signing_key"
DIRECT, FINGERPRINT, EITHER = "direct", "fingerprint", "either"
FORMS = {DIRECT: (DIRECT,), FINGERPRINT: (FINGERPRINT,), EITHER: (DIRECT, FINGERPRINT)}
TOLERANCE = "300"
"""Seconds, each way, that the platform's clock may be apart from ours: each sending is signed anew."""
_EPOCH = re.compile("[0-9]{1,12}")

log = logging.getLogger(__name__)


def verify(request: RawRequest, connection: Connection) -> None:
    """Raises BadSignatureError, MisconfiguredError."""
    key, allowed, tolerance = _key(connection), _allowed(connection), _tolerance(connection)
    signed, timestamp = request.headers.get(SIGNATURE), request.headers.get(TIMESTAMP)
    if not signed or timestamp is None:
        raise BadSignatureError("signature or timestamp header is missing", missing=True)
    given = exact_base64(signed)
    if given is None or not _EPOCH.fullmatch(timestamp):
        raise BadSignatureError("the signature is not base64, or its time not a number of seconds")
    form = _matching(key, request.body + b"@" + timestamp.encode(), given)
    if form is None:
        raise BadSignatureError("the signature does not match the body")
    if form not in allowed:
        raise BadSignatureError(f"the signature matches in the {form} form: set signature_form to accept it")
    if tolerance and abs(int(timestamp) - request.received_at.timestamp()) > tolerance:
        raise BadSignatureError("the signature is too old, or from the future")
    log.info("connection %s: signed in the %s form", connection.id, form)


def sign(key: bytes, body: bytes, timestamp: str, form: str = DIRECT) -> bytes:
    """The MAC itself."""
    payload = body + b"@" + timestamp.encode()
    return hmac.digest(key, payload if form == DIRECT else hashlib.sha256(payload).digest(), "sha256")


def _matching(key: bytes, payload: bytes, given: bytes) -> str | None:
    """A fingerprint may be signed as its bytes or as its hexadecimal spelling: the text does not say."""
    fingerprint = hashlib.sha256(payload)
    signed = {
        DIRECT: (payload,),
        FINGERPRINT: (fingerprint.digest(), fingerprint.hexdigest().encode()),
    }
    matching = [
        form
        for form, texts in signed.items()
        for told in texts
        if hmac.compare_digest(hmac.digest(key, told, "sha256"), given)
    ]
    return next(iter(matching), None)


def _key(connection: Connection) -> bytes:
    key = exact_base64(connection.secret(KEY).strip())
    if not key:
        raise MisconfiguredError(f"connection {connection.id}: '{KEY}' is not the base64 that the platform answered")
    return key


def _allowed(connection: Connection) -> tuple[str, ...]:
    told = connection.setting("signature_form", DIRECT).strip().lower()
    if told not in FORMS:
        raise MisconfiguredError(f"connection {connection.id}: signature_form is one of {', '.join(FORMS)}")
    return FORMS[told]


def _tolerance(connection: Connection) -> int:
    told = connection.setting("tolerance_seconds", TOLERANCE).strip()
    if not _EPOCH.fullmatch(told):
        raise MisconfiguredError(f"connection {connection.id}: tolerance_seconds is not a number of seconds")
    return int(told)
