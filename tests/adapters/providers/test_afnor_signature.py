"""Afnor-Signature, in the form that platforms use and in the one that the standard's text describes."""

import base64
import json
import logging

import msgspec
import pytest

from adapters.providers.port import BadSignatureError, Connection, MisconfiguredError, RawRequest
from adapters.providers.registry import provider
from tests.adapters.providers.kit import NOON, NOON_UNIX, URL, connection
from tests.adapters.providers.kit_france import KEY, flow, signature, signed

AFNOR = provider("afnor")
BODY = json.dumps(flow()).encode()


def at(key: str = KEY, **settings: str) -> Connection:
    return connection("afnor", {"signing_key": key}, **settings)


def callback(timestamp: int = NOON_UNIX, body: bytes = BODY, **how: str) -> RawRequest:
    return RawRequest(URL, signed(body, timestamp, **how), body, NOON)


@pytest.mark.parametrize(
    ("setting", "form"),
    [
        ("direct", "direct"),
        ("fingerprint", "fingerprint"),
        ("fingerprint", "hexadecimal"),
        ("either", "direct"),
        ("either", "fingerprint"),
        (" Either ", "hexadecimal"),
    ],
)
def test_the_form_is_a_setting_and_is_logged(setting: str, form: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "adapters.providers.afnor.signature"):
        AFNOR.verify(callback(form=form), at(signature_form=setting))
    assert f"in the {'direct' if form == 'direct' else 'fingerprint'} form" in caplog.text
    assert KEY not in caplog.text


def test_direct_is_what_counts_unless_told_otherwise() -> None:
    AFNOR.verify(callback(), at())
    with pytest.raises(BadSignatureError, match="signature_form"):
        AFNOR.verify(callback(form="fingerprint"), at())
    with pytest.raises(BadSignatureError, match="signature_form"):
        AFNOR.verify(callback(), at(signature_form="fingerprint"))


@pytest.mark.parametrize("form", ["direct", "fingerprint", "hexadecimal"])
def test_another_key_is_another_sender(form: str) -> None:
    other = base64.b64encode(b"another key of some length").decode()
    with pytest.raises(BadSignatureError):
        AFNOR.verify(callback(form=form, key=other), at(signature_form="either"))


def test_the_time_is_signed_too() -> None:
    good = callback()
    moved = good.headers | {"afnor-signature-timestamp": str(NOON_UNIX + 1)}
    with pytest.raises(BadSignatureError):
        AFNOR.verify(msgspec.structs.replace(good, headers=moved), at())


@pytest.mark.parametrize(("late", "good"), [(0, True), (299, True), (-299, True), (301, False), (-301, False)])
def test_how_old_a_callback_may_be(late: int, good: bool) -> None:
    if good:
        AFNOR.verify(callback(NOON_UNIX - late), at())
    else:
        with pytest.raises(BadSignatureError, match="too old"):
            AFNOR.verify(callback(NOON_UNIX - late), at())


def test_the_tolerance_is_a_setting() -> None:
    AFNOR.verify(callback(NOON_UNIX - 3000), at(tolerance_seconds="3600"))
    AFNOR.verify(callback(1), at(tolerance_seconds="0"))
    with pytest.raises(BadSignatureError):
        AFNOR.verify(callback(NOON_UNIX - 11), at(tolerance_seconds="10"))


@pytest.mark.parametrize(
    "timestamp", ["", "soon", "1e9", "-5", "1768478400.5", " 1768478400", "１７６８４７８４００", "9" * 13]
)
def test_a_time_that_is_no_number_of_seconds(timestamp: str) -> None:
    headers = {"afnor-signature": signature(BODY, timestamp), "afnor-signature-timestamp": timestamp}
    with pytest.raises(BadSignatureError):
        AFNOR.verify(RawRequest(URL, headers, BODY, NOON), at(tolerance_seconds="0"))


@pytest.mark.parametrize("key", ["", "  ", "not base64!", "AAAA=", "é"])
def test_a_key_that_is_none(key: str) -> None:
    with pytest.raises(MisconfiguredError, match="signing_key"):
        AFNOR.verify(callback(), at(key))


def test_settings_that_make_no_sense() -> None:
    for settings in ({"signature_form": "both"}, {"tolerance_seconds": "a while"}):
        with pytest.raises(MisconfiguredError):
            AFNOR.verify(callback(), at(**settings))


def test_one_header_is_not_enough() -> None:
    for name in ("afnor-signature", "afnor-signature-timestamp"):
        headers = {n: v for n, v in callback().headers.items() if n != name}
        with pytest.raises(BadSignatureError) as refused:
            AFNOR.verify(RawRequest(URL, headers, BODY, NOON), at())
        assert refused.value.missing
