"""Sending, where it goes wrong: what proves that nothing was taken, and what nobody can know."""

from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest

from adapters.providers.port import (
    Answer,
    Connection,
    Outgoing,
    OutgoingRecipient,
    Refused,
    Taken,
    TryLater,
    Unknown,
)
from adapters.providers.registry import provider
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, connection
from tests.adapters.providers.scripted import CUT, CUT_IN_ANSWER, HANG, Scripted, http, nobody


@dataclass(frozen=True)
class Sender:
    name: str
    address: str
    taken: bytes
    connection: Connection
    lost: type = Unknown
    """What a lost answer means: under an idempotency key it can be tried again."""

    def send(self, url: str, client: httpx.Client, **changes: Any) -> Answer:
        settings = self.connection.settings | {"api_url": url}
        at = msgspec.structs.replace(self.connection, settings=settings, **changes)
        outgoing = Outgoing(attempt_id=ATTEMPT, number=1, recipients=[OutgoingRecipient(1, self.address)], text="Hello")
        return provider(self.name).send(outgoing, at, client)


SENDGRID = Sender(
    "sendgrid",
    "ap@payer.example",
    http(202, headers={"X-Message-Id": "tq8vGdWnQmy1"}),
    connection("sendgrid", {"api_key": "SG.key"}, from_email="bills@seller.example"),
)
TWILIO = Sender(
    "twilio",
    "+32470123456",
    http(201, {"sid": "SM1", "status": "queued"}),
    connection("twilio", {"auth_token": "token"}, account_sid="AC1", from_number="+32460000001"),
)
SES = Sender(
    "ses",
    "ap@payer.example",
    http(200, {"MessageId": "0107019b-000000"}),
    connection(
        "ses",
        {"secret_access_key": "key"},
        access_key_id="AKIA1",
        region="eu-central-1",
        from_email="bills@seller.example",
    ),
)
POSTMARK = Sender(
    "postmark",
    "ap@payer.example",
    http(200, {"MessageID": "b7bc2f4a", "ErrorCode": 0}),
    connection("postmark", {"server_token": "key"}, from_email="bills@seller.example"),
)
MAILGUN = Sender(
    "mailgun",
    "ap@payer.example",
    http(200, {"id": "<1@mg.seller.example>"}),
    connection("mailgun", {"api_key": "key"}, from_email="bills@seller.example", domain="mg.seller.example"),
)
RESEND = Sender(
    "resend",
    "ap@payer.example",
    http(200, {"id": "5f1c0f0e"}),
    connection("resend", {"api_key": "key"}, from_email="bills@seller.example"),
    TryLater,
)
EVERY = pytest.mark.parametrize("sender", [SENDGRID, TWILIO, SES, POSTMARK, MAILGUN, RESEND], ids=lambda s: s.name)


@EVERY
def test_taken(sender: Sender, api: Scripted, client: httpx.Client) -> None:
    api.answers(sender.taken)
    assert isinstance(sender.send(api.url, client), Taken)


@EVERY
def test_without_a_connection_nothing_was_taken(sender: Sender, client: httpx.Client) -> None:
    with nobody() as url:
        answer = sender.send(url, client)
    assert isinstance(answer, TryLater)
    assert (answer.reason, answer.after) == ("provider_outage", None)


@EVERY
@pytest.mark.parametrize(
    "wrong", [HANG, CUT, CUT_IN_ANSWER, b"not HTTP\r\n\r\n"], ids=["hang", "cut", "cut late", "junk"]
)
def test_once_the_request_was_sent_a_lost_answer_is_unknown(
    sender: Sender, wrong: object, api: Scripted, client: httpx.Client
) -> None:
    api.answers(wrong)
    assert isinstance(sender.send(api.url, client), sender.lost)
    assert len(api.received) == 1


@EVERY
@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_an_error_of_the_server_says_nothing_about_the_message(
    sender: Sender, status: int, api: Scripted, client: httpx.Client
) -> None:
    api.answers(http(status, b"<html>oops</html>"))
    assert isinstance(sender.send(api.url, client), sender.lost)


