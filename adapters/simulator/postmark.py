"""Postmark: sending, the Messages API, and its webhooks, which carry the user and password of the webhook's URL."""

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


def _bounce(kind: str, code: int, details: str) -> dict[str, Any]:
    return {"RecordType": "Bounce", "Type": kind, "TypeCode": code, "Name": kind, "Details": details}


WORDS: Mapping[Event, dict[str, Any]] = {
    Event.SENT: {},
    Event.DEFERRED: {"RecordType": "Transient", "Details": "smtp;450 4.2.1 mailbox busy"},
    Event.DELIVERED: {"RecordType": "Delivery", "Details": "smtp;250 2.0.0 OK: queued"},
    Event.OPENED: {"RecordType": "Open", "FirstOpen": True, "Platform": "Desktop"},
    Event.MACHINE_OPENED: {"RecordType": "Open", "FirstOpen": True, "Platform": "Unknown"},
    Event.CLICKED: {"RecordType": "Click", "OriginalLink": "https://example.com/invoice"},
    Event.COMPLAINED: {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "TypeCode": 100001, "Details": "FBL"},
    Event.UNSUBSCRIBED: {
        "RecordType": "SubscriptionChange", "SuppressSending": True, "SuppressionReason": "ManualSuppression",
        "Origin": "Recipient",
    },
    Event.BOUNCED: _bounce("HardBounce", 1, "smtp;550 5.1.1 no such mailbox"),
    Event.ORPHAN_BOUNCED: _bounce("SoftBounce", 4096, "smtp;500 5.0.0 returned"),
    Event.MAILBOX_FULL: _bounce("SoftBounce", 4096, "smtp;552 5.2.2 over quota"),
    Event.BLOCKED: _bounce("Blocked", 100006, "smtp;550 5.7.1 refused by policy"),
    Event.DROPPED: _bounce("ManuallyDeactivated", 100002, "The address is inactive."),
}  # fmt: skip
"""Postmark has no webhook for what is sent or deferred: only the Messages API tells."""
KINDS = ("To", "Cc", "Bcc")
TIMES = {
    "Delivery": "DeliveredAt",
    "Bounce": "BouncedAt",
    "SpamComplaint": "BouncedAt",
    "SubscriptionChange": "ChangedAt",
}
ASKED = {
    "Transient": "Transient",
    "Delivery": "Delivered",
    "Bounce": "Bounced",
    "Open": "Opened",
    "Click": "LinkClicked",
}


