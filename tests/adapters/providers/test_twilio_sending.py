"""What Twilio is asked to send, and what its answers mean."""

import base64

import httpx
import msgspec
import pytest

from adapters.providers.port import Connection, Outgoing, OutgoingRecipient, RawAnswer, Refused, Taken, TryLater
from adapters.providers.registry import provider
from adapters.providers.twilio.sending import outcome
from adapters.providers.twilio.signature import RETRIES
from domain.status import Status
from domain.values import HandedMessage
from tests.adapters.providers.kit import ATTEMPT, connection, request, twilio_form, twilio_sign
from tests.adapters.providers.scripted import Scripted, http

SID = "SM5b0d7f3a9c1e4d2f8a6b7c8d9e0f1a2b"
OUTGOING = Outgoing(
    attempt_id=ATTEMPT,
    number=1,
    recipients=[OutgoingRecipient(3, "+32470123456", "Ada")],
    subject="Invoice 7",
    text="Facture n° 7: https://pay.example/7 😀",
    callback_url="https://in.example/v1/webhooks/55f0",
)


def account(url: str = "https://api.twilio.com", **settings: str) -> Connection:
    given = {"api_url": url, "account_sid": "AC1", "from_number": "+32460000001"} | settings
    return connection("twilio", {"auth_token": "token", "api_key_secret": "key-secret"}, **given)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_the_request(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(201, {"sid": SID, "status": "queued", "error_code": None}))
    assert provider("twilio").send(OUTGOING, account(api.url), client) == Taken([HandedMessage(SID, 3)])
    (asked,) = api.received
    assert (asked.method, asked.target) == ("POST", "/2010-04-01/Accounts/AC1/Messages.json")
    assert asked.headers["authorization"] == basic("AC1", "token")
    assert asked.form == {
        "To": "+32470123456",
        "From": "+32460000001",
        "Body": "Facture n° 7: https://pay.example/7 😀",
        "StatusCallback": f"https://in.example/v1/webhooks/55f0?attempt_id={ATTEMPT}{RETRIES}",
    }


def test_with_a_messaging_service_an_api_key_and_a_limit(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(201, {"sid": SID, "status": "accepted"}))
    settings = {"messaging_service_sid": "MG1", "api_key_sid": "SK1", "validity_seconds": "3600"}
    bare = msgspec.structs.replace(OUTGOING, callback_url=None, text="")
    provider("twilio").send(bare, account(api.url, **settings), client)
    (asked,) = api.received
    assert asked.headers["authorization"] == basic("SK1", "key-secret")
    assert asked.form == {
        "To": "+32470123456", "Body": "Invoice 7", "MessagingServiceSid": "MG1", "ValidityPeriod": "3600",
    }  # fmt: skip


def test_the_callback_that_it_asks_for_finds_the_attempt(api: Scripted, client: httpx.Client) -> None:
    """Whether or not the wish for retries in the URL is signed: it is never in the request."""
    api.answers(http(201, {"sid": SID, "status": "queued"}))
    provider("twilio").send(
        msgspec.structs.replace(OUTGOING, callback_url="https://in.example/w?a=b"), account(api.url), client
    )
    whole = api.received[0].form["StatusCallback"]
    seen = whole.partition("#")[0]
    for signed in (whole, seen):
        called = request(twilio_form(), twilio_sign(twilio_form(), signed, "token"), seen)
        provider("twilio").verify(called, account())
        (told,) = provider("twilio").reports(called)
        assert told.attempt_id == ATTEMPT


def test_nobody_to_send_to(api: Scripted, client: httpx.Client) -> None:
    answer = provider("twilio").send(msgspec.structs.replace(OUTGOING, recipients=[]), account(api.url), client)
    assert isinstance(answer, Refused)
    assert answer.reason == "missing_contact"


@pytest.mark.parametrize(
    ("status", "code", "reason", "shown"),
    [
        (400, 21211, "invalid_recipient", Status.REJECTED),
        (400, 21614, "invalid_recipient", Status.REJECTED),
        (400, 21610, "opted_out", Status.FAILED),
        (403, 21408, "account", Status.REJECTED),
        (400, 21606, "misconfigured", Status.FAILED),
        (400, 21612, "unreachable", Status.REJECTED),
        (400, 21617, "too_large", Status.REJECTED),
        (401, 20003, "authentication", Status.REJECTED),
        (404, 20404, "misconfigured", Status.FAILED),
        (400, 99999, "validation", Status.REJECTED),
    ],
)
def test_refusals(status: int, code: int, reason: str, shown: Status) -> None:
    error = {"code": code, "message": "Because.", "more_info": "https://x", "status": status}
    assert outcome(RawAnswer(status, {}, msgspec.json.encode(error))) == Refused(
        reason, f"HTTP {status}, error {code}: Because.", shown
    )


@pytest.mark.parametrize(("status", "code"), [(429, 20429), (400, 21611), (429, None)])
def test_a_full_queue_is_tried_later(status: int, code: int | None) -> None:
    answer = outcome(
        RawAnswer(status, {"retry-after": "3"}, msgspec.json.encode({"code": code, "message": "Slow down"}))
    )
    assert isinstance(answer, TryLater)
    assert (answer.reason, answer.after) == ("rate_limited", 3.0)


def test_a_code_in_a_server_error_proves_nothing() -> None:
    answer = outcome(RawAnswer(500, {}, b'{"code": 21211, "message": "x", "status": 500}'))
    assert not isinstance(answer, Refused | TryLater | Taken)


def test_an_answer_as_reports() -> None:
    twilio = provider("twilio")
    resource = {"sid": SID, "status": "queued", "to": "+32470123456", "error_code": None, "date_updated": None}
    (taken,) = twilio.read_answer(RawAnswer(201, {}, msgspec.json.encode(resource)))
    assert (taken.status, taken.reason, taken.message_id, taken.recipient) == (
        Status.SENT, "processing", SID, "+32470123456",
    )  # fmt: skip
    error = {"code": 21211, "message": "Invalid 'To'", "status": 400}
    (refused,) = twilio.read_answer(RawAnswer(202, {}, msgspec.json.encode(error)))
    assert (refused.status, refused.reason) == (Status.REJECTED, "invalid_recipient")
    (lost,) = twilio.read_answer(RawAnswer(502, {}, b"<html>"))
    assert lost.status is Status.UNKNOWN
