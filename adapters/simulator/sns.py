"""Amazon SNS as far as SES needs it: signed envelopes, and the handshake that begins a subscription."""

import base64
import json
import secrets
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.simulator.web import body_of
from adapters.simulator.world import World

HOST = "https://sns.eu-central-1.amazonaws.com"
TOPIC = "arn:aws:sns:eu-central-1:000000000000:simulated"
CERTIFICATE = "/SimpleNotificationService-simulated.pem"
SIGNED = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
MOST_FORM = 64 * 1024
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def certificate() -> str:
    """The certificate of this process's key, as PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(_key().public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(_LONG_AGO)
    signed = made.not_valid_after(_LONG_AGO + timedelta(days=36500)).sign(_key(), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def envelope(kind: str, message: str, at: datetime, more: Mapping[str, str] | None = None) -> bytes:
    """Signed with version 2 (SHA-256)."""
    told: dict[str, Any] = {
        "Type": kind,
        "MessageId": str(uuid.uuid4()),
        "TopicArn": TOPIC,
        "Message": message,
        "Timestamp": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z",
        **(more or {}),
        "SignatureVersion": "2",
    }
    text = "".join(f"{name}\n{told[name]}\n" for name in SIGNED if name in told)
    signature = _key().sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    told |= {"Signature": base64.b64encode(signature).decode(), "SigningCertURL": HOST + CERTIFICATE}
    if kind == "Notification":
        told["UnsubscribeURL"] = f"{HOST}/?Action=Unsubscribe&SubscriptionArn={TOPIC}:1"
    return json.dumps(told, indent=2).encode()


def headers(kind: str) -> dict[str, str]:
    return {
        "Content-Type": "text/plain; charset=UTF-8",
        "User-Agent": "Amazon Simple Notification Service Agent",
        "x-amz-sns-message-type": kind,
        "x-amz-sns-topic-arn": TOPIC,
    }


class Sns:
    """Subscribing and confirming, by the query API. Who calls is not asked."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tokens: dict[str, str] = {}
        """Token to endpoint, until it is confirmed."""
        self.confirmed: list[str] = []

    def routes(self) -> list[BaseRoute]:
        return [
            Route(f"/sns{CERTIFICATE}", self.show_certificate, methods=["GET"]),
            Route("/sns", self.act, methods=["GET", "POST"]),
            Route("/sns/", self.act, methods=["GET", "POST"]),
        ]

    async def show_certificate(self, request: Request) -> Response:  # noqa: ARG002
        return Response(certificate(), media_type="application/x-pem-file")

    async def act(self, request: Request) -> Response:
        asked = dict(request.query_params) | dict(parse_qsl((await body_of(request, MOST_FORM)).decode("latin-1")))
        if asked.get("TopicArn") != TOPIC:
            return _xml("ErrorResponse", "<Error><Type>Sender</Type><Code>NotFound</Code></Error>", 404)
        if asked.get("Action") == "Subscribe":
            return self._subscribe(asked.get("Endpoint", ""))
        if asked.get("Action") == "ConfirmSubscription":
            return self._confirm(asked.get("Token", ""))
        return _xml("ErrorResponse", "<Error><Type>Sender</Type><Code>InvalidAction</Code></Error>", 400)

    def _subscribe(self, endpoint: str) -> Response:
        token = secrets.token_hex(32)
        self.tokens[token] = endpoint
        self.world.background.spawn(self._ask(endpoint, token))
        return _result("Subscribe", "pending confirmation")

    async def _ask(self, endpoint: str, token: str) -> None:
        query = urlencode({"Action": "ConfirmSubscription", "TopicArn": TOPIC, "Token": token})
        kind, more = "SubscriptionConfirmation", {"Token": token, "SubscribeURL": f"{HOST}/?{query}"}
        body = envelope(kind, "You have chosen to subscribe. Visit the SubscribeURL.", self.world.clock(), more)
        await self.world.caller.post(endpoint, headers(kind), body)

    def _confirm(self, token: str) -> Response:
        endpoint = self.tokens.get(token)
        if endpoint is None:
            return _xml("ErrorResponse", "<Error><Type>Sender</Type><Code>InvalidParameter</Code></Error>", 400)
        self.confirmed.append(endpoint)
        return _result("ConfirmSubscription", f"{TOPIC}:1")


def _result(action: str, arn: str) -> Response:
    inner = f"<{action}Result><SubscriptionArn>{escape(arn)}</SubscriptionArn></{action}Result>"
    return _xml(f"{action}Response", inner)


def _xml(root: str, inner: str, status: int = 200) -> Response:
    told = f'<{root} xmlns="http://sns.amazonaws.com/doc/2010-03-31/">{inner}'
    return Response(f"{told}<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{root}>", status,
                    media_type="text/xml")  # fmt: skip
