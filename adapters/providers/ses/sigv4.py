"""AWS Signature Version 4: the headers that prove who calls an AWS API.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
UNRESERVED = "-_.~"


class Credentials(NamedTuple):
    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


def signed(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    credentials: Credentials,
    scope: tuple[str, str],
    at: datetime,
) -> dict[str, str]:
    """The headers with those that sign the request; the Host is `url`'s. `scope`: region and service."""
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    told = dict(headers) | {"X-Amz-Date": stamp}
    if credentials.session_token:
        told["X-Amz-Security-Token"] = credentials.session_token
    names, canonical = canonical_request(method, url, told, body)
    where = "/".join([stamp[:8], *scope, "aws4_request"])
    to_sign = "\n".join([ALGORITHM, stamp, where, hashlib.sha256(canonical.encode()).hexdigest()])
    signature = hmac.new(_key(credentials, stamp[:8], scope), to_sign.encode(), hashlib.sha256).hexdigest()
    proof = f"Credential={credentials.access_key_id}/{where}, SignedHeaders={names}, Signature={signature}"
    return told | {"Authorization": f"{ALGORITHM} {proof}"}


def canonical_request(method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    """The names of the signed headers, and what is signed. All headers and the Host are."""
    parts = urlsplit(url)
    spelled = {name.lower(): " ".join(value.split()) for name, value in headers.items()} | {"host": parts.netloc}
    names = ";".join(sorted(spelled))
    lines = [f"{name}:{spelled[name]}" for name in sorted(spelled)]
    pairs = sorted((_quoted(n), _quoted(v)) for n, v in parse_qsl(parts.query, keep_blank_values=True))
    query = "&".join(f"{name}={value}" for name, value in pairs)
    path = quote(parts.path or "/", safe="/" + UNRESERVED)
    content = hashlib.sha256(body).hexdigest()
    return names, "\n".join([method, path, query, *lines, "", names, content])


def _key(credentials: Credentials, day: str, scope: tuple[str, str]) -> bytes:
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in (day, *scope, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _quoted(text: str) -> str:
    return quote(text, safe=UNRESERVED)
