"""The least that a webhook intake in Python can do: a bare ASGI application that verifies and answers, keeping nothing.

`python -m tests.bench.bare PORT PROVIDER KEY`, under uvicorn as `sendtrail serve` runs it; the provider is sendgrid or
resend. The key is parsed once. Left out: finding the connection, bounds, metrics, log line, and the log itself; for
Resend also the time that was signed, and more than one signature.
"""

import base64
import hashlib
import hmac
import sys
from collections.abc import Callable, Mapping
from typing import Any

import uvicorn
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

_SIGNATURE, _TIMESTAMP = b"x-twilio-email-event-webhook-signature", b"x-twilio-email-event-webhook-timestamp"
Verified = Callable[[Mapping[bytes, bytes], bytes], bool]


class Bare:
    def __init__(self, verified: Verified) -> None:
        self.verified = verified

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message["body"]
            more = message.get("more_body", False)
        status = 204 if self.verified(dict(scope["headers"]), body) else 403
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def sendgrid(told: str) -> Verified:
    key = load_der_public_key(base64.b64decode(told))
    assert isinstance(key, ec.EllipticCurvePublicKey)

    def verified(headers: Mapping[bytes, bytes], body: bytes) -> bool:
        try:
            der = base64.b64decode(headers[_SIGNATURE])
            key.verify(der, headers[_TIMESTAMP] + body, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

    return verified


def resend(told: str) -> Verified:
    key = base64.b64decode(told.removeprefix("whsec_"))

    def verified(headers: Mapping[bytes, bytes], body: bytes) -> bool:
        signed = b"%s.%s.%s" % (headers[b"svix-id"], headers[b"svix-timestamp"], body)
        wanted = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
        return hmac.compare_digest(wanted, headers[b"svix-signature"])

    return verified


if __name__ == "__main__":
    uvicorn.run(
        Bare({"sendgrid": sendgrid, "resend": resend}[sys.argv[2]](sys.argv[3])), host="127.0.0.1",
        port=int(sys.argv[1]), log_config=None, access_log=False, server_header=False, proxy_headers=False, ws="none",
        lifespan="off",
    )  # fmt: skip
