"""Our verification and SendGrid's own SDK judge alike."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from sendgrid.helpers.eventwebhook import EventWebhook

from adapters.providers.port import BadSignatureError, Connection, MisconfiguredError, RawRequest
from adapters.providers.sendgrid.signature import SIGNATURE, TIMESTAMP, verify
from tests.adapters.providers.kit import KEYS, NOON, SENDGRID, connection, public_key, request, sendgrid_sign

SDK = EventWebhook(public_key())
STRANGER = ec.generate_private_key(ec.SECP256R1())


def accepts(asked: RawRequest, connection: Connection) -> bool:
    try:
        verify(asked, connection)
    except BadSignatureError:
        return False
    return True


@given(
    body=st.text(st.characters(exclude_categories=["Cs"])),
    timestamp=st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"])),
    signer=st.sampled_from([KEYS, STRANGER]),
    change=st.sampled_from(["", "x"]),
)
def test_the_sdk_agrees(body: str, timestamp: str, signer: ec.EllipticCurvePrivateKey, change: str) -> None:
    signed = sendgrid_sign(body.encode(), "", signer)
    headers = signed if change else signed | {TIMESTAMP: timestamp or signed[TIMESTAMP]}
    theirs = SDK.verify_signature(body + change, headers[SIGNATURE], headers[TIMESTAMP])
    assert accepts(request((body + change).encode(), headers), SENDGRID.connection()) == theirs
    assert theirs == (signer is KEYS and not change and headers == signed)


def test_a_body_that_is_no_text_is_signed_by_its_bytes() -> None:
    body = b"\xff\xfe\x00[]\r\n"
    assert accepts(request(body, sendgrid_sign(body, "")), SENDGRID.connection())


def test_the_timestamp_is_signed_as_it_is_written() -> None:
    """It is opaque: nothing says that a retry is signed anew, so an old one is no reason to refuse."""
    good = SENDGRID.signed(b"[]")
    for other in ("0" + good.headers[TIMESTAMP], good.headers[TIMESTAMP] + " ", "0", ""):
        assert not accepts(request(b"[]", good.headers | {TIMESTAMP: other}), SENDGRID.connection())
    without = {name: value for name, value in good.headers.items() if name != TIMESTAMP}
    assert not accepts(request(b"[]", without), SENDGRID.connection())


def test_the_key_may_be_a_setting_and_may_be_pem() -> None:
    pem = KEYS.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    broken_in_lines = "\n".join([public_key()[:64], public_key()[64:], ""])
    for key in (pem, public_key(), broken_in_lines):
        assert accepts(SENDGRID.signed(b"[]"), SENDGRID.connection(key))
        assert accepts(SENDGRID.signed(b"[]"), connection("sendgrid", {}, public_key=key))


@pytest.mark.parametrize("key", ["", "AAAA", "not base64", public_key()[:-4], "-----BEGIN PUBLIC KEY-----\nAAAA\n"])
def test_a_key_that_is_none_is_a_matter_of_configuration(key: str) -> None:
    with pytest.raises(MisconfiguredError):
        verify(SENDGRID.signed(b"[]"), SENDGRID.connection(key))


def test_a_key_on_another_curve_is_a_matter_of_configuration() -> None:
    with pytest.raises(MisconfiguredError):
        verify(SENDGRID.signed(b"[]"), SENDGRID.connection(public_key(ec.generate_private_key(ec.SECP384R1()))))


def test_errors_name_the_connection_and_never_the_key() -> None:
    connection = SENDGRID.connection("my-secret-key")
    with pytest.raises(MisconfiguredError) as refused:
        verify(RawRequest("", {}, b"", NOON), connection)
    assert "my-secret-key" not in str(refused.value)
    assert str(connection.id) in str(refused.value)
