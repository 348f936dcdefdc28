"""Storecove: discovery, document submissions with their evidence, and its webhooks, pushed or pulled."""

import base64
import binascii
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, uuid4, uuid5

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.simulator.behaviour import Channel, Event, Reply, find
from adapters.simulator.config import Account
from adapters.simulator.messages import Message, Occurrence, Told
from adapters.simulator.network import ANSWERS, iso, read_paper
from adapters.simulator.rules import Plan
from adapters.simulator.side import Call, Patience
from adapters.simulator.web import BodyTooLargeError, answer, body_of, hang
from adapters.simulator.world import World

WORDS: Mapping[Event, str] = {
    Event.SENT: "succeeded",
    Event.FAILED: "failed",
    Event.NETWORK_REJECTED: "failed",
    Event.DELIVERED: "acknowledged",
    Event.IN_PROCESS: "in_process",
    Event.UNDER_QUERY: "under_query",
    Event.CONDITIONALLY_ACCEPTED: "conditionally_accepted",
    Event.BUYER_REJECTED: "rejected",
    Event.ACCEPTED: "accepted",
    Event.PAID: "paid",
    Event.DEFERRED: "",
}
DETAILS = {
    Event.FAILED: "The receiving access point does not answer.",
    Event.NETWORK_REJECTED: "The receiving access point refused the document: BR-CO-15.",
    **{event: found.words for event, found in ANSWERS.items() if found.words},
}


class Storecove:
    name: ClassVar[str] = "storecove"
    channel: ClassVar[Channel] = Channel.PARTICIPANT
    batch: ClassVar[int] = 1
    words: ClassVar[Mapping[Event, Any]] = WORDS
    untold: ClassVar[frozenset[Event]] = frozenset({Event.DEFERRED})
    endpoints: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            "POST /api/v2/discovery/receives",
            "whether the network knows a participant; the key as Authorization: Bearer",
        ),
        ("POST /api/v2/document_submissions", "send; an idempotencyGuid that was used before is refused (422)"),
        ("GET /api/v2/document_submissions/{guid}/evidence/sending", "the receipt; 404 until there is one"),
        ("GET /api/v2/webhook_instances/", "the oldest event, for an account without webhook; 204: there is none"),
        ("DELETE /api/v2/webhook_instances/{guid}", "take it out of the queue"),
    )

    def __init__(self, world: World) -> None:
        self.world = world
        self._pulled: set[str] = set()

    def routes(self) -> list[BaseRoute]:
        root = "/api/v2"
        return [
            Route(f"{root}/discovery/receives", self.discover, methods=["POST"]),
            Route(f"{root}/document_submissions", self.submit, methods=["POST"]),
            Route(f"{root}/document_submissions/{{guid}}/evidence", self.evidence, methods=["GET"]),
            Route(f"{root}/document_submissions/{{guid}}/evidence/sending", self.evidence, methods=["GET"]),
            Route(f"{root}/webhook_instances/", self.pull, methods=["GET"]),
            Route(f"{root}/webhook_instances/{{guid}}", self.forget, methods=["DELETE"]),
        ]

    def draw(self) -> tuple[str, str]:
        return secrets.token_urlsafe(32), ""

    def call(self, account: Account, url: str, told: Sequence[Told]) -> Call:  # noqa: ARG002
        return Call(url, {"Content-Type": "application/json", "User-Agent": "Storecove"}, _event(told[0]).encode())

    def patience(self, url: str) -> Patience:  # noqa: ARG002
        return Patience(self.world.config.retries)

    async def discover(self, request: Request) -> Response:
        if self._account(request) is None:
            return _unauthorized()
        asked = _object(await body_of(request, self.world.config.max_body))
        if not asked or not asked.get("scheme") or not asked.get("identifier"):
            return _errors(("identifier", "can't be blank"))
        known = find(self.channel, str(asked["identifier"])).refusal != "not_registered"
        return answer({"code": "OK" if known else "NOK", "email": False})

    async def submit(self, request: Request) -> Response:
        account = self._account(request)
        if account is None:
            return _unauthorized()
        try:
            body = await body_of(request, self.world.config.max_body)
        except BodyTooLargeError:
            return _errors(("document", "is too large"))
        asked = _object(body)
        message = _message(account, asked, self.world) if asked else None
        if message is None or self._had(message):
            return _errors(("document", "is invalid"))
        plans = self.world.rules.plans(self.name, self.channel, [message.address])
        reply = await self.world.receive([message], plans, len(body))
        if reply.hangs:
            return await hang(request, self.world.background, self.world.config.hang)
        response = self._reply(reply, message, plans[0])
        message.answer = response.status_code
        return response

    async def evidence(self, request: Request) -> Response:
        message = self._find(request)
        sent = next((o for o in message.occurrences if o.event is Event.SENT), None) if message else None
        if message is None or sent is None:
            return answer({}, 404)
        evidence = {"message_id": str(uuid5(NAMESPACE_URL, message.id)), "timestamp": iso(sent.at)}
        return answer({"guid": message.id, "network": "peppol", "evidence": evidence, "documents": []})

    async def pull(self, request: Request) -> Response:
        account = self._account(request)
        if account is None:
            return _unauthorized()
        mine = [m for m in self.world.messages.newest() if (m.provider, m.account) == (self.name, account.key)]
        waiting = [(m, o) for m in reversed(mine) for o in m.occurrences if _instance(m, o) not in self._pulled]
        found = next((one for one in waiting if one[1].event not in self.untold), None)
        if found is None or account.webhook_url:
            return Response(status_code=204)
        return answer({"guid": _instance(*found), "body": _event(Told(*found))})

    async def forget(self, request: Request) -> Response:
        if self._account(request) is None:
            return _unauthorized()
        self._pulled.add(request.path_params["guid"])
        return Response(status_code=204)

    def _reply(self, reply: Reply, message: Message, plan: Plan) -> Response:
        if reply is Reply.REFUSED:
            unknown = plan.behaviour.refusal == "not_registered"
            return _errors(("routing", "no recipient was found") if unknown else ("document", "[BR-CO-15] is violated"))
        if reply is Reply.RATE_LIMITED:
            return answer({}, 429, {"Retry-After": str(self.world.config.retry_after)})
        if reply in (Reply.OUTAGE, Reply.CRASH):
            return answer({}, 500)
        return answer({"guid": message.id})

    def _had(self, message: Message) -> bool:
        guid = message.arguments.get("idempotencyGuid")
        kept = (m for m in self.world.messages.newest() if (m.provider, m.account) == (self.name, message.account))
        return bool(guid) and any(m.taken and m.arguments.get("idempotencyGuid") == guid for m in kept)

    def _find(self, request: Request) -> Message | None:
        account, message = self._account(request), self.world.messages.get(request.path_params["guid"])
        if account is None or message is None or not message.taken:
            return None
        return message if (message.provider, message.account) == (self.name, account.key) else None

    def _account(self, request: Request) -> Account | None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        return self.world.accounts.find(self.name, key.strip()) if scheme.lower() == "bearer" else None


