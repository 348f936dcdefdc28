"""Amazon SES: SendEmail and message insights of SESv2, events through SNS, and the subscription to them."""

import base64
import binascii
import email
import email.policy
import json
import secrets
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.simulator import sns
from adapters.simulator.behaviour import Event, Reply
from adapters.simulator.config import Account
from adapters.simulator.letters import OPENS, Letter, LetterSide, loaded
from adapters.simulator.messages import Message, Told
from adapters.simulator.sendgrid_checks import ADDRESS, listed
from adapters.simulator.ses_access import access_key, is_signed
from adapters.simulator.ses_events import WORDS, event, insights
from adapters.simulator.side import Call
from adapters.simulator.web import answer
from adapters.simulator.world import World

MOST_RECIPIENTS = 50


class Ses(LetterSide):
    name: ClassVar[str] = "ses"
    words: ClassVar[Mapping[Event, Any]] = WORDS
    endpoints: ClassVar[tuple[tuple[str, str], ...]] = (
        ("POST /v2/email/outbound-emails", "send; signed with AWS Signature Version 4"),
        ("GET /v2/email/insights/{MessageId}/", "what became of a message"),
        (
            "POST /sns?Action=Subscribe&Protocol=http&Endpoint=...",
            f"have the handshake begun; the topic is {sns.TOPIC}",
        ),
        ("GET /sns?Action=ConfirmSubscription&Token=...", "what SubscribeURL stands for"),
        (f"GET /sns{sns.CERTIFICATE}", "the certificate that signs the webhooks"),
    )

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.sns = sns.Sns(world)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v2/email/outbound-emails", self.send, methods=["POST"]),
            Route("/v2/email/insights/{id}/", self.show, methods=["GET"]),
            *self.sns.routes(),
        ]

    def draw(self) -> tuple[str, str]:
        return f"AKIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30)

    def account(self, request: Request, body: bytes) -> Account | Response:
        key = access_key(request)
        if key is None:
            return _error(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        account = self.world.accounts.find(self.name, key)
        if account is None:
            return _error(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
        if not is_signed(request, body, account.token):
            return _error(403, "InvalidSignatureException", "The request signature does not match.")
        return account

    def read(self, body: bytes, request: Request) -> Letter | Response:  # noqa: ARG002
        told = loaded(body)
        if told is None:
            return _error(400, "BadRequestException", "The body is not a JSON object.")
        destination = told.get("Destination") or {}
        people = [a for kind in ("To", "Cc", "Bcc") for a in listed(destination.get(f"{kind}Addresses"))]
        if not people or len(people) > MOST_RECIPIENTS or not all(ADDRESS.fullmatch(_bare(a)) for a in people):
            return _error(400, "BadRequestException", "Missing or illegal address.")
        content = _content(told.get("Content") or {})
        if content is None:
            return _error(400, "BadRequestException", "The content is neither Raw nor Simple.")
        subject, text, has_html = content
        tags = {tag["Name"]: tag["Value"] for tag in listed(told.get("EmailTags"))}
        silenced = frozenset() if has_html else OPENS | {Event.CLICKED}
        return Letter(told.get("FromEmailAddress", ""), [_bare(a) for a in people], subject, text, tags, silenced, told)

    def new_id(self) -> str:
        return f"0107019{secrets.token_hex(5)[1:]}-{secrets.token_hex(4)}-0000-4000-8000-{secrets.token_hex(6)}-000000"

    def taken(self, messages: Sequence[Message]) -> Response:
        return answer({"MessageId": messages[0].reference})

    def problem(self, reply: Reply, headers: Mapping[str, str]) -> Response:
        if reply is Reply.REFUSED:
            return _error(400, "MessageRejected", "Email address is not verified.")
        if reply is Reply.RATE_LIMITED:
            return _error(429, "TooManyRequestsException", "Maximum sending rate exceeded.", headers)
        return _error(500, "InternalServiceError", "Internal failure.")

    def too_large(self) -> Response:
        return _error(400, "BadRequestException", "Message length is more than 41943040 bytes long.")

    async def show(self, request: Request) -> Response:
        account = self.account(request, b"")
        if isinstance(account, Response):
            return account
        found = self.found(account, request.path_params["id"])
        return answer(insights(found)) if found else _error(404, "NotFoundException", "No such message.")

    def call(self, account: Account, url: str, told: Sequence[Told]) -> Call:  # noqa: ARG002
        body = sns.envelope("Notification", json.dumps(event(told[0])), self.world.clock())
        return Call(url.partition("#")[0], sns.headers("Notification"), body)


def _content(content: dict[str, Any]) -> tuple[str, str, bool] | None:
    """Subject, text, and whether there is HTML."""
    if simple := content.get("Simple"):
        body = simple.get("Body") or {}
        return simple["Subject"]["Data"], (body.get("Text") or {}).get("Data", ""), "Html" in body
    try:
        raw = base64.b64decode((content.get("Raw") or {})["Data"], validate=True)
    except (KeyError, TypeError, binascii.Error):
        return None
    found = email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)
    plain, rich = found.get_body(("plain",)), found.get_body(("html",))
    return str(found["Subject"] or ""), plain.get_content() if plain else "", rich is not None


def _bare(address: object) -> str:
    return str(address).rpartition("<")[2].rstrip("> ")


def _error(status: int, name: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return answer({"message": message}, status, {"x-amzn-ErrorType": name, **(headers or {})})
