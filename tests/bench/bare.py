"""The least that a webhook intake in Python can do: a bare ASGI application that verifies and answers, keeping nothing.

`python -m tests.bench.bare PORT KEY`, under uvicorn as `sendtrail serve` runs it. The key is parsed once. Left out:
finding the connection, bounds, metrics, log line, and the log itself.
"""

import base64
import sys
from typing import Any

import uvicorn
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

_SIGNATURE, _TIMESTAMP = b"x-twilio-email-event-webhook-signature", b"x-twilio-email-event-webhook-timestamp"


class Bare:
    def __init__(self, key: str) -> None:
        found = load_der_public_key(base64.b64decode(key))
        assert isinstance(found, ec.EllipticCurvePublicKey)
        self.key = found

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message["body"]
            more = message.get("more_body", False)
        status = 204 if self._verified(dict(scope["headers"]), body) else 403
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def _verified(self, headers: dict[bytes, bytes], body: bytes) -> bool:
        try:
            der = base64.b64decode(headers[_SIGNATURE])
            self.key.verify(der, headers[_TIMESTAMP] + body, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


if __name__ == "__main__":
    uvicorn.run(
        Bare(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False,
        server_header=False, proxy_headers=False, ws="none", lifespan="off",
    )  # fmt: skip
