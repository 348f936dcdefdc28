"""Resend: sending under idempotency keys, an e-mail with its last event, and webhooks through Svix."""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.simulator import svix
from adapters.simulator.behaviour import Event, Reply
from adapters.simulator.config import Account
from adapters.simulator.letters import OPENS, Letter, LetterSide, loaded
from adapters.simulator.messages import Message, Told
from adapters.simulator.sendgrid_checks import ADDRESS, listed
from adapters.simulator.shelf import Shelf
from adapters.simulator.side import Call
from adapters.simulator.web import answer
from adapters.simulator.world import World

MOST_KEYS = 10_000


def _bounced(kind: str, sub: str, message: str) -> dict[str, Any]:
    return {"type": "email.bounced", "bounce": {"type": kind, "subType": sub, "message": message}}


WORDS: Mapping[Event, dict[str, Any]] = {
    Event.SENT: {"type": "email.sent"},
    Event.DEFERRED: {"type": "email.delivery_delayed"},
    Event.DELIVERED: {"type": "email.delivered"},
    Event.OPENED: {"type": "email.opened"},
    Event.MACHINE_OPENED: {"type": "email.opened"},
    Event.CLICKED: {"type": "email.clicked", "click": {"link": "https://example.com/invoice"}},
    Event.COMPLAINED: {"type": "email.complained"},
    Event.UNSUBSCRIBED: {"type": "contact.updated", "unsubscribed": True},
    Event.BOUNCED: _bounced("Permanent", "General", "550 5.1.1 no such mailbox"),
    Event.ORPHAN_BOUNCED: _bounced("Undetermined", "Undetermined", "500 5.0.0 returned"),
    Event.MAILBOX_FULL: _bounced("Transient", "MailboxFull", "552 5.2.2 over quota"),
    Event.BLOCKED: _bounced("Transient", "ContentRejected", "550 5.7.1 refused by policy"),
    Event.DROPPED: {"type": "email.suppressed", "suppressed": {"type": "bounce", "message": "on the list"}},
}


class Resend(LetterSide):
    """An account's token is the signing secret of its webhook."""

    name: ClassVar[str] = "resend"
    words: ClassVar[Mapping[Event, Any]] = WORDS
    endpoints: ClassVar[tuple[tuple[str, str], ...]] = (
        ("POST /emails", "send; the key as Authorization: Bearer; with Idempotency-Key a repetition sends nothing"),
        ("GET /emails/{id}", "an e-mail with its last event"),
    )

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.keys: Shelf[tuple[str, str], Message] = Shelf(MOST_KEYS, MOST_KEYS)

    def routes(self) -> list[BaseRoute]:
        return [Route("/emails", self.send, methods=["POST"]), Route("/emails/{id}", self.show, methods=["GET"])]

    def draw(self) -> tuple[str, str]:
        return f"re_{uuid.uuid4().hex}", svix.new_secret()

    def account(self, request: Request, body: bytes) -> Account | Response:  # noqa: ARG002
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            return _error(401, "missing_api_key", "Missing API Key")
        found = self.world.accounts.find(self.name, key)
        return found or _error(403, "invalid_api_key", "API key is invalid")

    def read(self, body: bytes, request: Request) -> Letter | Response:  # noqa: ARG002
        told = loaded(body)
        if told is None:
            return _error(400, "validation_error", "The body is not a JSON object.")
        people = [a for kind in ("to", "cc", "bcc") for a in _listed(told.get(kind))]
        if not people or not all(ADDRESS.fullmatch(_bare(a)) for a in people):
            return _error(422, "validation_error", "Invalid `to` field.")
        if not told.get("from") or not (told.get("text") or told.get("html")):
            return _error(422, "missing_required_field", "Missing `from`, or both `html` and `text`.")
        tags = {tag["name"]: tag["value"] for tag in listed(told.get("tags"))}
        silenced = frozenset({Event.CLICKED}) | (frozenset() if told.get("html") else OPENS)
        return Letter(
            _bare(told["from"]), [_bare(a) for a in people], told.get("subject", ""), told.get("text", ""), tags,
            silenced, told,
        )  # fmt: skip

    def repeated(self, request: Request, account: Account, letter: Letter) -> Response | None:
        known = self.keys.get((account.key, request.headers.get("idempotency-key", "")))
        if known is None or self.world.messages.get(known.id) is not known:
            return None
        if known.request != letter.request:
            return _error(409, "invalid_idempotent_request", "This key was used with another payload.")
        return self.taken([known])

    def note(self, request: Request, account: Account, messages: Sequence[Message]) -> None:
        if key := request.headers.get("idempotency-key"):
            self.keys.put((account.key, key), messages[0], 1)

    def new_id(self) -> str:
        return str(uuid.uuid4())

    def taken(self, messages: Sequence[Message]) -> Response:
        return answer({"id": messages[0].reference})

    def problem(self, reply: Reply, headers: Mapping[str, str]) -> Response:
        if reply is Reply.REFUSED:
            return _error(422, "validation_error", "Invalid `to` field.")
        if reply is Reply.RATE_LIMITED:
            return _error(429, "rate_limit_exceeded", "Too many requests.", headers)
        return _error(500, "application_error", "An unexpected error occurred.")

    def too_large(self) -> Response:
        return _error(413, "validation_error", "The request is larger than 40 MB.")

    async def show(self, request: Request) -> Response:
        account = self.account(request, b"")
        if isinstance(account, Response):
            return account
        found = self.found(account, request.path_params["id"])
        if not found:
            return _error(404, "not_found", "Email not found")
        happened = [o.event for m in found for o in m.occurrences]
        last = WORDS[happened[-1]]["type"].partition(".")[2] if happened else "queued"
        tags = [{"name": name, "value": value} for name, value in found[0].arguments.items()]
        told = {"object": "email", "id": found[0].reference, "to": [m.address for m in found], "last_event": last}
        return answer(told | {"created_at": found[0].received_at.isoformat(), "tags": tags})

    def call(self, account: Account, url: str, told: Sequence[Told]) -> Call:
        body = json.dumps(_event(told[0])).encode()
        message, occurrence = told[0].message, told[0].occurrence
        name = "msg_" + hashlib.sha256(f"{message.id}/{occurrence.number}".encode()).hexdigest()[:27]
        headers = svix.headers(account.token, name, self.world.clock(), body)
        return Call(url.partition("#")[0], {"Content-Type": "application/json", **headers}, body)


def _event(told: Told) -> dict[str, Any]:
    message, occurrence = told.message, told.occurrence
    word = dict(WORDS[occurrence.event]) | occurrence.fields
    data = {
        "created_at": message.received_at.isoformat(),
        "from": message.sender,
        "to": [message.address],
        "subject": message.subject,
        "tags": message.arguments,
    }
    if occurrence.event is not Event.ORPHAN_BOUNCED:
        data["email_id"] = message.reference
    kind = word.pop("type")
    return {"type": kind, "created_at": occurrence.at.isoformat().replace("+00:00", "Z"), "data": data | word}


def _listed(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)] if value else []


def _bare(address: str) -> str:
    return address.rpartition("<")[2].strip("> ")


def _error(status: int, name: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return answer({"statusCode": status, "name": name, "message": message}, status, headers)
