"""Brevo: sending, the report of all events, and webhooks, which carry the user and password of the webhook's URL."""

import base64
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.simulator.behaviour import Event, Reply
from adapters.simulator.config import Account
from adapters.simulator.letters import OPENS, Letter, LetterSide, loaded
from adapters.simulator.messages import Message, Told
from adapters.simulator.sendgrid_checks import ADDRESS, listed
from adapters.simulator.side import Call
from adapters.simulator.web import answer

CUSTOM = "X-Mailin-custom"
WORDS: Mapping[Event, dict[str, Any]] = {
    Event.SENT: {"event": "request"},
    Event.DEFERRED: {"event": "deferred", "reason": "450 4.2.1 mailbox busy"},
    Event.DELIVERED: {"event": "delivered"},
    Event.OPENED: {"event": "unique_opened"},
    Event.MACHINE_OPENED: {"event": "unique_proxy_open"},
    Event.CLICKED: {"event": "click", "link": "https://example.com/invoice"},
    Event.COMPLAINED: {"event": "spam"},
    Event.UNSUBSCRIBED: {"event": "unsubscribed"},
    Event.BOUNCED: {"event": "hard_bounce", "reason": "550 5.1.1 no such mailbox"},
    Event.ORPHAN_BOUNCED: {"event": "hard_bounce", "reason": "500 5.0.0 returned"},
    Event.MAILBOX_FULL: {"event": "soft_bounce", "reason": "552 5.2.2 over quota"},
    Event.BLOCKED: {"event": "soft_bounce", "reason": "550 5.7.1 refused by policy"},
    Event.DROPPED: {"event": "blocked", "reason": "blocked : due to blacklist user"},
}
ASKED = {
    "request": "requests", "deferred": "deferred", "delivered": "delivered", "unique_opened": "opened",
    "unique_proxy_open": "loadedByProxy", "click": "clicks", "spam": "spam", "unsubscribed": "unsubscribed",
    "hard_bounce": "hardBounces", "soft_bounce": "softBounces", "blocked": "blocked",
}  # fmt: skip
"""The report has other names for the same."""


class Brevo(LetterSide):
    name: ClassVar[str] = "brevo"
    words: ClassVar[Mapping[Event, Any]] = WORDS
    endpoints: ClassVar[tuple[tuple[str, str], ...]] = (
        ("POST /v3/smtp/email", "send; the key as api-key"),
        ("GET /v3/smtp/statistics/events?messageId=&tags=&limit=", "what happened, the newest first"),
    )

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v3/smtp/email", self.send, methods=["POST"]),
            Route("/v3/smtp/statistics/events", self.show, methods=["GET"]),
        ]

    def draw(self) -> tuple[str, str]:
        return f"xkeysib-{uuid.uuid4().hex}", ""

    def account(self, request: Request, body: bytes) -> Account | Response:  # noqa: ARG002
        found = self.world.accounts.find(self.name, request.headers.get("api-key", ""))
        return found or _error(401, "unauthorized", "Key not found")

    def read(self, body: bytes, request: Request) -> Letter | Response:  # noqa: ARG002
        told = loaded(body)
        if told is None:
            return _error(400, "bad_request", "Invalid JSON")
        people = [str(one.get("email", "")) for kind in ("to", "cc", "bcc") for one in listed(told.get(kind))]
        if not listed(told.get("to")) or not all(ADDRESS.fullmatch(a) for a in people):
            return _error(400, "invalid_parameter", "email is not valid in to")
        sender = told.get("sender")
        if not isinstance(sender, dict) or not (told.get("textContent") or told.get("htmlContent")):
            return _error(400, "missing_parameter", "sender, and textContent or htmlContent, are missing")
        if not all({"name", "content"} <= set(one) for one in listed(told.get("attachment"))):
            return _error(400, "missing_parameter", "an attachment needs name and content")
        silenced = frozenset() if told.get("htmlContent") else OPENS | {Event.CLICKED}
        arguments = {CUSTOM: str((told.get("headers") or {}).get(CUSTOM, "")), "tags": json.dumps(told.get("tags", []))}
        return Letter(
            str(sender.get("email", "")), people, told.get("subject", ""), told.get("textContent", ""), arguments,
            silenced, told,
        )  # fmt: skip

    def new_id(self) -> str:
        return f"<{uuid.uuid4().hex}@smtp-relay.brevo.test>"

    def taken(self, messages: Sequence[Message]) -> Response:
        return answer({"messageId": messages[0].reference}, 201)

    def problem(self, reply: Reply, headers: Mapping[str, str]) -> Response:
        if reply is Reply.REFUSED:
            return _error(400, "invalid_parameter", "email is not valid in to")
        if reply is Reply.RATE_LIMITED:
            wait = {"x-sib-ratelimit-reset": headers["Retry-After"], "x-sib-ratelimit-remaining": "0"}
            return _error(429, "too_many_requests", "The rate limit is exceeded", wait)
        return _error(500, "internal_error", "Internal error")

    def too_large(self) -> Response:
        return _error(413, "invalid_parameter", "The request is larger than 20 MB.")

    def call(self, account: Account, url: str, told: Sequence[Told]) -> Call:  # noqa: ARG002
        parts = urlsplit(url.partition("#")[0])
        headers = {"Content-Type": "application/json", "User-Agent": "SendinBlue Webhook"}
        if parts.username:
            pair = unquote(f"{parts.username}:{parts.password or ''}").encode()
            headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        return Call(plain, headers, json.dumps(_event(told[0])).encode())

    async def show(self, request: Request) -> Response:
        account = self.account(request, b"")
        if isinstance(account, Response):
            return account
        wanted, tags = request.query_params.get("messageId"), request.query_params.get("tags")
        kept = [
            m
            for m in self.world.messages.newest()
            if (m.provider, m.account, m.taken) == (self.name, account.key, True)
        ]
        found = [m for m in kept if wanted in (None, m.reference) and tags in (None, m.arguments["tags"])]
        events = [_asked(Told(m, o)) for m in found for o in reversed(m.occurrences)]
        return answer({"events": events[: int(request.query_params.get("limit", "2500"))]} if events else {})


def _event(told: Told) -> dict[str, Any]:
    message, at = told.message, told.occurrence.at
    shared = {
        "email": message.address,
        "id": 1,
        "date": at.strftime("%Y-%m-%d %H:%M:%S"),
        "ts": int(at.timestamp()),
        "ts_epoch": int(at.timestamp() * 1000),
        CUSTOM: message.arguments[CUSTOM],
        "tags": json.loads(message.arguments["tags"]),
        "subject": message.subject,
    }
    if told.occurrence.event is not Event.ORPHAN_BOUNCED:
        shared["message-id"] = message.reference
    return shared | WORDS[told.occurrence.event] | told.occurrence.fields


def _asked(told: Told) -> dict[str, Any]:
    word = WORDS[told.occurrence.event]
    who = {"email": told.message.address, "messageId": told.message.reference, "from": told.message.sender}
    more = {"date": told.occurrence.at.isoformat(), "event": ASKED[word["event"]], "reason": word.get("reason", "")}
    return who | more | {"tag": told.message.arguments["tags"]}


def _error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return answer({"code": code, "message": message}, status, headers)
