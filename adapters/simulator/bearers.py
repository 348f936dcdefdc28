"""OAuth 2 client credentials: tokens that are given out for an hour, and what they open."""

import base64
import binascii
import secrets
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request
from starlette.responses import Response

from adapters.simulator.config import Account
from adapters.simulator.shelf import Shelf
from adapters.simulator.web import BodyTooLargeError, answer, body_of
from adapters.simulator.world import World

LIFE = timedelta(hours=1)
MOST_FORM = 64 * 1024  # bytes
MOST_TOKENS = 10_000


class Bearers:
    """The tokens of one provider: its accounts' keys are client ids, their tokens client secrets."""

    def __init__(self, world: World, provider: str, scope: str = "") -> None:
        self.world, self.provider, self.scope = world, provider, scope
        self._given: Shelf[str, tuple[str, datetime]] = Shelf(MOST_TOKENS, MOST_TOKENS)

    async def give(self, request: Request) -> Response:
        """The token endpoint."""
        try:
            form = dict(parse_qsl((await body_of(request, MOST_FORM)).decode("utf-8", "replace")))
        except BodyTooLargeError:
            return answer({"error": "invalid_request"}, 413)
        name, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        account = self.world.accounts.find(self.provider, name)
        if form.get("grant_type") != "client_credentials":
            return answer({"error": "unsupported_grant_type"}, 400)
        if account is None or not secrets.compare_digest(account.token.encode(), secret.encode()):
            return answer({"error": "invalid_client"}, 400)
        if self.scope and form.get("scope") != self.scope:
            return answer({"error": "invalid_scope"}, 400)
        token = secrets.token_urlsafe(40)
        self._given.put(token, (account.key, self.world.clock() + LIFE), 1)
        lasts = int(LIFE.total_seconds())
        return answer({"access_token": token, "token_type": "Bearer", "expires_in": lasts, "scope": self.scope})

    def account(self, request: Request) -> Account | None:
        """Whose token the request carries; None without one, and once its time is over."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        key, until = self._given.get(token.strip()) or ("", self.world.clock())
        good = scheme.lower() == "bearer" and until > self.world.clock()
        return self.world.accounts.find(self.provider, key) if good else None

    def revoke(self) -> None:
        """Forget all tokens, as a platform does that restarts."""
        self._given.clear()


def _basic(request: Request) -> tuple[str, str] | None:
    """Client id and secret from the header, where they are there and not in the form."""
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(told.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return unquote_plus(name), unquote_plus(secret)