def _message(account: Account, asked: dict[str, Any], world: World) -> Message | None:
    """None for a submission that cannot be understood."""
    try:
        routed = asked["routing"]["eIdentifiers"][0]
        raw = asked["document"]["rawDocumentData"]["document"]
        paper = read_paper(base64.b64decode(raw, validate=True))
        entity, address = int(asked["legalEntityId"]), f"{routed['scheme']}:{routed['id']}"
    except (KeyError, IndexError, TypeError, ValueError, binascii.Error):
        return None
    if paper is None:
        return None
    guid = str(uuid4())
    return Message(
        id=guid,
        reference=guid,
        provider="storecove",
        account=account.key,
        address=address,
        sender=str(entity),
        subject=paper.number,
        received_at=world.clock(),
        arguments={"idempotencyGuid": str(asked["idempotencyGuid"])} if asked.get("idempotencyGuid") else {},
        request=asked,
    )


def _event(told: Told) -> str:
    fields = {
        "event_type": "document_submission",
        "event": WORDS[told.occurrence.event],
        "guid": told.message.id,
        **told.message.arguments,
    }
    if words := DETAILS.get(told.occurrence.event):
        fields["details"] = words
    return json.dumps(fields | told.occurrence.fields)


def _instance(message: Message, occurrence: Occurrence) -> str:
    return str(uuid5(NAMESPACE_URL, f"{message.id}/{occurrence.number}"))


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    return found if isinstance(found, dict) else None


def _errors(*errors: tuple[str, str]) -> Response:
    return answer([{"source": source, "details": details} for source, details in errors], 422)


def _unauthorized() -> Response:
    return answer({"error": "unauthorized"}, 401)
