"""What of a webhook is kept: never the secret by which it was verified."""

from urllib.parse import quote
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.port import Connection, RawRequest
from api.http.entrance import Entrance
from domain.values import Channel
from tests.support.installation import START

PUBLIC = "https://mail.acme.example/sendtrail"
printable = st.characters(exclude_categories=("C", "Z"), include_characters=" ")


def test_a_shared_secret_is_not_kept_with_the_request() -> None:
    connection = Connection(uuid4(), uuid4(), "x", Channel.EMAIL, secrets={"token": "s3cret/+value", "pin": "42"})
    request = RawRequest(
        "https://x/v1/webhooks/1?token=s3cret/%2Bvalue&t=s3cret%2F%2Bvalue&n=42",
        {"authorization": "Basic abc", "cookie": "a=b", "x-token": "s3cret/+value", "x-kept": "42"},
        b"s3cret/+value", START,
    )  # fmt: skip
    kept = Entrance(connection, PUBLIC).without_secrets(request)
    assert kept.url == "https://x/v1/webhooks/1?token=[secret]&t=[secret]&n=42"
    assert kept.headers == {"x-token": "[secret]", "x-kept": "42"}
    assert kept.body == request.body


@given(st.text(printable, min_size=8, max_size=30), st.sampled_from(["/", ""]), st.booleans())
def test_a_shared_secret_is_kept_in_no_spelling(secret: str, safe: str, in_a_header: bool) -> None:
    connection = Connection(uuid4(), uuid4(), "x", Channel.EMAIL, secrets={"other": "0" * 8, "token": secret})
    told = f"before{quote(secret, safe=safe)}after"
    url, headers = ("https://x", {"x-token": told}) if in_a_header else (f"https://x/?{told}", {"x": "y"})
    kept = Entrance(connection, PUBLIC).without_secrets(RawRequest(url, headers, b"", START))
    assert secret not in (text := f"{kept.url} {kept.headers}")
    assert "before[secret]after" in text
