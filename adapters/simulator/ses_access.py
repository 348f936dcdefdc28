"""Who calls an AWS API: Signature Version 4, checked from the request as it came in."""

import hashlib
import hmac
import re
from urllib.parse import quote, unquote_plus

from starlette.requests import Request

_PROOF = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=(?P<key>[^/]+)/(?P<scope>(?P<day>\d{8})/[^/]+/ses/aws4_request), *"
    r"SignedHeaders=(?P<names>[^,]+), *Signature=(?P<signature>[0-9a-f]{64})"
)
MUST_SIGN = {"host", "x-amz-date"}


def access_key(request: Request) -> str | None:
    """The access key id that the request names; None where it is not signed for SES."""
    found = _PROOF.fullmatch(request.headers.get("authorization", ""))
    return found["key"] if found else None


def is_signed(request: Request, body: bytes, secret: str) -> bool:
    found = _PROOF.fullmatch(request.headers.get("authorization", ""))
    if found is None or not set(found["names"].split(";")) >= MUST_SIGN:
        return False
    stamp = request.headers.get("x-amz-date", "")
    if not stamp.startswith(found["day"]):
        return False
    digest = hashlib.sha256(_canonical(request, body, found["names"]).encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{found['scope']}\n{digest}"
    key = b"AWS4" + secret.encode()
    for part in found["scope"].split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.compare_digest(hmac.digest(key, to_sign.encode(), "sha256").hex(), found["signature"])


def _canonical(request: Request, body: bytes, names: str) -> str:
    path = quote(request.scope["raw_path"].decode("latin-1"), safe="/-_.~")
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in names.split(";"))
    content = hashlib.sha256(body).hexdigest()
    return "\n".join([request.method, path, _query(request), headers, names, content])


def _query(request: Request) -> str:
    told = request.scope["query_string"].decode("latin-1")
    pairs = (pair.partition("=") for pair in told.split("&") if pair)
    spelled = sorted((quote(unquote_plus(n), safe="-_.~"), quote(unquote_plus(v), safe="-_.~")) for n, _, v in pairs)
    return "&".join(f"{name}={value}" for name, value in spelled)
