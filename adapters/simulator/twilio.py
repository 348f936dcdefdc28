"""Twilio Messaging: sending, asking, and the status callbacks that the send asks for."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.simulator.behaviour import Channel, Event, Reply
from adapters.simulator.config import Account
from adapters.simulator.messages import Message
from adapters.simulator.rules import Plan
from adapters.simulator.twilio_callbacks import WORDS, StatusCallback
from adapters.simulator.twilio_checks import Refusal, refusal
from adapters.simulator.twilio_resource import page_of, resource
from adapters.simulator.web import BodyTooLargeError, answer, body_of, hang
from adapters.simulator.world import World

MOST_FORM = 256 * 1024  # bytes

REFUSALS = {
    "invalid": Refusal(21211, "Invalid 'To' Phone Number"),
    "region": Refusal(21408, "Permission to send an SMS has not been enabled for the region of the 'To' number"),
    "opted_out": Refusal(21610, "Attempt to send to unsubscribed recipient"),
    "not_mobile": Refusal(21614, "'To' number is not a valid mobile number"),
}


class Twilio(StatusCallback):
    name: ClassVar[str] = "twilio"
    channel: ClassVar[Channel] = Channel.PHONE
    words: ClassVar[Mapping[Event, Any]] = WORDS
    endpoints: ClassVar[tuple[tuple[str, str], ...]] = (
        ("POST /2010-04-01/Accounts/{sid}/Messages.json", "send; basic authentication with SID and token, form"),
        ("GET /2010-04-01/Accounts/{sid}/Messages.json", "list, by To, From and DateSent, in pages"),
        ("GET /2010-04-01/Accounts/{sid}/Messages/{Sid}.json", "one message with its status"),
    )

    def __init__(self, world: World) -> None:
        super().__init__(world.config)
        self.world = world

    def routes(self) -> list[BaseRoute]:
        root = "/2010-04-01/Accounts/{account}"
        return [
            Route(root + "/Messages.json", self.send, methods=["POST"]),
            Route(root + "/Messages.json", self.search, methods=["GET"]),
            Route(root + "/Messages/{sid}.json", self.show, methods=["GET"]),
        ]

    def draw(self) -> tuple[str, str]:
        return f"AC{secrets.token_hex(16)}", secrets.token_hex(16)

    async def send(self, request: Request) -> Response:
        account = self._account(request)
        if account is None:
            return _error(401, 20003, "Authenticate")
        try:
            body = await body_of(request, MOST_FORM)
        except BodyTooLargeError:
            return _error(413, 20413, "Request body too large")
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        if found := refusal(form):
            return _error(400, found.code, found.message)
        return await self._take(request, account, form, len(body))

    async def _take(self, request: Request, account: Account, form: dict[str, str], size: int) -> Response:
        message = self._message(account, form)
        plans = self.world.rules.plans(self.name, self.channel, [message.address])
        reply = await self.world.receive([message], plans, size)
        if reply.hangs:
            return await hang(request, self.world.background, self.world.config.hang)
        response = self._reply(reply, message, plans[0])
        message.answer = response.status_code
        return response

    def _message(self, account: Account, form: dict[str, str]) -> Message:
        sid = f"SM{secrets.token_hex(16)}"
        return Message(
            id=sid,
            reference=sid,
            provider=self.name,
            account=account.key,
            address=form["To"],
            sender=form.get("From", ""),
            received_at=self.world.clock(),
            text=form["Body"],
            callback_url=form.get("StatusCallback", ""),
            arguments={"MessagingServiceSid": form["MessagingServiceSid"]} if "MessagingServiceSid" in form else {},
            request=form,
        )

    def _reply(self, reply: Reply, message: Message, plan: Plan) -> Response:
        if reply is Reply.REFUSED:
            found = REFUSALS[plan.behaviour.refusal]
            return _error(400, found.code, found.message)
        if reply is Reply.RATE_LIMITED:
            wait = {"Retry-After": str(self.world.config.retry_after)}
            return _error(429, 20429, "Too Many Requests", wait)
        if reply in (Reply.OUTAGE, Reply.CRASH):
            return _error(500, 20500, "Internal Server Error")
        return answer(resource(message, first=True), 201)

    async def search(self, request: Request) -> Response:
        account = self._account(request)
        if account is None:
            return _error(401, 20003, "Authenticate")
        kept = self.world.messages.newest()
        mine = [m for m in kept if (m.provider, m.account, m.taken) == (self.name, account.key, True)]
        page = page_of(mine, request.url.path, dict(request.query_params))
        return answer(page) if page else _error(400, 20001, "A parameter of the list cannot be read")

    async def show(self, request: Request) -> Response:
        account = self._account(request)
        if account is None:
            return _error(401, 20003, "Authenticate")
        message = self.world.messages.get(request.path_params["sid"])
        if message is None or not message.taken or (message.provider, message.account) != (self.name, account.key):
            return _error(404, 20404, f"The requested resource {request.url.path} was not found")
        return answer(resource(message))

    def _account(self, request: Request) -> Account | None:
        """The account of the path, if the basic authentication is its own."""
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        account = self.world.accounts.find(self.name, request.path_params["account"])
        given = (scheme.lower(), user, password)
        return account if account and given == ("basic", account.key, account.token) else None


def _error(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return answer({"code": code, "message": message, "more_info": more, "status": status}, status, headers)
