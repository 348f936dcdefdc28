"""SendGrid: Mail Send, the Email Activity feed, and the Event Webhook of the account."""

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.simulator.behaviour import Channel, Event, Reply
from adapters.simulator.config import Account
from adapters.simulator.messages import Message
from adapters.simulator.sendgrid_activity import abbreviated, detailed
from adapters.simulator.sendgrid_checks import problem, problems
from adapters.simulator.sendgrid_events import WORDS, EventWebhook
from adapters.simulator.sendgrid_message import messages_of, setting
from adapters.simulator.sendgrid_query import QueryError, matcher
from adapters.simulator.web import BodyTooLargeError, answer, body_of, hang
from adapters.simulator.world import World


class SendGrid(EventWebhook):
    name: ClassVar[str] = "sendgrid"
    channel: ClassVar[Channel] = Channel.EMAIL
    words: ClassVar[Mapping[Event, Any]] = WORDS
    endpoints: ClassVar[tuple[tuple[str, str], ...]] = (
        ("POST /v3/mail/send", "send; the key as Authorization: Bearer"),
        ("GET /v3/messages?query=...&limit=...", "ask about messages, in the query language of the activity feed"),
        ("GET /v3/messages/{msg_id}", "one message with its events; the id is the whole sg_message_id"),
    )

    def __init__(self, world: World) -> None:
        super().__init__(world.config, world.clock)
        self.world = world

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v3/mail/send", self.send, methods=["POST"]),
            Route("/v3/messages", self.search, methods=["GET"]),
            Route("/v3/messages/{id}", self.show, methods=["GET"]),
        ]

    def draw(self) -> tuple[str, str]:
        return f"SG.{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}", ""

    async def send(self, request: Request) -> Response:
        account = self._account(request)
        if isinstance(account, Response):
            return account
        try:
            body = await body_of(request, self.world.config.max_body)
        except BodyTooLargeError:
            return _errors(413, problem("The request is larger than the limit for a mail, 30 MB."))
        mail = _object(body)
        if mail is None:
            return _errors(400, problem("Bad Request"))
        if found := problems(mail):
            return _errors(400, *found)
        if setting(mail, "mail_settings", "sandbox_mode") is True:
            return Response(status_code=200)
        return await self._take(request, account, mail, len(body))

    async def _take(self, request: Request, account: Account, mail: dict[str, Any], size: int) -> Response:
        messages = messages_of(mail, account.key, self.world.clock())
        plans = self.world.rules.plans(self.name, self.channel, [message.address for message in messages])
        reply = await self.world.receive(messages, plans, size)
        if reply.hangs:
            return await hang(request, self.world.background, self.world.config.hang)
        response = self._reply(reply, messages[0])
        for message in messages:
            message.answer = response.status_code
        return response

    def _reply(self, reply: Reply, message: Message) -> Response:
        if reply is Reply.REFUSED:
            return _errors(400, problem("Does not contain a valid address.", "personalizations.0.to.0.email"))
        if reply is Reply.RATE_LIMITED:
            wait = self.world.config.retry_after
            headers = {"X-RateLimit-Limit": "600", "X-RateLimit-Remaining": "0", "Retry-After": str(wait)}
            headers["X-RateLimit-Reset"] = str(int(self.world.clock().timestamp()) + wait)
            return _errors(429, problem("too many requests"), headers=headers)
        if reply in (Reply.OUTAGE, Reply.CRASH):
            return _errors(500, problem("Internal Server Error"))
        return Response(status_code=202, headers={"X-Message-Id": message.reference})

    async def search(self, request: Request) -> Response:
        account = self._account(request)
        if isinstance(account, Response):
            return account
        limit = request.query_params.get("limit", "10")
        if not limit.isdecimal() or not 1 <= int(limit) <= 1000:
            return _errors(400, {"message": "limit must be a number from 1 to 1000"})
        try:
            matches = matcher(request.query_params.get("query", ""))
        except QueryError as error:
            return _errors(400, {"message": f"invalid syntax: {error}"})
        found = [message for message in self._messages(account) if matches(message)]
        return answer({"messages": [abbreviated(message) for message in found[: int(limit)]]})

    async def show(self, request: Request) -> Response:
        account = self._account(request)
        if isinstance(account, Response):
            return account
        message = self.world.messages.get(request.path_params["id"])
        if message not in self._messages(account):
            return _errors(404, {"message": "not found"})
        return answer(detailed(message))

    def _messages(self, account: Account) -> list[Message]:
        """The account's messages that were taken, newest first."""
        kept = self.world.messages.newest()
        return [m for m in kept if (m.provider, m.account, m.taken) == (self.name, account.key, True)]

    def _account(self, request: Request) -> Account | Response:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return _errors(401, problem("Permission denied, wrong credentials"))
        account = self.world.accounts.find(self.name, key.strip())
        return account or _errors(401, problem("The provided authorization grant is invalid, expired, or revoked"))


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        mail = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    return mail if isinstance(mail, dict) else None


def _errors(status: int, *errors: dict[str, str | None], headers: dict[str, str] | None = None) -> Response:
    return answer({"errors": errors}, status, headers)
