"""A platform with the Flow Service of XP Z12-013: deposits, search, downloads, and its signed callbacks."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple
from uuid import uuid4

import msgspec
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.simulator.afnor_flows import (
    WORDS,
    accepted,
    document,
    fingerprint,
    invoice_flow,
    life_cycle_flow,
    life_cycle_id,
    life_cycles,
)
from adapters.simulator.bearers import Bearers
from adapters.simulator.behaviour import Channel, Event, Reply
from adapters.simulator.config import Account
from adapters.simulator.messages import Message, Told
from adapters.simulator.network import Paper, iso, read_paper
from adapters.simulator.rules import Plan
from adapters.simulator.side import Call, Patience
from adapters.simulator.web import answer, body_of, hang
from adapters.simulator.world import World

ROOT = "/flow-service/v1"
ROOTS = (ROOT, "/afnor-flow/v1")
"""Where platforms were seen to have it; the standard leaves it to them."""
FINGERPRINT = "fingerprint"
REFUSALS = {
    "invalid": (422, "UNPROCESSABLE_ENTITY", "The invoice is not valid."),
    "not_registered": (422, "UNPROCESSABLE_ENTITY", "The buyer is not in the directory."),
}


class Deposit(NamedTuple):
    information: dict[str, Any]
    content: bytes
    paper: Paper


class Afnor:
    name: ClassVar[str] = "afnor"
    channel: ClassVar[Channel] = Channel.PARTICIPANT
    batch: ClassVar[int] = 1
    words: ClassVar[Mapping[Event, Any]] = WORDS
    untold: ClassVar[frozenset[Event]] = frozenset(event for event, word in WORDS.items() if not word.acknowledgement)
    endpoints: ClassVar[tuple[tuple[str, str], ...]] = (
        ("POST /auth-service/token", "a token: client id and secret are the account's key and token"),
        (f"POST {ROOT}/flows", "send; multipart, flowInfo and file"),
        (f"POST {ROOT}/flows/search", "flows by trackingId, type, direction and update, in pages with a cursor"),
        (f"GET {ROOT}/flows/{{flowId}}", "one of them; its file with docType=Original"),
        (
            f"POST {ROOT}/webhooks",
            "sets the account's webhook, which is told of CustomerInvoice; answers its signingKey",
        ),
    )

    def __init__(self, world: World) -> None:
        self.world = world
        self.bearers = Bearers(world, self.name)

    def routes(self) -> list[BaseRoute]:
        found: list[BaseRoute] = [Route("/auth-service/token", self.bearers.give, methods=["POST"])]
        for root in ROOTS:
            found += [
                Route(f"{root}/flows", self.send, methods=["POST"]),
                Route(f"{root}/flows/search", self.search, methods=["POST"]),
                Route(f"{root}/flows/{{id}}", self.show, methods=["GET"]),
                Route(f"{root}/webhooks", self.subscribe, methods=["POST"]),
            ]
        return found

    def draw(self) -> tuple[str, str]:
        return secrets.token_hex(16), secrets.token_hex(32)

    def call(self, account: Account, url: str, told: Sequence[Told]) -> Call:
        """A fragment `#fingerprint` of the webhook's address has the standard's own form signed."""
        body = msgspec.json.encode(invoice_flow(told[0].message) | told[0].occurrence.fields)
        address, _, form = url.partition("#")
        timestamp = str(int(self.world.clock().timestamp()))
        payload = body + b"@" + timestamp.encode()
        signed = hashlib.sha256(payload).digest() if form == FINGERPRINT else payload
        mac = hmac.digest(base64.b64decode(signing_key(account)), signed, "sha256")
        headers = {
            "Content-Type": "application/json",
            "Afnor-Signature": base64.b64encode(mac).decode(),
            "Afnor-Signature-Timestamp": timestamp,
        }
        return Call(address, headers, body)

    def patience(self, url: str) -> Patience:  # noqa: ARG002
        return Patience(self.world.config.retries)

    async def send(self, request: Request) -> Response:
        account = self.bearers.account(request)
        if account is None:
            return _error(401, "MISSING_TOKEN")
        if int(request.headers.get("content-length") or 0) > self.world.config.max_body:
            return _error(413, "FILE_SIZE_EXCEEDED", "Provided file is too big")
        deposit = await _deposit(request)
        if deposit is None:
            return _error(400, "MISSING_REQUIRED_FIELD", "flowInfo (name, flowSyntax) and file are required")
        if deposit.information.get("sha256") not in (None, fingerprint(deposit.content)):
            return _error(400, "CHECKSUM_MISMATCH", "The file is not the one that was fingerprinted.")
        message = self._message(account, deposit)
        if self._had(message):
            return _error(409, "ALREADY_EXISTING_FLOW", "The flow was sent and received before.")
        plans = self.world.rules.plans(self.name, self.channel, [message.address])
        reply = await self.world.receive([message], plans, len(deposit.content))
        if reply.hangs:
            return await hang(request, self.world.background, self.world.config.hang)
        response = self._reply(reply, message, plans[0])
        message.answer = response.status_code
        return response

    async def search(self, request: Request) -> Response:
        account = self.bearers.account(request)
        if account is None:
            return _error(401, "MISSING_TOKEN")
        try:
            asked = msgspec.json.decode(await body_of(request, self.world.config.max_body))
            where, limit, start = dict(asked["where"]), int(asked.get("limit", 25)), int(asked.get("cursor") or 0)
            found = [flow for flow in self._flows(account) if _matches(flow, where)]
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            return _error(400, "MISSING_REQUIRED_FIELD", "The search cannot be read.")
        if not where or not 1 <= limit <= 100:
            return _error(400, "MISSING_REQUIRED_FIELD", "A criterion is needed, and a limit up to 100.")
        more = {"nextCursor": str(start + limit)} if start + limit < len(found) else {}
        return answer({"limit": limit, "filters": where, "results": found[start : start + limit], **more})

    async def show(self, request: Request) -> Response:
        account = self.bearers.account(request)
        if account is None:
            return _error(401, "MISSING_TOKEN")
        wanted, kind = request.path_params["id"], request.query_params.get("docType", "Metadata")
        for message in self._taken(account):
            content = str(message.text).encode()
            if message.id == wanted:
                return answer(invoice_flow(message)) if kind == "Metadata" else _file(content)
            for one in life_cycles(message):
                if life_cycle_id(message, one) == wanted:
                    paper = read_paper(content)
                    whole = document(message, one, paper).encode() if paper else b""
                    return answer(life_cycle_flow(message, one)) if kind == "Metadata" else _file(whole)
        return _error(404, "MISSING_RESOURCE", "Requested resource is Not Found")

    async def subscribe(self, request: Request) -> Response:
        account = self.bearers.account(request)
        if account is None:
            return _error(401, "MISSING_TOKEN")
        try:
            url = str(msgspec.json.decode(await request.body())["callbackUrl"])
        except (msgspec.DecodeError, KeyError, TypeError):
            return _error(400, "MISSING_REQUIRED_FIELD", "callbackUrl is required")
        self.world.accounts.add(msgspec.structs.replace(account, webhook_url=url))
        made = {"webhookId": str(uuid4()), "signingKey": signing_key(account), "createdAt": iso(self.world.clock())}
        return answer(made, 201)

    def _message(self, account: Account, deposit: Deposit) -> Message:
        paper, name = deposit.paper, str(uuid4())
        return Message(
            id=name,
            reference=name,
            provider=self.name,
            account=account.key,
            address=":".join(paper.buyer) if paper.buyer[1] else paper.number,
            sender=":".join(paper.seller),
            subject=paper.number,
            text=deposit.content.decode("utf-8", "replace"),
            received_at=self.world.clock(),
            request=deposit.information,
        )

    def _reply(self, reply: Reply, message: Message, plan: Plan) -> Response:
        if reply is Reply.REFUSED:
            return _error(*REFUSALS[plan.behaviour.refusal])
        if reply is Reply.RATE_LIMITED:
            wait = {"Retry-After": str(self.world.config.retry_after)}
            return _error(429, "TOO_MANY_REQUESTS", "The client emitted too many requests", wait)
        if reply in (Reply.OUTAGE, Reply.CRASH):
            return _error(500, "INTERNAL_ERROR")
        return answer(accepted(message), 202)

    def _had(self, message: Message) -> bool:
        """The same bytes from the same sender, unless a platform rejected them."""
        same = (message.account, message.sender, message.text)
        mine = [m for m in self.world.messages.newest() if (m.account, m.sender, m.text) == same and m.taken]
        return any(
            m.provider == self.name and not {Event.NETWORK_REJECTED, Event.FAILED} & {o.event for o in m.occurrences}
            for m in mine
        )

    def _flows(self, account: Account) -> list[dict[str, Any]]:
        """Oldest update first."""
        taken = self._taken(account)
        found = [invoice_flow(m) for m in taken] + [life_cycle_flow(m, one) for m in taken for one in life_cycles(m)]
        return sorted(found, key=lambda flow: str(flow["updatedAt"]))

    def _taken(self, account: Account) -> list[Message]:
        kept = self.world.messages.newest()
        return [m for m in kept if (m.provider, m.account, m.taken) == (self.name, account.key, True)]


def signing_key(account: Account) -> str:
    """Base64 of 256 bits; the same whenever the account's webhook is made."""
    return base64.b64encode(hmac.digest(account.token.encode(), b"webhook", "sha256")).decode()


