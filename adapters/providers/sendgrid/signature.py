"""The signed Event Webhook: ECDSA P-256 with SHA-256 over the timestamp header and the raw body.

No tolerance is prescribed and nothing says that retries are signed anew, so the timestamp's age is not judged.
"""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from adapters.providers.port import BadSignatureError, Connection, MisconfiguredError, RawRequest
from adapters.providers.reading import exact_base64

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
_ALGORITHM = ec.ECDSA(hashes.SHA256())


def verify(request: RawRequest, connection: Connection) -> None:
    """Raises BadSignatureError, MisconfiguredError."""
    key = public_key(connection)
    signed, timestamp = request.headers.get(SIGNATURE), request.headers.get(TIMESTAMP)
    if not signed or timestamp is None:
        raise BadSignatureError("signature or timestamp header is missing", missing=True)
    der = exact_base64(signed)
    if der is None:
        raise BadSignatureError("the signature is not base64")
    try:
        key.verify(der, timestamp.encode(errors="replace") + request.body, _ALGORITHM)
    except InvalidSignature:
        raise BadSignatureError("the signature does not match the body") from None


def public_key(connection: Connection) -> ec.EllipticCurvePublicKey:
    """The webhook's verification key: base64 of DER as SendGrid shows it, or PEM. Raises MisconfiguredError."""
    told = (connection.secrets.get("public_key") or connection.setting("public_key")).strip()
    key = _key(told)
    if key is None:
        raise MisconfiguredError(f"connection {connection.id}: 'public_key' is not a P-256 public key in base64")
    return key


@lru_cache(1024)
def _key(told: str) -> ec.EllipticCurvePublicKey | None:
    """Parsing takes a tenth as long as verifying."""
    try:
        key = load_pem_public_key(told.encode()) if told.startswith("-----") else load_der_public_key(_der(told))
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1) else None


def _der(told: str) -> bytes:
    found = exact_base64("".join(told.split()))
    if found is None:
        raise ValueError("not base64")
    return found
