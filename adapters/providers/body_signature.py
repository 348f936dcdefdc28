"""A header with the hexadecimal HMAC-SHA256 of the body. No time is in it: a repetition is as authentic as the first.

Repeated events are found by their event id.
"""

import hashlib
import hmac

from adapters.providers.port import BadSignatureError, Connection, MisconfiguredError, RawRequest


def verify(request: RawRequest, header: str, key: str) -> None:
    """`header` in lower case. Raises BadSignatureError."""
    given = request.headers.get(header)
    if given is None:
        raise BadSignatureError("signature header is missing", missing=True)
    told = hmac.digest(as_bytes(key), request.body, hashlib.sha256).hex()
    if not hmac.compare_digest(told.encode(), as_bytes(given)):
        raise BadSignatureError("the signature does not match the body")


def key_of(connection: Connection, name: str) -> str:
    """Without the blanks that copying leaves around it. Raises MisconfiguredError."""
    key = connection.secret(name).strip()
    if not key:
        raise MisconfiguredError(f"connection {connection.id}: secret '{name}' is blank")
    return key


def as_bytes(told: str) -> bytes:
    return told.encode(errors="surrogatepass")
