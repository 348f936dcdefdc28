"""SNS signatures: which messages are Amazon's, of our topic, and where the certificate may come from."""

import json
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.providers.port import BadSignatureError, Confirmation, MisconfiguredError, RawRequest
from adapters.providers.registry import provider
from adapters.providers.ses import Ses
from adapters.providers.ses.certificates import PAUSE, Certificates, UnavailableError
from adapters.providers.ses.envelope import is_amazon, is_certificate
from tests.adapters.providers.kit import connection, request
from tests.adapters.providers.kit_ses import (
    CERTIFICATE,
    CERTIFICATE_URL,
    SES,
    SUBSCRIBE_URL,
    TOPIC,
    certificate,
    confirmation,
    sign,
    sns,
)


def told(envelope: dict[str, Any]) -> RawRequest:
    return request(json.dumps(envelope).encode(), {})


def verify(envelope: dict[str, Any], **secrets: str) -> None:
    provider("ses").verify(told(envelope), connection("ses", {"certificate": CERTIFICATE} | secrets, topic_arn=TOPIC))


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("envelope", [sns("{}"), sns("{}", Subject="S"), sns("{}", Subject=""), confirmation()])
def test_both_versions_and_all_kinds(version: str, envelope: dict[str, Any]) -> None:
    good = sign(envelope | {"SignatureVersion": version})
    verify(good)
    for name in ("Message", "MessageId", "Timestamp", "TopicArn", "Type"):
        with pytest.raises(BadSignatureError):
            verify(good | {name: str(good[name]) + "x"})
        with pytest.raises(BadSignatureError):
            verify({n: v for n, v in good.items() if n != name})
    with pytest.raises(BadSignatureError):
        verify(good | {"SignatureVersion": "2" if version == "1" else "1"})


def test_a_subject_that_is_null_is_not_signed_and_one_that_is_added_is_noticed() -> None:
    good = sign(sns("{}"))
    verify(good | {"Subject": None})
    with pytest.raises(BadSignatureError):
        verify(good | {"Subject": "x"})


@pytest.mark.parametrize("version", ["3", "", None, 2.5, [2]])
def test_other_versions_are_refused(version: object) -> None:
    with pytest.raises(BadSignatureError):
        verify(sign(sns("{}")) | {"SignatureVersion": version})


def test_the_spelling_of_lambda() -> None:
    good = sign(sns("{}"))
    good["SigningCertUrl"] = good.pop("SigningCertURL")
    verify(good)


def test_the_unsubscribe_url_is_not_signed() -> None:
    verify(sign(sns("{}")) | {"UnsubscribeURL": "https://example.com/"})


def test_a_strangers_topic_is_refused_although_amazon_signed_it() -> None:
    good = sign(sns("{}", TopicArn="arn:aws:sns:eu-central-1:999999999999:theirs"))
    with pytest.raises(BadSignatureError, match="topic"):
        verify(good)
    topics = f"{TOPIC}, {good['TopicArn']}"
    provider("ses").verify(told(good), connection("ses", {"certificate": CERTIFICATE}, topic_arn=topics))


def test_without_topics_a_connection_takes_nothing() -> None:
    for topics in ({}, {"topic_arn": ""}, {"topic_arn": " , "}):
        with pytest.raises(MisconfiguredError):
            provider("ses").verify(told(sign(sns("{}"))), connection("ses", {}, **topics))


