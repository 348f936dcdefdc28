"""phoss AP: submitting a document, the state of its transaction, and the answers that it forwards as they came in."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, uuid4, uuid5

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.simulator.behaviour import Channel, Event, Reply
from adapters.simulator.config import Account
from adapters.simulator.messages import Message, Told
from adapters.simulator.network import (
    ANSWERS,
    PARTICIPANTS,
    enveloped,
    events_of,
    invoice_response,
    iso,
    paper_of,
    read_paper,
)
from adapters.simulator.rules import Plan
from adapters.simulator.side import Call, Patience
from adapters.simulator.web import BodyTooLargeError, answer, body_of, hang
from adapters.simulator.world import World

STATES = {
    Event.SENT: "sent",
    Event.DEFERRED: "failed",  # more tries follow
    Event.FAILED: "permanently_failed",
}
MLS = {Event.DELIVERED: "received_ap", Event.NETWORK_REJECTED: "received_re"}
WORDS: Mapping[Event, str] = {**STATES, **MLS, **{event: found.code for event, found in ANSWERS.items()}}
NOT_REGISTERED = "The participant ID '{}' is not registered in the Peppol Network"
UNREACHABLE = "Connection to the receiving access point timed out"


class PhossAp:
    name: ClassVar[str] = "phoss_ap"
    channel: ClassVar[Channel] = Channel.PARTICIPANT
    batch: ClassVar[int] = 1
    words: ClassVar[Mapping[Event, Any]] = WORDS
    untold: ClassVar[frozenset[Event]] = frozenset({*STATES, *MLS})
    """Only what buyers answer is forwarded."""
    endpoints: ClassVar[tuple[tuple[str, str], ...]] = (
        ("POST /api/outbound/submit-auto/{sender}/{receiver}/{country}", "send a UBL document; the key as X-Token"),
        ("GET /api/outbound/status/{sbdhInstanceID}", "its transaction: state, tries, message level status"),
    )

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[BaseRoute]:
        root = "/api/outbound"
        return [
            Route(f"{root}/submit-auto/{{sender}}/{{receiver}}/{{country}}", self.submit, methods=["POST"]),
            Route(f"{root}/status/{{sbdh}}", self.show, methods=["GET"]),
        ]

    def draw(self) -> tuple[str, str]:
        return secrets.token_urlsafe(24), ""

    def call(self, account: Account, url: str, told: Sequence[Told]) -> Call:  # noqa: ARG002
        return Call(url, {"Content-Type": "application/xml"}, _forwarded(told[0]).encode())

    def patience(self, url: str) -> Patience:  # noqa: ARG002
        return Patience(self.world.config.retries)

    async def submit(self, request: Request) -> Response:
        account = self._account(request)
        if account is None:
            return _unauthorized()
        try:
            body = await body_of(request, self.world.config.max_body)
        except BodyTooLargeError:
            return answer("The request body is too large", 413)
        message = self._message(request, account, body)
        if message is None:
            return answer("Unable to determine the document type from the provided XML", 400)
        plans = self.world.rules.plans(self.name, self.channel, [message.address])
        message.arguments["first"] = plans[0].behaviour.happens[0]
        reply = await self.world.receive([message], plans, len(body))
        if reply.hangs:
            return await hang(request, self.world.background, self.world.config.hang)
        response = self._reply(reply, message, plans[0])
        message.answer = response.status_code
        return response

    async def show(self, request: Request) -> Response:
        account, name = self._account(request), request.path_params["sbdh"]
        if account is None:
            return _unauthorized()
        mine = [m for m in self.world.messages.newest() if (m.provider, m.account) == (self.name, account.key)]
        found = next((m for m in mine if m.reference == name and (m.taken or _unknown(m))), None)
        return answer(_transaction(found)) if found else Response(status_code=404)

    def _message(self, request: Request, account: Account, body: bytes) -> Message | None:
        paper = read_paper(body)
        if paper is None:
            return None
        at = request.path_params
        return Message(
            id=str(uuid4()),
            reference=request.query_params.get("sbdhInstanceID") or str(uuid4()),
            provider=self.name,
            account=account.key,
            address=at["receiver"],
            sender=at["sender"],
            subject=paper.number,
            received_at=self.world.clock(),
            arguments={"country": at["country"]},
            request=body.decode(errors="replace"),
        )

    def _reply(self, reply: Reply, message: Message, plan: Plan) -> Response:
        if reply is Reply.REFUSED and plan.behaviour.refusal == "not_registered":
            message.arguments["unknown"] = "yes"
            return answer(_report(message, lookup=NOT_REGISTERED.format(message.address)), 422)
        if reply is Reply.REFUSED:
            return answer("Failed to submit outbound transaction", 422)
        if reply is Reply.RATE_LIMITED:
            return Response(status_code=429, headers={"Retry-After": str(self.world.config.retry_after)})
        if reply in (Reply.OUTAGE, Reply.CRASH):
            return answer({"status": 500, "error": "Internal Server Error"}, 500)
        if message.arguments["first"] in (Event.DEFERRED, Event.FAILED):
            return answer(_report(message, failure=UNREACHABLE), 422)
        return answer(_report(message))

    def _account(self, request: Request) -> Account | None:
        return self.world.accounts.find(self.name, request.headers.get("x-token", ""))


def _transaction(message: Message) -> dict[str, Any]:
    happened = events_of(message) or [Event(message.arguments["first"])]
    state = next((STATES[e] for e in reversed(happened) if e in STATES), "sending")
    if _unknown(message):
        state = "permanently_failed"
    ended = next((o.at for o in reversed(message.occurrences) if o.event in STATES), message.received_at)
    wrong = NOT_REGISTERED.format(message.address) if _unknown(message) else UNREACHABLE
    paper = paper_of(message.request)
    return {
        "id": message.id,
        "transactionType": "business_document",
        "senderID": f"{PARTICIPANTS}::{message.sender}",
        "receiverID": f"{PARTICIPANTS}::{message.address}",
        "docTypeID": f"busdox-docid-qns::{paper.document_type}",
        "processID": f"cenbii-procid-ubl::{paper.process}",
        "sbdhInstanceID": message.reference,
        "status": state,
        "attemptCount": 1 + happened.count(Event.DEFERRED) * (happened[-1] is not Event.DEFERRED),
        "createdDT": iso(message.received_at),
        "completedDT": iso(ended) if state in ("sent", "permanently_failed") else None,
        "reportingStatus": "pending",
        "nextRetryDT": iso(ended) if state == "failed" else None,
        "errorDetails": wrong if "failed" in state else None,
        "mlsStatus": next((MLS[e] for e in happened if e in MLS), "pending"),
    }


def _unknown(message: Message) -> bool:
    return "unknown" in message.arguments


def _report(message: Message, *, lookup: str = "", failure: str = "") -> dict[str, Any]:
    """phase4's report of one sending; the envelope is only in it once there was something to send."""
    told: dict[str, Any] = {
        "currentDateTimeUTC": iso(message.received_at),
        "phase4Version": "4.2.0",
        "senderId": f"{PARTICIPANTS}::{message.sender}",
        "receiverId": f"{PARTICIPANTS}::{message.address}",
        "countryC1": message.arguments["country"],
    }
    if lookup:
        told |= {"lookupError": lookup, "lookupDurationMillis": 12}
    else:
        as4 = f"{uuid5(NAMESPACE_URL, message.id)}@phase4"
        told |= {"sbdhInstanceIdentifier": message.reference, "as4MessageId": as4}
        told |= {"as4SendingDateTime": iso(message.received_at)}
        told |= {"sendingResult": "TRANSPORT_ERROR" if failure else "SUCCESS"}
    if failure:
        told |= {"sendingException": {"class": "com.helger.phase4.util.Phase4Exception", "message": failure}}
    worked = not (lookup or failure)
    return told | {"as4ResponseError": False, "sendingSuccess": worked, "overallSuccess": worked}


def _forwarded(told: Told) -> str:
    message = told.message
    document = invoice_response(told, paper_of(message.request), buyer=message.address)
    return enveloped(document, told, message.address, message.sender)


def _unauthorized() -> Response:
    return answer({"error": "Invalid or missing API token"}, 401)