class Postmark(LetterSide):
    name: ClassVar[str] = "postmark"
    words: ClassVar[Mapping[Event, Any]] = WORDS
    untold: ClassVar[frozenset[Event]] = frozenset({Event.SENT, Event.DEFERRED})
    endpoints: ClassVar[tuple[tuple[str, str], ...]] = (
        ("POST /email", "send; the key as X-Postmark-Server-Token"),
        ("GET /messages/outbound?metadata_...=&count=&offset=", "search"),
        ("GET /messages/outbound/{MessageID}/details", "one message with its events"),
    )

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/email", self.send, methods=["POST"]),
            Route("/messages/outbound", self.search, methods=["GET"]),
            Route("/messages/outbound/{id}/details", self.show, methods=["GET"]),
        ]

    def draw(self) -> tuple[str, str]:
        return str(uuid.uuid4()), ""

    def account(self, request: Request, body: bytes) -> Account | Response:  # noqa: ARG002
        found = self.world.accounts.find(self.name, request.headers.get("x-postmark-server-token", ""))
        return found or _error(401, 10, "No Account or Server API tokens were supplied, or they are not valid.")

    def read(self, body: bytes, request: Request) -> Letter | Response:  # noqa: ARG002
        told = loaded(body)
        if told is None:
            return _error(422, 402, "Invalid JSON")
        addresses = [_bare(a) for kind in KINDS for a in str(told.get(kind) or "").split(",") if a]
        if not addresses or not all(ADDRESS.fullmatch(a) for a in addresses):
            return _error(422, 300, "Invalid 'To' address.")
        if not told.get("From") or not (told.get("TextBody") or told.get("HtmlBody")):
            return _error(422, 300, "'From', and one of 'HtmlBody' and 'TextBody', are required.")
        if not all({"Name", "Content", "ContentType"} <= set(a) for a in listed(told.get("Attachments"))):
            return _error(422, 300, "An attachment needs Name, Content and ContentType.")
        silenced = frozenset() if told.get("TrackOpens") and told.get("HtmlBody") else OPENS
        silenced |= frozenset({Event.CLICKED}) if told.get("TrackLinks", "None") == "None" else frozenset()
        return Letter(
            _bare(told["From"]), addresses, told.get("Subject", ""), told.get("TextBody", ""),
            told.get("Metadata") or {}, silenced, told,
        )  # fmt: skip

    def new_id(self) -> str:
        return str(uuid.uuid4())

    def taken(self, messages: Sequence[Message]) -> Response:
        first = messages[0]
        told = {"To": first.request["To"], "SubmittedAt": first.received_at.isoformat(), "MessageID": first.reference}
        return answer(told | {"ErrorCode": 0, "Message": "OK"})

    def problem(self, reply: Reply, headers: Mapping[str, str]) -> Response:
        if reply is Reply.REFUSED:
            return _error(422, 406, "You tried to send to a recipient that has been marked as inactive.")
        if reply is Reply.RATE_LIMITED:
            return _error(429, 429, "Rate limit exceeded", headers)
        return _error(500, 500, "Internal Server Error")

    def too_large(self) -> Response:
        return _error(413, 300, "The request is larger than 10 MB.")

    def call(self, account: Account, url: str, told: Sequence[Told]) -> Call:  # noqa: ARG002
        parts = urlsplit(url.partition("#")[0])
        headers = {"Content-Type": "application/json", "User-Agent": "Postmark"}
        if parts.username:
            pair = unquote(f"{parts.username}:{parts.password or ''}").encode()
            headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        return Call(plain, headers, json.dumps(_record(told[0])).encode())

    async def search(self, request: Request) -> Response:
        account = self.account(request, b"")
        if isinstance(account, Response):
            return account
        query = {n: v for n, v in request.query_params.items() if n.startswith("metadata_")}
        kept = [
            m
            for m in self.world.messages.newest()
            if (m.provider, m.account, m.taken) == (self.name, account.key, True)
        ]
        found = [m for m in kept if all(m.arguments.get(n.partition("_")[2]) == v for n, v in query.items())]
        calls = list({m.reference: _kept([m]) for m in found}.values())
        return answer({"TotalCount": len(calls), "Messages": calls})

    async def show(self, request: Request) -> Response:
        account = self.account(request, b"")
        if isinstance(account, Response):
            return account
        found = self.found(account, request.path_params["id"])
        if not found:
            return _error(404, 701, "This message was not found.")
        words = {name: found[0].request.get(name) for name in ("TextBody", "HtmlBody")}
        events = [_asked(Told(m, o)) for m in found for o in m.occurrences]
        return answer(_kept(found) | words | {"MessageEvents": [e for e in events if e]})


def _record(told: Told) -> dict[str, Any]:
    message, occurrence = told.message, told.occurrence
    word = dict(WORDS[occurrence.event]) | occurrence.fields
    kind = word.get("RecordType", "")
    shared = {"MessageStream": "outbound", "ServerID": 1, "Tag": "", "Metadata": message.arguments}
    if occurrence.event is not Event.ORPHAN_BOUNCED:
        shared["MessageID"] = message.reference
    who = {"Email": message.address, "ID": int(message.received_at.timestamp()) + occurrence.number}
    shared |= who if kind in ("Bounce", "SpamComplaint") else {"Recipient": message.address}
    at = occurrence.at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
    return shared | {TIMES.get(kind, "ReceivedAt"): at} | word


def _kept(found: Sequence[Message]) -> dict[str, Any]:
    """What is kept of a call: of a search, with one recipient of it."""
    asked = found[0].request
    people = {
        kind: [{"Email": _bare(a), "Name": None} for a in str(asked.get(kind) or "").split(",") if a] for kind in KINDS
    }
    return {
        "MessageID": found[0].reference,
        "MessageStream": asked.get("MessageStream") or "outbound",
        "Tag": asked.get("Tag") or "",
        **people,
        "Recipients": [m.address for m in found],
        "ReceivedAt": found[0].received_at.isoformat(),
        "From": asked["From"],
        "Subject": asked.get("Subject") or "",
        "Attachments": [one["Name"] for one in listed(asked.get("Attachments"))],
        "Status": "Sent",
        "TrackOpens": bool(asked.get("TrackOpens")),
        "TrackLinks": asked.get("TrackLinks") or "None",
        "Metadata": found[0].arguments,
        "Sandboxed": False,
    }


def _asked(told: Told) -> dict[str, Any] | None:
    word = WORDS[told.occurrence.event]
    kind = ASKED.get(word.get("RecordType", ""))
    details = {"Summary": word["Details"]} if kind == "Bounced" else {"DeliveryMessage": word.get("Details", "")}
    found = {"Recipient": told.message.address, "Type": kind, "ReceivedAt": told.occurrence.at.isoformat()}
    return found | {"Details": details} if kind else None


def _bare(address: object) -> str:
    return str(address).rpartition("<")[2].strip("> ")


def _error(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return answer({"ErrorCode": code, "Message": message}, status, headers)
