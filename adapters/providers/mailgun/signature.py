"""Mailgun signs the time and a token of each webhook (HMAC-SHA256), and not what it says.

So whoever sees one webhook could send another under its signature. Against that: TLS, an age that the connection may
limit, and a memory of tokens: one that comes back must say the same. The memory is this process's own.
"""

import hashlib
import hmac
import threading
from collections import OrderedDict
from collections.abc import Hashable
from uuid import UUID

from adapters.providers.mailgun.request import Hook, Signature, hook
from adapters.providers.port import BadSignatureError, Connection, MisconfiguredError, RawRequest, UnreadableError
from adapters.providers.reading import digest, moment

REMEMBERED = 100_000


class Tokens:
    """Which token came with what: bounded, the oldest are forgotten. Safe to share between threads."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._seen: OrderedDict[Hashable, str] = OrderedDict()
        self._lock = threading.Lock()

    def agree(self, connection: UUID, token: str, said: str) -> bool:
        """Whether the token is new, or said the same before: providers repeat what was not answered."""
        with self._lock:
            known = self._seen.setdefault((connection, token), said)
            while len(self._seen) > self._most:
                self._seen.popitem(last=False)
        return known == said


def verify(request: RawRequest, connection: Connection, tokens: Tokens) -> None:
    """Raises BadSignatureError, MisconfiguredError."""
    key = connection.secret("webhook_signing_key")
    longest = _max_age(connection)
    found = _hook(request)
    given = found.signature
    if given is None:
        raise BadSignatureError("there is no signature in it", missing=True)
    told = hmac.digest(_bytes(key), _bytes(given.timestamp + given.token), hashlib.sha256).hex()
    if not sum(hmac.compare_digest(_bytes(told), _bytes(s)) for s in given.signatures):
        raise BadSignatureError("the signature does not match")
    _check_age(given, request, longest)
    said = digest(found.event) if found.event is not None else hashlib.sha256(request.body).hexdigest()
    if not tokens.agree(connection.id, given.token, said):
        raise BadSignatureError("its token has come before, with something else")


def _hook(request: RawRequest) -> Hook:
    try:
        return hook(request)
    except UnreadableError as error:
        raise BadSignatureError(f"no signature: {error}", missing=True) from None


def _check_age(given: Signature, request: RawRequest, longest: float | None) -> None:
    if longest is None:
        return
    at = moment(given.timestamp)
    if at is None or abs((request.received_at - at).total_seconds()) > longest:
        raise BadSignatureError("the signature is too old, or from the future")


def _max_age(connection: Connection) -> float | None:
    told = connection.settings.get("max_age_seconds")
    if told in (None, ""):
        return None
    try:
        found = float(str(told))
    except ValueError:
        found = 0.0
    if not found > 0:
        raise MisconfiguredError(f"connection {connection.id}: 'max_age_seconds' is not a number of seconds")
    return found


def _bytes(told: str) -> bytes:
    return told.encode(errors="surrogatepass")
