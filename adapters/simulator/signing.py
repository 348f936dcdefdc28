"""Key pairs and signatures of the webhooks, as the providers make them."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from functools import lru_cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def new_private_key() -> str:
    """A P-256 key as PKCS#8 PEM."""
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


@lru_cache(maxsize=256)
def _load(pem: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("the private key is not an elliptic curve key on P-256")
    return key


def public_key(pem: str) -> str:
    """Base64 of the DER SubjectPublicKeyInfo on one line, the form that SendGrid shows. Raises ValueError."""
    der = (
        _load(pem)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return base64.b64encode(der).decode()


def ecdsa(pem: str, payload: bytes) -> str:
    """Base64 of the DER signature, SHA-256."""
    return base64.b64encode(_load(pem).sign(payload, ec.ECDSA(hashes.SHA256()))).decode()


def twilio(token: str, url: str, form: Mapping[str, str]) -> str:
    """Base64 of HMAC-SHA1 over the URL and every name and value, names in byte order."""
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