async def _deposit(request: Request) -> Deposit | None:
    """None for what lacks a part, and for a file that is no invoice in UBL."""
    try:
        async with request.form() as form:
            told, content = [await _part(form.get(name)) for name in ("flowInfo", "file")]
        information = msgspec.json.decode(told)
    except (msgspec.DecodeError, HTTPException):
        return None
    paper = read_paper(content)
    if paper is None or not isinstance(information, dict) or not {"name", "flowSyntax"} <= information.keys():
        return None
    return Deposit(information, content, paper)


async def _part(told: UploadFile | str | None) -> bytes:
    return await told.read() if isinstance(told, UploadFile) else (told or "").encode()


def _matches(flow: dict[str, Any], where: dict[str, Any]) -> bool:
    listed = all(
        flow.get(name) in where[name] for name in ("flowType", "flowDirection", "processingRule") if name in where
    )
    tracking = where.get("trackingId") in (None, flow.get("trackingId"))
    status = where.get("ackStatus") in (None, flow["acknowledgement"]["status"])
    updated = datetime.fromisoformat(flow["updatedAt"])
    after, before = where.get("updatedAfter"), where.get("updatedBefore")
    late = after is None or updated > datetime.fromisoformat(after)
    early = before is None or updated < datetime.fromisoformat(before)
    return listed and tracking and status and late and early


def _file(content: bytes) -> Response:
    return Response(content, media_type="application/octet-stream")


def _error(status: int, code: str, words: str = "", headers: dict[str, str] | None = None) -> Response:
    return answer({"errorCode": code, "errorMessage": words or None}, status, headers)
