"""A connection as its webhooks see it: who calls is checked, and what must not be kept is taken away."""

import logging
import re
from urllib.parse import quote

from msgspec.structs import replace

from adapters.providers.port import (
    BadSignatureError,
    Connection,
    MisconfiguredError,
    RawRequest,
    checks_slowly,
)
from adapters.providers.registry import PROVIDERS, UnknownProviderError, provider
from api.http.problems import Problem

log = logging.getLogger(__name__)
RETRY_AFTER = {"Retry-After": "10"}
_HIDDEN_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})
_SHORTEST_SECRET = 8
_CHANGED = re.compile("[^A-Za-z0-9_.~-]")
"""What some spelling of a secret in an address writes otherwise."""


class Entrance:
    """Made once for many requests. `is_slow`: checking a signature may ask somebody, so it needs a thread.

    `reached_at`: our public address, which the provider was told and signs, whatever a proxy calls us.
    """

    def __init__(self, connection: Connection, reached_at: str) -> None:
        self.connection = connection
        self.reached_at = reached_at
        known = PROVIDERS.get(connection.provider)
        self.is_slow = known is not None and checks_slowly(known)
        secrets = [s for s in connection.secrets.values() if len(s) >= _SHORTEST_SECRET]
        spelled = {spelling for s in secrets for spelling in (s, quote(s), quote(s, safe=""))}
        self._secrets = sorted(spelled, key=len, reverse=True)
        # What no spelling changes: where it is not, no spelling is.
        self._traces = [max(_CHANGED.split(s), key=len) for s in secrets]

    def verify(self, request: RawRequest) -> None:
        """Raises Problem."""
        connection = self.connection
        try:
            provider(connection.provider).verify(request, connection)
        except BadSignatureError as error:
            log.warning("connection %s: webhook refused: %s", connection.id, error)
            if error.missing:
                raise Problem(401, "signature_missing", "The request carries no signature.") from None
            raise Problem(403, "signature_wrong", "The signature does not match the request.") from None
        except (MisconfiguredError, UnknownProviderError) as error:
            log.error("connection %s: webhooks cannot be verified: %s", connection.id, error)
            detail = "The connection is not set up completely."
            raise Problem(503, "misconfigured", detail, headers=RETRY_AFTER) from None

    def without_secrets(self, request: RawRequest) -> RawRequest:
        """The request as it is kept: a shared secret has done its work once it is verified."""
        if not _HIDDEN_HEADERS.isdisjoint(request.headers):
            kept = {name: value for name, value in request.headers.items() if name not in _HIDDEN_HEADERS}
            request = replace(request, headers=kept)
        told = "\n".join((request.url, *request.headers.values()))
        for trace in self._traces:
            if trace in told:
                hidden = {name: self._hide(value) for name, value in request.headers.items()}
                return replace(request, url=self._hide(request.url), headers=hidden)
        return request

    def _hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return text