def test_another_key_or_no_certificate() -> None:
    with pytest.raises(BadSignatureError):
        verify(sign(sns("{}"), rsa.generate_private_key(65537, 2048)))
    with pytest.raises(MisconfiguredError):
        verify(sign(sns("{}")), certificate="not PEM")


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        (CERTIFICATE_URL, True),
        ("https://sns.cn-north-1.amazonaws.com.cn/a.pem", True),
        ("https://sns.us-gov-west-1.amazonaws.com:443/a.pem", True),
        ("http://sns.eu-central-1.amazonaws.com/a.pem", False),
        ("https://sns.eu-central-1.amazonaws.com/a.txt", False),
        ("https://sns.eu-central-1.amazonaws.com/a?b=.pem", False),
        ("https://sns.eu-central-1.amazonaws.com/a#.pem", False),
        ("https://sns.eu-central-1.amazonaws.com.evil.example/a.pem", False),
        ("https://sns.eu-central-1.amazonaws.com.cn.evil/a.pem", False),
        ("https://sns.eu-central-1.amazonaws.com@evil.example/a.pem", False),
        ("https://evil.example\\@sns.eu-central-1.amazonaws.com/a.pem", False),
        ("https://user@sns.eu-central-1.amazonaws.com/a.pem", False),
        ("https://sns.eu-central-1.amazonaws.com:8443/a.pem", False),
        ("https://sns.eu.central.amazonaws.com/a.pem", False),
        ("https://xsns.eu-central-1.amazonaws.com/a.pem", False),
        ("https://sns.eu.amazonaws.com/a.pem", False),
        ("https://bucket.s3.amazonaws.com/a.pem", False),
        ("https://sns.eu-central-1.amazonaws.com/a.pem\n", False),
        ("https://[sns.eu-central-1.amazonaws.com/a.pem", False),
        ("https://sns.eu-central-1.amazonaws.com:x/a.pem", False),
        ("", False),
        (None, False),
    ],
)
def test_where_certificates_may_come_from(url: object, trusted: bool) -> None:
    assert is_certificate(url) is trusted


def test_a_certificate_is_fetched_once_and_never_from_elsewhere() -> None:
    asked: list[str] = []

    def get(url: str) -> bytes:
        asked.append(url)
        return CERTIFICATE.encode()

    ses, open_to = Ses(certificates=Certificates(get)), connection("ses", {}, topic_arn=TOPIC)
    for _ in range(3):
        ses.verify(told(sign(sns("{}"))), open_to)
    with pytest.raises(BadSignatureError):
        ses.verify(told(sign(sns("{}", SigningCertURL="https://evil.example/a.pem"))), open_to)
    with pytest.raises(BadSignatureError):
        ses.verify(told(sign(sns("{}", TopicArn="arn:aws:sns:x:1:theirs"))), open_to)
    assert asked == [CERTIFICATE_URL]


def test_a_certificate_that_cannot_be_had_is_asked_for_again_after_a_while() -> None:
    """Nobody can say whether the request is authentic, so it is neither taken nor refused: SNS sends it again."""
    answers: list[object] = [httpx.ConnectError("no"), b"not PEM", CERTIFICATE.encode()]
    now = [0.0]

    def get(url: str) -> bytes:  # noqa: ARG001
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, bytes)
        return answer

    certificates = Certificates(get, lambda: now[0])
    for _ in range(2):
        for _ in range(3):
            with pytest.raises(UnavailableError):
                certificates.key(CERTIFICATE_URL)
        now[0] += PAUSE
    assert certificates.key(CERTIFICATE_URL).key_size == 2048
    assert not answers


def test_the_cache_is_bounded() -> None:
    certificates = Certificates(lambda _: CERTIFICATE.encode())
    for n in range(100):
        certificates.key(f"https://sns.eu-central-1.amazonaws.com/{n}.pem")
    assert len(certificates._kept) <= 32


def test_only_a_wish_to_subscribe_at_amazon_is_confirmed() -> None:
    ses = provider("ses")
    assert isinstance(ses, Ses)
    assert ses.confirmation(told(sign(confirmation()))) == Confirmation(SUBSCRIBE_URL)
    for url in (
        "https://evil.example/?Action=ConfirmSubscription",
        SUBSCRIBE_URL.replace("https", "http"),
        SUBSCRIBE_URL.replace("/?", "/other?"),
        None,
        7,
    ):
        assert ses.confirmation(told(confirmation(SubscribeURL=url))) is None
    assert ses.confirmation(told(confirmation() | {"Type": "UnsubscribeConfirmation"})) is None
    assert ses.confirmation(told(sns("{}"))) is None
    assert ses.confirmation(request(b"junk", {})) is None
    assert is_amazon(SUBSCRIBE_URL)


def test_a_certificate_of_another_kind_of_key_is_none() -> None:
    assert "CERTIFICATE" in certificate(rsa.generate_private_key(65537, 2048))
    with pytest.raises(MisconfiguredError):
        provider("ses").verify(
            SES.signed(SES.body("Delivery")),
            msgspec.structs.replace(SES.connection(), secrets={"certificate": "-----BEGIN CERTIFICATE-----\n"}),
        )
