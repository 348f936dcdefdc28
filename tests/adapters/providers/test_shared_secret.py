"""Webhooks that nobody signs: only who knows the password may call."""

import base64

import pytest

from adapters.providers import shared_secret
from adapters.providers.port import BadSignatureError, MisconfiguredError
from tests.adapters.providers.kit import connection, request

URL = "https://in.sendtrail.example/v1/webhooks/1"


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def verify(headers: dict[str, str], url: str = URL, password: str = "pä:ss", **settings: str) -> None:
    secrets = {"webhook_password": password}
    shared_secret.verify(request(b"", headers, url), connection("postmark", secrets, **settings))


def test_the_ways_to_tell_it() -> None:
    verify(basic("sendtrail", "pä:ss"))
    verify(basic("bob", "pä:ss"), webhook_username="bob")
    verify({"authorization": "bearer  pä:ss"})
    verify({"x-webhook-secret": "pä:ss"})
    verify({}, URL + "?a=b&secret=p%C3%A4%3Ass")
    verify({"x-webhook-secret": "wrong"} | basic("sendtrail", "pä:ss"))


@pytest.mark.parametrize(
    "headers",
    [
        basic("sendtrail", "other"),
        basic("bob", "pä:ss"),
        basic("", "pä:ss"),
        basic("sendtrail:pä", "ss"[:0]),
        {"authorization": "Bearer sendtrail:pä:ss"},
        {"x-webhook-secret": "pä:ss "},
    ],
)
def test_a_wrong_one(headers: dict[str, str]) -> None:
    with pytest.raises(BadSignatureError) as refused:
        verify(headers)
    assert not refused.value.missing


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": ""}, {"authorization": "Basic ?"}, {"authorization": "Digest x"}]
)
def test_none(headers: dict[str, str]) -> None:
    with pytest.raises(BadSignatureError) as refused:
        verify(headers, "https://[")
    assert refused.value.missing


@pytest.mark.parametrize("password", ["", " "])
def test_a_connection_without_password_is_not_open(password: str) -> None:
    with pytest.raises(MisconfiguredError):
        verify(basic("sendtrail", password), password=password)