@EVERY
@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_an_answer_without_an_id_proves_nothing(
    sender: Sender, status: int, api: Scripted, client: httpx.Client
) -> None:
    api.answers(http(status))
    assert not isinstance(sender.send(api.url, client), Taken)


@EVERY
@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Thu, 15 Jan 2026 12:00:30 GMT", "Date": "Thu, 15 Jan 2026 12:00:00 GMT"}, 30.0),
        ({"Retry-After": "Thu, 15 Jan 2026 12:00:30 GMT"}, None),
        ({"Retry-After": "soon"}, None),
        ({"X-RateLimit-Reset": "1768478460", "Date": "Thu, 15 Jan 2026 12:00:00 GMT"}, 60.0),
        ({"X-RateLimit-Reset": "1768478400", "Date": "Thu, 15 Jan 2026 12:00:05 GMT"}, 0.0),
        ({"X-RateLimit-Reset": "1768478460"}, None),
        ({"X-RateLimit-Reset": "never", "Date": "Thu, 15 Jan 2026 12:00:00 GMT"}, None),
        ({"Retry-After": "99999999999999999999"}, 86400.0),
    ],
)
def test_too_many_requests_is_tried_later_when_the_provider_says(
    sender: Sender, headers: dict[str, str], after: float | None, api: Scripted, client: httpx.Client
) -> None:
    api.answers(http(429, {}, headers))
    answer = sender.send(api.url, client)
    assert isinstance(answer, TryLater)
    assert (answer.reason, answer.after) == ("rate_limited", after)


@EVERY
@pytest.mark.parametrize(
    ("status", "reason", "shown"),
    [
        (401, "authentication", Status.REJECTED),
        (403, "authentication", Status.REJECTED),
        (413, "too_large", Status.REJECTED),
        (400, "validation", Status.REJECTED),
        (422, "validation", Status.REJECTED),
        (404, "misconfigured", Status.FAILED),
        (301, "misconfigured", Status.FAILED),
    ],
)
def test_a_refusal_is_for_good(
    sender: Sender, status: int, reason: str, shown: Status, api: Scripted, client: httpx.Client
) -> None:
    api.answers(http(status, b"", {"Location": "/elsewhere"}))
    answer = sender.send(api.url, client)
    assert isinstance(answer, Refused)
    assert (answer.reason, answer.status) == (reason, shown)
    assert len(api.received) == 1


@EVERY
@pytest.mark.parametrize("url", ["ftp://in.example", "nonsense", "https://", "http://[", "http://in.example:port/"])
def test_an_address_that_is_none_is_our_own_doing(sender: Sender, url: str, client: httpx.Client) -> None:
    answer = sender.send(url, client)
    assert isinstance(answer, Refused | TryLater)
    assert answer.reason in ("misconfigured", "provider_outage")


@EVERY
@pytest.mark.parametrize("secret", ["", " ", "two\nlines", "ключ"])
def test_a_credential_that_cannot_travel_is_our_own_doing(
    sender: Sender, secret: str, api: Scripted, client: httpx.Client
) -> None:
    answer = sender.send(api.url, client, secrets=dict.fromkeys(sender.connection.secrets, secret))
    assert isinstance(answer, Refused)
    assert (answer.reason, answer.status, api.received) == ("misconfigured", Status.FAILED, [])
    assert not secret.strip() or secret not in answer.detail


@EVERY
def test_a_missing_setting_is_our_own_doing(sender: Sender, api: Scripted, client: httpx.Client) -> None:
    for name in sender.connection.settings:
        settings = {n: v for n, v in sender.connection.settings.items() if n != name} | {"api_url": api.url}
        bare = msgspec.structs.replace(sender.connection, settings=settings)
        outgoing = Outgoing(attempt_id=ATTEMPT, number=1, recipients=[OutgoingRecipient(1, sender.address)])
        answer = provider(sender.name).send(outgoing, bare, client)
        assert isinstance(answer, Refused)
        assert answer.reason == "misconfigured"
        assert name in answer.detail
