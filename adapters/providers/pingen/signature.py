"""`Signature`: the hexadecimal HMAC-SHA256 of the body, in lower case; in upper case it is as authentic."""

import msgspec

from adapters.providers import body_signature
from adapters.providers.port import Connection, RawRequest

KEY = "signing_key"
HEADER = "signature"


def verify(request: RawRequest, connection: Connection) -> None:
    """Raises BadSignatureError, MisconfiguredError."""
    given = request.headers.get(HEADER)
    if given is not None and given.isupper():  # one case or the other: a mixture nobody writes
        request = msgspec.structs.replace(request, headers=request.headers | {HEADER: given.lower()})
    body_signature.verify(request, HEADER, body_signature.key_of(connection, KEY))
