"""Pingen v2: tokens, places for files, letters under idempotency keys, their events, and signed webhooks."""

import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.simulator import printed
from adapters.simulator.bearers import Bearers
from adapters.simulator.behaviour import Channel, Event, Reply
from adapters.simulator.config import Account
from adapters.simulator.letters import Letter, LetterSide, loaded
from adapters.simulator.messages import Message, Told
from adapters.simulator.pingen_letters import STAGES, TRACKED, event, letter, webhook
from adapters.simulator.shelf import Shelf
from adapters.simulator.side import Call
from adapters.simulator.web import BodyTooLargeError, body_of
from adapters.simulator.world import World

MEDIA_TYPE = "application/vnd.api+json"
LETTERS = "/organisations/{org}/deliveries/letters"
MOST_KEYS, LONGEST_KEY = 10_000, 64
WANTED = ("file_original_name", "file_url", "file_url_signature", "address_position", "delivery_product")


class Pingen(LetterSide):
    """An account's key and token are client id and secret; the token is the signing key of its webhooks too."""

    name: ClassVar[str] = "pingen"
    channel: ClassVar[Channel] = Channel.POST
    words: ClassVar[Mapping[Event, Any]] = STAGES
    untold: ClassVar[frozenset[Event]] = frozenset({Event.CANCELLED})
    endpoints: ClassVar[tuple[tuple[str, str], ...]] = (
        ("POST /auth/access-tokens", "a token: client id and secret are the account's key and token"),
        ("GET /file-upload", "a place for a file, which is then PUT there"),
        (f"POST {LETTERS}", "send, of any organisation; with Idempotency-Key a repetition sends nothing"),
        (f"GET {LETTERS}", "letters, newest first, in pages; /{id} for one"),
        (f"GET {LETTERS}/{{id}}/events", "what happened to it"),
        (f"PATCH {LETTERS}/{{id}}/cancel", "stop a letter that was not sent yet; no webhook tells it"),
    )

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.bearers = Bearers(world, self.name)
        self.files: Shelf[str, tuple[str, bytes]] = Shelf(world.config.keep, world.config.keep_bytes)
        self.keys: Shelf[tuple[str, str], Message] = Shelf(MOST_KEYS, MOST_KEYS)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/auth/access-tokens", self.bearers.give, methods=["POST"]),
            Route("/file-upload", self.place, methods=["GET"]),
            Route("/file-upload/{file}", self.store, methods=["PUT"]),
            Route(LETTERS, self.send, methods=["POST"]),
            Route(LETTERS, self.search, methods=["GET"]),
            Route(LETTERS + "/{id}", self.show, methods=["GET"]),
            Route(LETTERS + "/{id}/events", self.events, methods=["GET"]),
            Route(LETTERS + "/{id}/cancel", self.cancel, methods=["PATCH"]),
        ]

    def draw(self) -> tuple[str, str]:
        return secrets.token_hex(10), secrets.token_urlsafe(30)

    def account(self, request: Request, body: bytes) -> Account | Response:  # noqa: ARG002
        return self.bearers.account(request) or _error(401, "Unauthenticated")

    async def place(self, request: Request) -> Response:
        if isinstance(refused := self.account(request, b""), Response):
            return refused
        name, signature = str(uuid.uuid4()), secrets.token_hex(16)
        self.files.put(name, (signature, b""), 1)
        url = f"{request.base_url}file-upload/{name}"
        told = {"url": url, "url_signature": signature, "expires_at": "2099-12-31T23:59:59+0200"}
        return _data({"id": name, "type": "file_uploads", "attributes": told})

    async def store(self, request: Request) -> Response:
        """As the store behind Pingen: it knows no tokens, and answers in no JSON."""
        known = self.files.get(name := request.path_params["file"])
        if known is None:
            return Response(status_code=403)
        try:
            content = await body_of(request, self.world.config.max_body)
        except BodyTooLargeError:
            return Response(status_code=413)
        self.files.put(name, (known[0], content), len(content) + 1)
        return Response(status_code=200)

    def read(self, body: bytes, request: Request) -> Letter | Response:
        key = request.headers.get("idempotency-key", "")
        data = (loaded(body) or {}).get("data")
        asked = data.get("attributes") if isinstance(data, dict) and data.get("type") == "letters" else None
        if not isinstance(asked, dict) or len(key) > LONGEST_KEY:
            return _error(400, "Bad Request")
        if missing := next((name for name in WANTED if not isinstance(asked.get(name), str)), None):
            return _error(422, "Unprocessable Content", f"{missing} is required", f"/data/attributes/{missing}")
        signature, file = self.files.get(asked["file_url"].rpartition("/")[2]) or ("", b"")
        if signature != asked["file_url_signature"] or not file.startswith(b"%PDF-"):
            return _error(422, "Unprocessable Content", "there is no PDF at file_url", "/data/attributes/file_url")
        untracked = frozenset() if TRACKED in asked["delivery_product"] else frozenset({Event.DELIVERED})
        return Letter(
            request.path_params["org"], [", ".join(printed.address(file))], asked["file_original_name"],
            "\n".join(printed.lines(file)), silenced=untracked, request=asked,
        )  # fmt: skip

    def repeated(self, request: Request, account: Account, letter: Letter) -> Response | None:  # noqa: ARG002
        known = self.keys.get((account.key, request.headers.get("idempotency-key", "")))
        if known is None or self.world.messages.get(known.id) is not known:
            return None
        answer = self.taken([known])
        answer.headers["Idempotent-Replayed"] = "true"
        return answer

    def note(self, request: Request, account: Account, messages: Sequence[Message]) -> None:
        if key := request.headers.get("idempotency-key"):
            self.keys.put((account.key, key), messages[0], 1)

    def new_id(self) -> str:
        return str(uuid.uuid4())

    def taken(self, messages: Sequence[Message]) -> Response:
        return _data(letter(messages[0]), 201)

    def problem(self, reply: Reply, headers: Mapping[str, str]) -> Response:
        if reply is Reply.REFUSED:
            return _error(422, "Unprocessable Content", "delivery_product is not sold", "/data/attributes")
        if reply is Reply.RATE_LIMITED:
            return _error(429, "Too Many Requests", headers={"x-ratelimit-remaining": "0", **headers})
        return _error(500, "Server Error")

    def too_large(self) -> Response:
        return _error(413, "Payload Too Large")

    async def search(self, request: Request) -> Response:
        account, query = self.account(request, b""), request.query_params
        if isinstance(account, Response):
            return account
        try:
            size, page = int(query.get("page[limit]", "20")), int(query.get("page[number]", "1"))
        except ValueError:
            return _error(400, "Bad Request")
        found = [letter(one) for one in self._letters(request, account)]
        return _data(found[(page - 1) * size : page * size])

    async def show(self, request: Request) -> Response:
        found = self._letter(request)
        return found if isinstance(found, Response) else _data(letter(found))

    async def events(self, request: Request) -> Response:
        found = self._letter(request)
        return found if isinstance(found, Response) else _data([event(found, one) for one in found.occurrences])

    async def cancel(self, request: Request) -> Response:
        found = self._letter(request)
        if isinstance(found, Response):
            return found
        if any(one.event is not Event.DEFERRED for one in found.occurrences):
            state = STAGES[found.occurrences[-1].event].state
            return _error(409, "Conflict", f"a letter that is {state} cannot be cancelled")
        found.silenced = frozenset(Event)
        self.world.happen(found, Event.CANCELLED)
        return Response(status_code=202)

    def call(self, account: Account, url: str, told: Sequence[Told]) -> Call:
        body = json.dumps(webhook(told[0], url)).encode()
        signature = hmac.new(account.token.encode(), body, hashlib.sha256).hexdigest()
        return Call(url.partition("#")[0], {"Content-Type": MEDIA_TYPE, "Signature": signature}, body)

    def _letter(self, request: Request) -> Message | Response:
        account = self.account(request, b"")
        if isinstance(account, Response):
            return account
        name = request.path_params["id"]
        found = (one for one in self._letters(request, account) if one.id == name)
        return next(found, None) or _error(404, "Not Found")

    def _letters(self, request: Request, account: Account) -> list[Message]:
        wanted = (self.name, account.key, request.path_params["org"], True)
        kept = self.world.messages.newest()
        return [m for m in kept if (m.provider, m.account, m.sender, m.taken) == wanted]


def _data(told: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode({"data": told}), status, media_type=MEDIA_TYPE)


def _error(
    status: int, title: str, detail: str = "", pointer: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    told = {"code": str(status), "title": title, "detail": detail or title, "source": {"pointer": pointer}}
    return Response(msgspec.json.encode({"errors": [told]}), status, headers, media_type=MEDIA_TYPE)
