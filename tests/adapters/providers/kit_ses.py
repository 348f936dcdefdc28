"""SNS as it delivers SES events: envelopes signed with a certificate made here."""

import base64
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from adapters.providers.port import Connection, RawRequest
from tests.adapters.providers.kit import ATTEMPT, NOON, URL, Side, connection, request

TOPIC = "arn:aws:sns:eu-central-1:123456789012:sendtrail"
CERTIFICATE_URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-00ff.pem"
SUBSCRIBE_URL = f"https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=23ab"
MESSAGE = "0107019bc0de-5a6b7c8d-0000-4000-8000-000000000001-000000"
AT = "2026-01-15T12:00:00.000Z"
SIGNED = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


def certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(7).not_valid_before(NOON).not_valid_after(NOON + timedelta(days=300))
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


KEY = rsa.generate_private_key(65537, 2048)
CERTIFICATE = certificate(KEY)


def sns(message: str, kind: str = "Notification", **said: Any) -> dict[str, Any]:
    """An envelope; None leaves a field out."""
    given = {
        "Type": kind,
        "MessageId": "b1c2d3e4-0000-5000-8000-000000000001",
        "TopicArn": TOPIC,
        "Message": message,
        "Timestamp": AT,
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE_URL,
        "UnsubscribeURL": "https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe",
    } | said
    return {name: value for name, value in given.items() if value is not None}


def confirmation(**said: Any) -> dict[str, Any]:
    return sns("Visit the URL.", "SubscriptionConfirmation", **{"Token": "23ab", "SubscribeURL": SUBSCRIBE_URL} | said)


def sign(envelope: dict[str, Any], key: rsa.RSAPrivateKey = KEY) -> dict[str, Any]:
    """With the algorithm that its version names; names in byte order, which is the order that SNS prescribes."""
    told = "".join(f"{name}\n{envelope[name]}\n" for name in SIGNED if envelope.get(name) is not None)
    algorithm: hashes.HashAlgorithm = hashes.SHA1() if envelope["SignatureVersion"] == "1" else hashes.SHA256()
    signature = key.sign(told.encode(), padding.PKCS1v15(), algorithm)
    return envelope | {"Signature": base64.b64encode(signature).decode()}


def event(word: str = "Delivery", part: dict[str, Any] | None = None, **mail: Any) -> dict[str, Any]:
    """An SES event; `part` is what it says of its kind."""
    about = {
        "timestamp": "2026-01-15T11:59:58.000Z",
        "messageId": MESSAGE,
        "destination": ["ap@payer.example"],
        "tags": {"ses:configuration-set": ["bills"], "attempt_id": [ATTEMPT]},
    } | mail
    name = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}.get(word, word.lower())
    return {"eventType": word, "mail": about, name: part or {}}


def ses_body(word: str = "Delivery", **said: Any) -> bytes:
    told = event(
        word, {"timestamp": AT} | ({"smtpResponse": said.pop("smtpResponse")} if "smtpResponse" in said else {})
    )
    told["mail"] |= {
        "messageId": said.get("messageId", MESSAGE),
        "destination": [said.get("address", "ap@payer.example")],
    }
    if "attempt_id" in said:
        told["mail"]["tags"]["attempt_id"] = [said["attempt_id"]]
    return json.dumps(sns(json.dumps(told), MessageId=f"{word}-b1c2d3e4-0000-5000-8000-000000000001")).encode()


@dataclass(frozen=True)
class SnsSide(Side):
    """The signature is in the body, and so is what it covers."""

    def connection(self, key: str | None = None) -> Connection:
        settings = {"topic_arn": TOPIC} if key is None else {}
        secrets = {"certificate": self.key if key is None else key}
        return msgspec.structs.replace(connection("ses", secrets, **settings), id=uuid4())

    def signed(self, body: bytes, url: str = URL) -> RawRequest:
        try:
            envelope = sign(json.loads(body))
        except UnicodeEncodeError:  # half a surrogate pair, which nobody can sign
            envelope = json.loads(body)
        return request(json.dumps(envelope).encode(), self.sign(body, url), url)

    def signature_of(self, told: RawRequest) -> str:
        return str(json.loads(told.body)["Signature"])

    def with_signature(self, told: RawRequest, signature: str) -> RawRequest:
        body = json.dumps(json.loads(told.body) | {"Signature": signature}).encode()
        return msgspec.structs.replace(told, body=body)


SES = SnsSide(
    "ses",
    CERTIFICATE,
    "Delivery",
    "",
    ses_body,
    lambda body, url: {"content-type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": "Notification"},  # noqa: ARG005
    (b"", b"{", b"null", b"[]", b"7", b"{}", b"\xff\xfe", b'{"Type": "Other", "Message": "{}"}', b"[" * 100_000),
    other="Send",
    texts=("address", "smtpResponse", "messageId"),
    long=("Delivery", "smtpResponse"),
    signature_is_over_bytes=False,
)
