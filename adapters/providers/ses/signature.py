"""SNS signs the values of named fields with RSA: version 1 with SHA-1 (a topic's default), version 2 with SHA-256.

Anybody can have Amazon sign messages of a topic of their own, so the topic must be one that the connection names.
The SNS timestamp is signed, but no tolerance is prescribed and retries may come late: its age is not judged.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from adapters.providers.port import (
    BadSignatureError,
    Connection,
    MisconfiguredError,
    RawRequest,
    UnreadableError,
)
from adapters.providers.reading import exact_base64
from adapters.providers.ses.certificates import Certificates, public_key
from adapters.providers.ses.envelope import CONFIRMATION, NOTIFICATION, UNSUBSCRIBED, Envelope, envelope, is_certificate

_CONFIRMING = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: _CONFIRMING,
    UNSUBSCRIBED: _CONFIRMING,
}
HASHES: dict[str, hashes.HashAlgorithm] = {
    "1": hashes.SHA1(),
    "2": hashes.SHA256(),
}


def verify(request: RawRequest, connection: Connection, certificates: Certificates) -> None:
    """Raises BadSignatureError, MisconfiguredError."""
    topics = _topics(connection)
    told = _envelope(request)
    signature, algorithm = exact_base64(_text(told, "Signature")), HASHES.get(str(told.get("SignatureVersion")))
    if signature is None:
        raise BadSignatureError("the signature is not base64")
    if algorithm is None:
        raise BadSignatureError("the signature's version is not known")
    signed = string_to_sign(told)
    if topics and told["TopicArn"] not in topics:
        raise BadSignatureError("the topic is none of the connection's")
    if not is_certificate(told.get("SigningCertURL")):
        raise BadSignatureError("the signing certificate is not at an address of Amazon SNS")
    try:
        _key(told, connection, certificates).verify(signature, signed.encode(), padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        raise BadSignatureError("the signature does not match the message") from None


def string_to_sign(told: Envelope) -> str:
    """Name and value, each on a line, of the fields of this type in their order. Raises BadSignatureError."""
    names = SIGNED.get(str(told.get("Type")))
    if names is None:
        raise BadSignatureError("it is of no type that SNS sends")
    present = [n for n in names if n != "Subject" or told.get(n) is not None]
    return "".join(f"{name}\n{_text(told, name)}\n" for name in present)


def _topics(connection: Connection) -> set[str]:
    """The connection's topics, a comma between them. Only a pinned certificate without topics leaves them open, which
    is how `webhook explain` asks; a connection that takes webhooks cannot be added without. Raises MisconfiguredError.
    """
    named = connection.settings.get("topic_arn")
    if named in (None, "") and connection.secrets.get("certificate"):
        return set()
    found = {topic.strip() for topic in connection.setting("topic_arn").split(",")} - {""}
    if not found:
        raise MisconfiguredError(f"connection {connection.id}: setting 'topic_arn' is missing")
    return found


def _envelope(request: RawRequest) -> Envelope:
    try:
        told = envelope(request.body)
    except UnreadableError as error:
        raise BadSignatureError(f"no signature: {error}", missing=True) from None
    if told.get("Signature") is None:
        raise BadSignatureError("there is no signature in it", missing=True)
    return told


def _key(told: Envelope, connection: Connection, certificates: Certificates) -> rsa.RSAPublicKey:
    """Of the certificate that the connection pins, else of the one that the message names."""
    pinned = connection.secrets.get("certificate")
    if not pinned:
        return certificates.key(_text(told, "SigningCertURL"))
    try:
        return public_key(pinned.encode())
    except ValueError:
        raise MisconfiguredError(f"connection {connection.id}: 'certificate' is not a certificate in PEM") from None


def _text(told: Envelope, name: str) -> str:
    """Raises BadSignatureError. Half surrogate pairs, which JSON may hold, were never signed."""
    value = told.get(name)
    if not isinstance(value, str):
        raise BadSignatureError(f"'{name}' is missing")
    try:
        value.encode()
    except UnicodeError:
        raise BadSignatureError(f"'{name}' has characters that are none") from None
    return value
