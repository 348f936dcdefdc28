"""Recommand: verifying a recipient, sending XML, its documents, and webhooks that are called once."""

import base64
import binascii
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import uuid4

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.simulator.behaviour import Channel, Event, Reply, find
from adapters.simulator.config import Account
from adapters.simulator.messages import Message, Told
from adapters.simulator.network import ANSWERS, read_paper
from adapters.simulator.recommand_documents import FAILURES, STATUSES, answer_id, delivery, incoming, outgoing
from adapters.simulator.rules import Plan
from adapters.simulator.side import Call, Patience
from adapters.simulator.web import BodyTooLargeError, answer, body_of, hang
from adapters.simulator.world import World

WORDS: Mapping[Event, str] = {
    Event.SENT: "document.sent",
    **dict.fromkeys((Event.DELIVERED, Event.FAILED, Event.NETWORK_REJECTED), "document.delivery_status_changed"),
    **dict.fromkeys(ANSWERS, "document.received"),
    Event.DEFERRED: "",
}


class Recommand:
    name: ClassVar[str] = "recommand"
    channel: ClassVar[Channel] = Channel.PARTICIPANT
    batch: ClassVar[int] = 1
    words: ClassVar[Mapping[Event, Any]] = WORDS
    untold: ClassVar[frozenset[Event]] = frozenset({Event.DEFERRED})
    endpoints: ClassVar[tuple[tuple[str, str], ...]] = (
        ("POST /api/v1/verify", "whether the network knows a participant; basic authentication with key and secret"),
        ("POST /api/v1/{company}/send", "send a document as XML"),
        ("GET /api/v1/documents", "documents sent and received, newest first, by direction, from and to, in pages"),
        ("GET /api/v1/documents/{id}", "one with its XML, its deliveries if it was sent"),
    )

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/api/v1/verify", self.verify, methods=["POST"]),
            Route("/api/v1/{company}/send", self.send, methods=["POST"]),
            Route("/api/v1/documents", self.search, methods=["GET"]),
            Route("/api/v1/documents/{id}", self.show, methods=["GET"]),
        ]

    def draw(self) -> tuple[str, str]:
        return f"key_{secrets.token_hex(13)}", f"secret_{secrets.token_hex(16)}"

    def call(self, account: Account, url: str, told: Sequence[Told]) -> Call:  # noqa: ARG002
        return Call(url, {"Content-Type": "application/json"}, json.dumps(_event(told[0])).encode())

    def patience(self, url: str) -> Patience:  # noqa: ARG002
        """A webhook that fails is not repeated."""
        return Patience()

    async def verify(self, request: Request) -> Response:
        if self._account(request) is None:
            return _failure(401, "Unauthorized")
        asked = _object(await body_of(request, self.world.config.max_body))
        if not asked.get("peppolAddress"):
            return _failure(400, "Required")
        known = find(self.channel, str(asked["peppolAddress"])).refusal != "not_registered"
        more = {"smpUrl": "http://smp.example", "serviceMetadataReferences": [], "supportedDocuments": []}
        return answer({"success": True, "isValid": known} | (more if known else {}))

    async def send(self, request: Request) -> Response:
        account = self._account(request)
        if account is None:
            return _failure(401, "Unauthorized")
        try:
            body = await body_of(request, self.world.config.max_body)
        except BodyTooLargeError:
            return _failure(413, "Payload too large")
        message = self._message(account, _object(body), request.path_params["company"])
        if message is None:
            return _failure(400, "Document type could not be detected automatically from your XML document.")
        plans = self.world.rules.plans(self.name, self.channel, [message.address])
        reply = await self.world.receive([message], plans, len(body))
        if reply.hangs:
            return await hang(request, self.world.background, self.world.config.hang)
        response = self._reply(reply, message, plans[0])
        message.answer = response.status_code
        return response

    async def search(self, request: Request) -> Response:
        account, query = self._account(request), request.query_params
        if account is None:
            return _failure(401, "Unauthorized")
        try:
            limit, page = int(query.get("limit", "10")), int(query.get("page", "1"))
            since, until = (datetime.fromisoformat(query[n]) if n in query else None for n in ("from", "to"))
        except ValueError:
            return _failure(400, "Invalid query")
        found = [
            document
            for at, document in self._documents(account)
            if query.get("direction") in (None, document["direction"])
            and query.get("companyId") in (None, document["companyId"])
            and (since is None or at >= since)
            and (until is None or at < until)
        ]
        shown = [{k: v for k, v in d.items() if k != "xml"} for d in found[(page - 1) * limit : page * limit]]
        pages = {"total": len(found), "page": page, "limit": limit, "totalPages": -(-len(found) // limit)}
        return answer({"success": True, "documents": shown, "pagination": pages})

    async def show(self, request: Request) -> Response:
        account, name = self._account(request), request.path_params["id"]
        if account is None:
            return _failure(401, "Unauthorized")
        found = next((d for _, d in self._documents(account) if d["id"] == name), None)
        return answer({"success": True, "document": found}) if found else _failure(404, "Document not found")

    def _documents(self, account: Account) -> list[tuple[datetime, dict[str, Any]]]:
        """With the moment that each was made, newest first: what was sent, and what buyers answered."""
        kept = self.world.messages.newest()
        mine = [m for m in kept if (m.provider, m.account, m.taken) == (self.name, account.key, True)]
        told = [Told(m, o) for m in mine for o in m.occurrences if o.event in ANSWERS]
        found = [(t.occurrence.at, incoming(t)) for t in told] + [(m.received_at, outgoing(m)) for m in mine]
        return sorted(found, key=lambda one: one[0], reverse=True)

    def _message(self, account: Account, asked: dict[str, Any], company: str) -> Message | None:
        xml = asked.get("document")
        paper = read_paper(xml.encode()) if isinstance(xml, str) and asked.get("documentType") == "xml" else None
        if paper is None or not isinstance(asked.get("recipient"), str):
            return None
        name = f"doc_{secrets.token_hex(13)}"
        return Message(
            id=name,
            reference=name,
            provider=self.name,
            account=account.key,
            address=asked["recipient"],
            sender=company,
            subject=paper.number,
            received_at=self.world.clock(),
            arguments={"envelopeId": str(uuid4())},
            request=asked,
        )

    def _reply(self, reply: Reply, message: Message, plan: Plan) -> Response:
        if reply is Reply.REFUSED and plan.behaviour.refusal == "not_registered":
            return _failure(422, "Failed to send document over Peppol network. The recipient is not registered.")
        if reply is Reply.REFUSED:
            return _failure(400, "Document validation failed.", {"BR-CO-15": ["BR-CO-15: the totals do not add up"]})
        if reply is Reply.RATE_LIMITED:
            return _failure(429, "Too many requests", headers={"Retry-After": str(self.world.config.retry_after)})
        if reply in (Reply.OUTAGE, Reply.CRASH):
            return _failure(500, "Internal Server Error")
        sent = outgoing(message)
        named = ("teamId", "companyId", "id", "peppolMessageId", "envelopeId", "sentOverPeppol", "sentOverEmail")
        told = {name: sent[name] for name in named} | {"emailRecipients": [], "deliveries": [delivery(message, None)]}
        return answer({"success": True, **told, "deliveryStatus": "pending"})

    def _account(self, request: Request) -> Account | None:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            key, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        account = self.world.accounts.find(self.name, key)
        return account if account and (scheme.lower(), secret) == ("basic", account.token) else None


def _event(told: Told) -> dict[str, Any]:
    message, event = told.message, told.occurrence.event
    base = {"eventType": WORDS[event], "documentId": message.id, "teamId": "team_1", "companyId": message.sender}
    if event in ANSWERS:
        return base | {"documentId": answer_id(told)}
    if event is Event.SENT:
        return base | {"deliveryStatus": "pending"} | told.occurrence.fields
    said = delivery(message, told.occurrence)
    named = {"deliveryId": said["id"], "channel": said["channel"], "address": said["address"]}
    changed = {"status": STATUSES[event], "previousStatus": "pending", "failure": FAILURES.get(event)}
    return base | named | changed | told.occurrence.fields


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _failure(
    status: int, root: str, errors: dict[str, list[str]] | None = None, headers: dict[str, str] | None = None
) -> Response:
    return answer({"success": False, "errors": {"root": [root]} | (errors or {})}, status, headers)
