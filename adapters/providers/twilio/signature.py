"""X-Twilio-Signature: base64 HMAC (SHA-1) over the URL as configured and the sorted form parameters.

There is no timestamp in it, hence no protection against replay: repeated reports are found by their event id.
A body that is no form is covered by its SHA-256 in the query (bodySHA256), and then only the URL is signed.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from itertools import product
from urllib.parse import parse_qs, parse_qsl

from adapters.providers.port import BadSignatureError, Connection, RawRequest

SIGNATURE = "x-twilio-signature"
SETTINGS = "x-twilio-webhooks-signature-settings"
ALGORITHMS = {"HMAC_SHA1": hashlib.sha1, "HMAC_SHA256": hashlib.sha256}
RETRIES = "#rc=5&rp=5xx,ct,rt"
"""Asks for retries in a callback URL. It never travels in the request; whether it is signed is not documented."""
FORM = "application/x-www-form-urlencoded"
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)(?P<fragment>#.*)?", re.DOTALL
)
_AUTHORITY = re.compile(r"(?P<host>(?:.*@)?(?:\[[^\]]*\]|[^:@]*))(?::(?P<port>[0-9]*))?", re.DOTALL)


def verify(request: RawRequest, connection: Connection) -> None:
    """`request.url` must be the public URL that Twilio was given. Raises BadSignatureError, MisconfiguredError."""
    key = _key(request, connection)
    given = request.headers.get(SIGNATURE)
    if not given:
        raise BadSignatureError("signature header is missing", missing=True)
    algorithm = ALGORITHMS.get(_algorithm(request))
    if algorithm is None:
        raise BadSignatureError("the signature's algorithm is not known")
    signed = [_bytes(url) + rest for url, rest in product(spellings(request.url), _covered(request))]
    told = [base64.b64encode(hmac.new(key, s, algorithm).digest()) for s in signed]
    if not sum(hmac.compare_digest(t, _bytes(given)) for t in told):  # all are compared: the time tells nothing
        raise BadSignatureError("the signature does not match URL and parameters")


def spellings(url: str) -> list[str]:
    """How Twilio may have written the URL: with or without its port, the scheme in lower case, our wish for retries."""
    found = _URL.fullmatch(url)
    if found is None:
        return [url]
    schemes = [found["scheme"], found["scheme"].lower()]
    tails = [found["rest"] + (found["fragment"] or ""), found["rest"], found["rest"] + RETRIES]
    authorities = list(_authorities(found["authority"], found["scheme"].lower()))
    return list(dict.fromkeys(f"{s}://{a}{t}" for s, a, t in product(schemes, authorities, tails)))


def form(body: bytes) -> list[tuple[str, str]]:
    """Name and value as Latin-1 text, so that each character is one byte of what was sent; blank values stay."""
    return parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1")


def _authorities(authority: str, scheme: str) -> Iterator[str]:
    yield authority
    found = _AUTHORITY.fullmatch(authority)
    if found is not None:
        yield found["host"]
        yield f"{found['host']}:{found['port'] or (443 if scheme == 'https' else 80)}"


def _covered(request: RawRequest) -> list[bytes]:
    """What may be signed after the URL. Raises BadSignatureError where no signature can cover the body."""
    kind = request.headers.get("content-type", FORM).partition(";")[0].strip().lower()
    options = [_parameters(request.body)] if kind == FORM else []
    hashes = parse_qs(request.url.partition("#")[0].partition("?")[2]).get("bodySHA256")
    told = hashlib.sha256(request.body).hexdigest()
    if hmac.compare_digest(told.encode(), _bytes(hashes[0]).lower()) if hashes else not request.body:
        options.append(b"")
    if not options:
        raise BadSignatureError("the body is not covered by a hash in the URL")
    return options


def _parameters(body: bytes) -> bytes:
    return "".join(name + value for name, value in sorted(set(form(body)))).encode("latin-1")


def _key(request: RawRequest, connection: Connection) -> bytes:
    """The auth token, or the shared key where the account signs with one."""
    shared = connection.secrets.get("webhook_shared_key") if SETTINGS in request.headers else None
    return _bytes(shared or connection.secret("auth_token"))


def _algorithm(request: RawRequest) -> str:
    parts = (part.partition("=") for part in request.headers.get(SETTINGS, "").split(","))
    named = [value.strip().upper() for name, _, value in parts if name.strip() == "algorithm" and value.strip()]
    return named[0] if named else "HMAC_SHA1"


def _bytes(told: str) -> bytes:
    return told.encode(errors="surrogatepass")
