"""Mailgun: sending by multipart or plain form, the Events API, and webhooks with a signed token."""

import base64
import binascii
import email.parser
import email.policy
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.simulator.behaviour import Event, Reply
from adapters.simulator.config import Account
from adapters.simulator.letters import OPENS, Letter, LetterSide
from adapters.simulator.messages import Message, Told
from adapters.simulator.sendgrid_checks import ADDRESS
from adapters.simulator.side import Call
from adapters.simulator.web import answer


def _failed(severity: str, reason: str, code: int, message: str) -> dict[str, Any]:
    status = {"code": code, "message": message, "description": "", "attempt-no": 1}
    return {"event": "failed", "severity": severity, "reason": reason, "delivery-status": status}


WORDS: Mapping[Event, dict[str, Any]] = {
    Event.SENT: {"event": "accepted"},
    Event.DEFERRED: _failed("temporary", "generic", 450, "4.2.1 mailbox busy"),
    Event.DELIVERED: {"event": "delivered", "delivery-status": {"code": 250, "message": "OK", "description": None}},
    Event.OPENED: {"event": "opened", "client-info": {"client-type": "browser", "bot": ""}},
    Event.MACHINE_OPENED: {"event": "opened", "client-info": {"client-type": "bot", "bot": "apple"}},
    Event.CLICKED: {"event": "clicked", "url": "https://example.com/invoice", "client-info": {"bot": ""}},
    Event.COMPLAINED: {"event": "complained"},
    Event.UNSUBSCRIBED: {"event": "unsubscribed"},
    Event.BOUNCED: _failed("permanent", "bounce", 550, "5.1.1 no such mailbox"),
    Event.ORPHAN_BOUNCED: _failed("permanent", "generic", 500, "5.0.0 returned"),
    Event.MAILBOX_FULL: _failed("permanent", "bounce", 552, "5.2.2 over quota"),
    Event.BLOCKED: _failed("permanent", "espblock", 550, "5.7.1 refused by policy"),
    Event.DROPPED: _failed("permanent", "suppress-bounce", 605, "Not delivering to previously bounced address"),
}


class Mailgun(LetterSide):
    """An account's token is its webhook signing key; it may send from any domain."""

    name: ClassVar[str] = "mailgun"
    words: ClassVar[Mapping[Event, Any]] = WORDS
    endpoints: ClassVar[tuple[tuple[str, str], ...]] = (
        ("POST /v3/{domain}/messages", "send; basic authentication with api and the key, form"),
        ("GET /v3/{domain}/events?message-id=", "events; also by recipient"),
    )

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v3/{domain}/messages", self.send, methods=["POST"]),
            Route("/v3/{domain}/events", self.search, methods=["GET"]),
        ]

    def draw(self) -> tuple[str, str]:
        return f"{secrets.token_hex(16)}-{secrets.token_hex(4)}-{secrets.token_hex(4)}", secrets.token_hex(16)

    def account(self, request: Request, body: bytes) -> Account | Response:  # noqa: ARG002
        scheme, _, told = request.headers.get("authorization", "").partition(" ")
        try:
            user, _, key = base64.b64decode(told, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            user, key = "", ""
        found = self.world.accounts.find(self.name, key) if (scheme.lower(), user) == ("basic", "api") else None
        return found or Response("Forbidden", 401)

    def read(self, body: bytes, request: Request) -> Letter | Response:
        fields = _fields(body, request.headers.get("content-type", ""))
        told = dict(fields)
        listed = [a for name, value in fields if name in ("to", "cc", "bcc") for a in value.split(",")]
        addresses = [_bare(a) for a in listed]
        if not addresses or not all(ADDRESS.fullmatch(a) for a in addresses):
            return _error(400, "to parameter is not a valid address. please check documentation")
        if not told.get("from") or not (told.get("text") or told.get("html")):
            return _error(400, "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified")
        variables = {name[2:]: value for name, value in fields if name.startswith("v:")}
        tracked = told.get("o:tracking-opens") == "yes" and "html" in told
        silenced = (frozenset() if tracked else OPENS) | (
            frozenset() if told.get("o:tracking-clicks") == "yes" else {Event.CLICKED}
        )
        return Letter(
            _bare(told["from"]), addresses, told.get("subject", ""), told.get("text", ""), variables,
            frozenset(silenced), dict(fields),
        )  # fmt: skip

    def new_id(self) -> str:
        return f"20260115120000.{secrets.token_hex(8)}@simulated.example"

    def taken(self, messages: Sequence[Message]) -> Response:
        return answer({"id": f"<{messages[0].reference}>", "message": "Queued. Thank you."})

    def problem(self, reply: Reply, headers: Mapping[str, str]) -> Response:
        if reply is Reply.REFUSED:
            return _error(400, "to parameter is not a valid address. please check documentation")
        if reply is Reply.RATE_LIMITED:
            return _error(429, "Too many requests", headers)
        return _error(500, "Internal Server Error")

    def too_large(self) -> Response:
        return _error(413, "Request is larger than the limit for a mail, 25 MB.")

    def call(self, account: Account, url: str, told: Sequence[Told]) -> Call:
        timestamp, token = str(int(self.world.clock().timestamp())), secrets.token_hex(25)
        signature = hmac.new(account.token.encode(), (timestamp + token).encode(), hashlib.sha256).hexdigest()
        signed = {"timestamp": timestamp, "token": token, "signature": signature}
        body = json.dumps({"signature": signed, "event-data": _event(told[0])}).encode()
        return Call(url.partition("#")[0], {"Content-Type": "application/json", "User-Agent": "mailgun"}, body)

    async def search(self, request: Request) -> Response:
        account = self.account(request, b"")
        if isinstance(account, Response):
            return account
        name, recipient = request.query_params.get("message-id"), request.query_params.get("recipient")
        kept = self.world.messages.newest()
        mine = [m for m in kept if (m.provider, m.account, m.taken) == (self.name, account.key, True)]
        found = [m for m in mine if name in (None, m.reference) and recipient in (None, m.address)]
        return answer({"items": [_event(Told(m, o)) for m in found for o in m.occurrences], "paging": {}})


def _event(told: Told) -> dict[str, Any]:
    message, occurrence = told.message, told.occurrence
    headers = {"from": message.sender, "to": message.address, "subject": message.subject}
    if occurrence.event is not Event.ORPHAN_BOUNCED:
        headers["message-id"] = message.reference
    name = hashlib.sha256(f"{message.id}/{occurrence.number}".encode()).digest()[:16]
    shared = {
        "id": base64.urlsafe_b64encode(name).decode().rstrip("="),
        "timestamp": occurrence.at.timestamp(),
        "log-level": "info",
        "recipient": message.address,
        "message": {"headers": headers, "attachments": [], "size": 111},
        "user-variables": message.arguments,
        "tags": [],
        "flags": {"is-test-mode": False},
    }
    return shared | dict(WORDS[occurrence.event]) | occurrence.fields


def _fields(body: bytes, kind: str) -> list[tuple[str, str]]:
    """Of either kind of form; an attachment is told by its file name."""
    if not kind.lower().startswith("multipart/"):
        return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    found = []
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        value = part.get_filename() or (content.decode("utf-8", "replace") if isinstance(content, bytes) else "")
        found.append((str(part.get_param("name", header="content-disposition")), value))
    return found


def _bare(address: str) -> str:
    return address.rpartition("<")[2].strip("> ")


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return answer({"message": message}, status, headers)
