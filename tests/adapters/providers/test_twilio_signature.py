"""Our verification and Twilio's own SDK judge alike, and ours covers every body."""

import base64
import hashlib
import hmac
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from adapters.providers.port import BadSignatureError, RawRequest
from adapters.providers.twilio.signature import RETRIES, spellings, verify
from tests.adapters.providers.kit import TOKEN, TWILIO, connection, request

SDK = RequestValidator(TOKEN)
PATH = "/v1/webhooks/55f0?attempt_id=7d3a&b="
FORM = {"content-type": "application/x-www-form-urlencoded"}
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def sign(told: str, algorithm: str = "sha1") -> str:
    return base64.b64encode(hmac.new(TOKEN.encode(), told.encode(), algorithm).digest()).decode()


def accepts(asked: RawRequest, token: str = TOKEN) -> bool:
    try:
        verify(asked, TWILIO.connection(token))
    except BadSignatureError:
        return False
    return True


class Form(dict[str, list[str]]):
    """Repeated names, as the frameworks hand them to the SDK."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


@given(
    pairs=st.lists(st.tuples(st.sampled_from(["To", "From", "Body", "Bod", "B"]) | WORDS, WORDS), max_size=6),
    scheme=st.sampled_from(["http", "https"]),
    port=st.sampled_from(["", ":443", ":80", ":8443"]),
    signed_port=st.sampled_from(["", ":443", ":80", ":8443"]),
    tamper=st.sampled_from(["", "x"]),
)
def test_the_sdk_agrees(pairs: list[tuple[str, str]], scheme: str, port: str, signed_port: str, tamper: str) -> None:
    form = Form()
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    signature = SDK.compute_signature(f"{scheme}://in.example{signed_port}{PATH}", form)
    url = f"{scheme}://in.example{port}{PATH}{tamper}"
    theirs = SDK.validate(url, form, signature)
    asked = request(urlencode(pairs).encode(), FORM | {"x-twilio-signature": signature}, url)
    assert accepts(asked) == theirs
    assert theirs == (
        not tamper
        and (
            signed_port in ("", port, ":443" if scheme == "https" else ":80")
            and (port in ("", signed_port) or not signed_port)
        )
    )


@given(body=st.text(st.characters(exclude_categories=["Cs"])), tamper=st.sampled_from(["", "x"]))
def test_the_sdk_agrees_on_bodies_that_are_no_forms(body: str, tamper: str) -> None:
    url = f"https://in.example/w?bodySHA256={hashlib.sha256(body.encode()).hexdigest()}&a=b"
    signature = SDK.compute_signature(url, {})
    headers = {"content-type": "application/json", "x-twilio-signature": signature}
    theirs = SDK.validate(url, body + tamper, signature)
    assert accepts(request((body + tamper).encode(), headers, url)) == theirs == (not tamper)


@given(name=WORDS, value=WORDS, token=WORDS.filter(bool))
def test_another_token_is_refused(name: str, value: str, token: str) -> None:
    url, body = "https://in.example/w", urlencode({name: value}).encode()
    signature = RequestValidator(token).compute_signature(url, {name: value})
    assert accepts(request(body, FORM | {"x-twilio-signature": signature}, url)) == (token == TOKEN)


@pytest.mark.parametrize(
    ("given_url", "seen"),
    [
        ("https://user:pass@in.example/w?a=1", "https://user:pass@in.example:443/w?a=1"),
        ("https://user:pass@in.example/w", "https://user:pass@in.example:8443/w"),
        ("http://in.example/w", "http://in.example:80/w"),
        ("http://In.Example/w", "HTTP://In.Example/w"),
        ("http://u:p@In.Example:80/w", "HTTP://u:p@In.Example/w"),
        ("https://[2001:db8::1]/w", "https://[2001:db8::1]:443/w"),
        ("https://in.example:443//w?a=1&a=2", "https://in.example//w?a=1&a=2"),
        ("https://in.example/w?a=%27x'+y", "https://in.example/w?a=%27x'+y"),
        ("https://in.example", "https://in.example:443"),
        (f"https://in.example/w?a=1{RETRIES}", "https://in.example/w?a=1"),
    ],
)
def test_one_url_has_several_spellings(given_url: str, seen: str) -> None:
    asked = request(b"A=b", FORM | {"x-twilio-signature": sign(given_url + "Ab")}, seen)
    assert accepts(asked)


@pytest.mark.parametrize(
    "seen", ["https://in.example/w/", "https://in.example/W", "http://in.example/w", "https://in.example/w?"]
)
def test_another_url_is_another(seen: str) -> None:
    assert not accepts(request(b"A=b", FORM | {"x-twilio-signature": sign("https://in.example/wAb")}, seen))


def test_names_are_sorted_by_bytes_and_repeated_values_are_unique_and_sorted() -> None:
    told = "https://in.example/w" + "AZ" + "Aa" + "Reasonx" + "ReasonEndedy" + "b"
    body = b"b=&Reason=x&A=a&A=Z&ReasonEnded=y&A=a"
    assert accepts(request(body, FORM | {"x-twilio-signature": sign(told)}, "https://in.example/w"))


def test_bytes_that_are_no_utf8_are_signed_as_they_came() -> None:
    body, told = b"A=%FF%FE&B=\xff", b"https://in.example/wA\xff\xfeB\xff"
    signature = base64.b64encode(hmac.new(TOKEN.encode(), told, "sha1").digest()).decode()
    assert accepts(request(body, FORM | {"x-twilio-signature": signature}, "https://in.example/w"))


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
def test_a_body_that_no_signature_covers_is_refused(kind: str) -> None:
    """The SDK leaves this to its caller; a captured signature of the bare URL must not vouch for any body."""
    url = "https://in.example/w"
    headers = {"content-type": kind, "x-twilio-signature": sign(url)}
    assert accepts(request(b"", headers, url))
    assert not accepts(request(b"MessageStatus=delivered", headers, url))


def test_a_wrong_hash_in_the_url_is_refused_although_the_url_is_signed() -> None:
    for wrong in (hashlib.sha256(b"other").hexdigest(), hashlib.sha256(b"{}").hexdigest()[:-1], "", "x"):
        url = f"https://in.example/w?bodySHA256={wrong}"
        headers = {"content-type": "application/json", "x-twilio-signature": sign(url)}
        assert not accepts(request(b"{}", headers, url))


def test_an_account_that_signs_with_a_shared_key() -> None:
    settings = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    headers = FORM | {"x-twilio-webhooks-signature-settings": settings}
    url = "https://in.example/w"
    good = request(b"A=b", headers | {"x-twilio-signature": sign(f"{url}Ab", "sha256")}, url)
    verify(good, TWILIO.connection())
    verify(good, connection("twilio", {"auth_token": "another", "webhook_shared_key": TOKEN}))
    assert not accepts(request(b"A=b", headers | {"x-twilio-signature": sign(f"{url}Ab")}, url))
    for unknown in ("algorithm=MD5", "algorithm=NONE"):
        strange = good.headers | {"x-twilio-webhooks-signature-settings": unknown}
        assert not accepts(request(b"A=b", strange, url))


def test_a_url_that_is_none_has_one_spelling() -> None:
    assert spellings("not a url") == ["not a url"]
