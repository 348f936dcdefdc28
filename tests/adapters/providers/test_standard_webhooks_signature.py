"""Standard Webhooks: verified against the public libraries as signers, one key or several, both kinds of key."""

import base64
from datetime import timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from standardwebhooks import Webhook
from svix.webhooks import Webhook as SvixWebhook

from adapters.providers.port import BadSignatureError, MisconfiguredError, RawRequest
from adapters.providers.standard_webhooks.signature import verify, webhook_id
from adapters.simulator import svix
from tests.adapters.providers.kit import NOON, connection, request
from tests.adapters.providers.kit_resend import SECRET, sign

BODY = '{"type": "größe"}'.encode()


def check(told: RawRequest, secret: str = SECRET) -> None:
    verify(told, connection("resend", {"webhook_secret": secret}))


def good(family: str = "webhook") -> RawRequest:
    return request(BODY, sign(BODY, family=family))


def changed(**headers: str) -> RawRequest:
    told = good()
    return msgspec.structs.replace(told, headers=told.headers | {f"webhook-{n}": v for n, v in headers.items()})


@pytest.mark.parametrize("family", ["webhook", "svix"])
def test_both_spellings_of_the_headers(family: str) -> None:
    check(good(family))
    assert webhook_id(good(family)) == "msg_1"


@pytest.mark.parametrize("family", ["webhook", "svix"])
@pytest.mark.parametrize("part", ["id", "timestamp", "signature"])
def test_all_three_are_needed(family: str, part: str) -> None:
    told = good(family)
    for headers in (
        {n: v for n, v in told.headers.items() if n != f"{family}-{part}"},
        told.headers | {f"{family}-{part}": ""},
    ):
        bare = msgspec.structs.replace(told, headers=headers)
        with pytest.raises(BadSignatureError) as refused:
            check(bare)
        assert refused.value.missing
        assert webhook_id(bare) is None


def test_the_other_spelling_does_not_complete_one() -> None:
    headers = sign(BODY) | {"webhook-id": "x"}
    check(request(BODY, headers))
    del headers["svix-id"]
    with pytest.raises(BadSignatureError):
        check(request(BODY, headers))


@pytest.mark.parametrize(
    "secret",
    [
        SECRET.removeprefix("whsec_"),
        SECRET.rstrip("="),
        f"whsec_AAAA {SECRET}",
        f"{SECRET}\nwhsec_AAAA",
    ],
)
def test_spellings_of_the_secret(secret: str) -> None:
    check(good(), secret)


def test_a_secret_without_its_padding() -> None:
    for size in (19, 24, 25, 26, 64):
        key = base64.b64encode(bytes(range(size))).decode()
        signature = Webhook(key).sign("msg_1", NOON, BODY.decode())
        for spelled in (key, key.rstrip("="), f"whsec_{key}"):
            check(changed(signature=signature), spelled)


@pytest.mark.parametrize("secret", ["", " ", "whsec_", "whsec_?", "no base64!", "whpk_AAAA", "whsk_AAAA", "whpk_"])
def test_a_secret_that_is_none(secret: str) -> None:
    with pytest.raises(MisconfiguredError):
        check(good(), secret)


def test_one_good_signature_among_others_is_enough() -> None:
    told = good().headers["webhook-signature"]
    check(changed(signature=f"v1,AAAA v1a,AAAA v2,{told[3:]} x {told}"))
    for wrong in (
        "v1,AAAA",
        f"v2,{told[3:]}",
        told[3:],
        f"v1{told[3:]}",
        told.replace("v1,", "V1,"),
        told[:-5],
        f"{told}=",
    ):
        with pytest.raises(BadSignatureError):
            check(changed(signature=wrong))


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_within_five_minutes(seconds: int) -> None:
    check(request(BODY, sign(BODY, at=NOON + timedelta(seconds=seconds))))


@pytest.mark.parametrize("seconds", [-301, 301, -86400])
def test_outside_five_minutes(seconds: int) -> None:
    with pytest.raises(BadSignatureError, match="ago"):
        check(request(BODY, sign(BODY, at=NOON + timedelta(seconds=seconds))))


@pytest.mark.parametrize("stamp", ["1768478400.0", "noon", "-1", "+1768478400", " 1768478400", "1" * 40, "١٧٦٨٤٧٨٤٠٠"])
def test_the_timestamp_is_a_whole_number(stamp: str) -> None:
    with pytest.raises(BadSignatureError):
        check(changed(timestamp=stamp))


@pytest.mark.parametrize("part", [{"id": "msg_2"}, {"timestamp": str(int(NOON.timestamp()) + 1)}])
def test_id_and_time_are_signed(part: dict[str, str]) -> None:
    with pytest.raises(BadSignatureError, match="match"):
        check(changed(**part))


PAIR = Ed25519PrivateKey.generate()
PUBLIC = "whpk_" + base64.b64encode(PAIR.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def asymmetric(content: bytes) -> str:
    return "v1a," + base64.b64encode(PAIR.sign(content)).decode()


def test_a_key_pair() -> None:
    stamp = str(int(NOON.timestamp()))
    signature = asymmetric(f"msg_1.{stamp}.".encode() + BODY)
    check(changed(signature=signature), PUBLIC)
    check(changed(signature=f"v1,AAAA {signature}"), f"{SECRET} {PUBLIC}")
    for wrong in (signature.replace("v1a", "v1"), signature[:-4], asymmetric(BODY), "v1a,"):
        with pytest.raises(BadSignatureError):
            check(changed(signature=wrong), PUBLIC)


def test_a_public_key_never_verifies_what_is_signed_with_a_secret() -> None:
    """Everybody knows it, so everybody could sign with it."""
    forged = Webhook(PUBLIC.removeprefix("whpk_")).sign("msg_1", NOON, BODY.decode())
    with pytest.raises(BadSignatureError):
        check(changed(signature=forged), PUBLIC)


def test_the_simulators_webhooks_are_accepted_by_the_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = svix.new_secret()
    for family, library in (("webhook", Webhook), ("svix", SvixWebhook)):
        monkeypatch.setattr(f"{library.__module__}.datetime", _At)
        headers = svix.headers(secret, "msg_1", NOON, BODY, family)
        library(secret).verify(BODY.decode(), headers)
        check(request(BODY, headers), secret)


class _At(type(NOON)):  # type: ignore[misc]
    @classmethod
    def now(cls, tz: object = None) -> object:
        return NOON.astimezone(tz)  # type: ignore[arg-type]
