"""Webhooks that nobody signs: a secret that only the provider was told, in the URL or in a header.

Basic authentication (`https://user:password@...`, which providers turn into a header), a header of its own, or a
query parameter. Such a secret proves who calls, not what the body says.
"""

import base64
import binascii
import hmac
from urllib.parse import parse_qs, urlsplit

from adapters.providers.port import BadSignatureError, Connection, MisconfiguredError, Need, RawRequest

USERNAME = "webhook_username"
PASSWORD = "webhook_password"
QUERY, HEADER = "secret", "x-webhook-secret"
IN_ADDRESS = Need(PASSWORD, f"invent a long one, and give the webhook address as ADDRESS?{QUERY}=PASSWORD", secret=True)
"""For who can be told an address and nothing else."""


def verify(request: RawRequest, connection: Connection) -> None:
    """Against the connection's `webhook_username` (sendtrail) and `webhook_password`.

    Raises BadSignatureError, MisconfiguredError.
    """
    password = connection.secret(PASSWORD)
    username = connection.setting(USERNAME, "sendtrail")
    if not password.strip():
        raise MisconfiguredError(f"connection {connection.id}: secret '{PASSWORD}' is blank")
    given = _given(request)
    if not given:
        raise BadSignatureError("the request carries no password", missing=True)
    wanted = {"basic": f"{username}:{password}", "plain": password}
    if not sum(hmac.compare_digest(_bytes(wanted[how]), _bytes(told)) for how, told in given):
        raise BadSignatureError("the password is wrong")


def _given(request: RawRequest) -> list[tuple[str, str]]:
    """Every credential of the request: ("basic", user:password) or ("plain", secret)."""
    found = [("plain", value) for value in _query(request.url)]
    if header := request.headers.get(HEADER):
        found.append(("plain", header))
    scheme, _, told = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "basic" and (pair := _decoded(told.strip())) is not None:
        found.append(("basic", pair))
    elif scheme.lower() == "bearer" and told.strip():
        found.append(("plain", told.strip()))
    return found


def _query(url: str) -> list[str]:
    try:
        return parse_qs(urlsplit(url).query).get(QUERY, [])
    except ValueError:
        return []


def _decoded(told: str) -> str | None:
    try:
        return base64.b64decode(told, validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _bytes(told: str) -> bytes:
    return told.encode(errors="surrogatepass")
