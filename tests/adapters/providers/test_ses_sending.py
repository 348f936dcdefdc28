"""What SES is asked, how that is signed, and what its answers mean."""

import base64
import email
import email.policy
from datetime import UTC, datetime

import httpx
import msgspec
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from adapters.providers.port import Connection, Lookup, Outgoing, RawAnswer, Refused, Taken, TryLater
from adapters.providers.ses import Ses, sigv4
from adapters.providers.ses.sending import message, outcome
from domain.status import Status
from domain.values import HandedMessage
from tests.adapters.providers.kit import ATTEMPT, NOON, connection
from tests.adapters.providers.kit_ses import MESSAGE
from tests.adapters.providers.scripted import Scripted, http
from tests.adapters.providers.test_sendgrid_sending import OUTGOING

SES = Ses(lambda: NOON)
ADDRESSES = {1: "ap@payer.example", 2: "boss@payer.example", 3: "archive@seller.example"}


def account(url: str = "", **settings: str) -> Connection:
    given = {"access_key_id": "AKIAEXAMPLE", "region": "eu-central-1", "from_email": "bills@seller.example"}
    given |= {"from_name": "Seller", "configuration_set": "bills"} | ({"api_url": url} if url else {}) | settings
    return connection("ses", {"secret_access_key": "s3cr3t/+"}, **given)


def test_the_request(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, {"MessageId": MESSAGE}))
    assert SES.send(OUTGOING, account(api.url), client) == Taken([HandedMessage(MESSAGE)])
    (asked,) = api.received
    assert (asked.method, asked.target) == ("POST", "/v2/email/outbound-emails")
    proof = asked.headers["authorization"]
    assert proof.startswith("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260115/eu-central-1/ses/aws4_request, ")
    told = asked.json
    assert told["FromEmailAddress"] == "bills@seller.example"
    assert told["Destination"] == {
        "ToAddresses": ["ap@payer.example"],
        "CcAddresses": ["boss@payer.example"],
        "BccAddresses": ["archive@seller.example"],
    }
    assert (told["ConfigurationSetName"], told["EmailTags"]) == ("bills", [{"Name": "attempt_id", "Value": ATTEMPT}])
    raw = base64.b64decode(told["Content"]["Raw"]["Data"])
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert (found["From"], found["To"]) == ("Seller <bills@seller.example>", "Ada Payer <ap@payer.example>")
    assert (found["Subject"], found["X-Sendtrail-Attempt"]) == (OUTGOING.subject, ATTEMPT)
    assert b"archive@" not in raw
    plain = found.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().split() == OUTGOING.text.split()
    (file,) = found.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("Rechnung 7.pdf", b"%PDF-1.7\x00\xff")


def test_opens_need_html_and_are_asked_for_only_where_the_connection_says() -> None:
    tracked = msgspec.structs.replace(account(), open_tracking=True)
    for at, rich in ((account(), False), (tracked, True)):
        raw = base64.b64decode(message(OUTGOING, at, ADDRESSES)["Content"]["Raw"]["Data"])
        assert (b"text/html" in raw) is rich


def test_nobody_adds_headers_through_a_name() -> None:
    people = [msgspec.structs.replace(OUTGOING.recipients[0], name="A\r\nBcc: evil@x.example")]
    body = message(msgspec.structs.replace(OUTGOING, recipients=people), account(), ADDRESSES)
    found = email.message_from_bytes(base64.b64decode(body["Content"]["Raw"]["Data"]), policy=email.policy.default)
    assert found["Bcc"] is None


@pytest.mark.parametrize("address", ["no address", "jörg@payer.example"])
def test_an_address_that_ses_cannot_take(address: str, client: httpx.Client) -> None:
    people = [msgspec.structs.replace(OUTGOING.recipients[0], address=address)]
    answer = SES.send(msgspec.structs.replace(OUTGOING, recipients=people), account("http://127.0.0.1:1"), client)
    assert isinstance(answer, Refused)
    assert answer.reason == "invalid_recipient"


def test_a_domain_outside_ascii_is_written_in_its_ascii_form(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, {"MessageId": MESSAGE}))
    people = [msgspec.structs.replace(OUTGOING.recipients[0], address="ap@zähler.example")]
    assert isinstance(SES.send(msgspec.structs.replace(OUTGOING, recipients=people), account(api.url), client), Taken)
    assert api.received[0].json["Destination"] == {"ToAddresses": ["ap@xn--zhler-gra.example"]}


@pytest.mark.parametrize(
    ("status", "name", "reason", "shown"),
    [
        (400, "MessageRejected", "validation", Status.REJECTED),
        (400, "com.amazonaws#MessageRejected:http://internal/", "validation", Status.REJECTED),
        (400, "MailFromDomainNotVerifiedException", "misconfigured", Status.FAILED),
        (404, "NotFoundException", "misconfigured", Status.FAILED),
        (400, "SendingPausedException", "account", Status.REJECTED),
        (400, "LimitExceededException", "account", Status.REJECTED),
        (403, "SignatureDoesNotMatch", "authentication", Status.REJECTED),
        (403, "", "authentication", Status.REJECTED),
        (400, "NewException", "validation", Status.REJECTED),
    ],
)
def test_refusals(status: int, name: str, reason: str, shown: Status) -> None:
    for headers, body in (({"x-amzn-errortype": name}, {}), ({}, {"__type": name})):
        answer = outcome(RawAnswer(status, headers, msgspec.json.encode({"message": "why"} | body)))
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.status) == (reason, shown)
        assert answer.detail.endswith(": why")


def test_too_fast() -> None:
    for name, status in (("TooManyRequestsException", 429), ("ThrottlingException", 400)):
        answer = outcome(RawAnswer(status, {"x-amzn-errortype": name, "retry-after": "3"}, b"{}"))
        assert answer == TryLater("rate_limited", f"HTTP {status} {name}: {{}}", 3.0)


@pytest.mark.parametrize(
    ("method", "url", "headers", "body", "token"),
    [
        (
            "POST",
            "https://email.eu-central-1.amazonaws.com/v2/email/outbound-emails",
            {"Content-Type": "a/b"},
            b"{}",
            None,
        ),
        ("GET", "https://email.us-east-1.amazonaws.com/v2/email/insights/a%2Fb%20c", {}, b"", None),
        ("GET", "https://email.us-east-1.amazonaws.com/?b=2&a=1&a=%20x%2F&c", {}, b"", None),
        ("POST", "http://127.0.0.1:8025/v2/email/outbound-emails", {"X-A": " two   words "}, b"\xff", "token+/="),
    ],
)
def test_signed_as_amazons_own_library_signs(
    method: str, url: str, headers: dict[str, str], body: bytes, token: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: NOON.replace(tzinfo=None))
    asked = AWSRequest(method, url, headers, body)
    SigV4Auth(Credentials("AKIA", "s3cr3t", token), "ses", "eu-central-1").add_auth(asked)
    ours = sigv4.signed(
        method, url, headers, body, sigv4.Credentials("AKIA", "s3cr3t", token), ("eu-central-1", "ses"), NOON
    )
    assert ours["X-Amz-Date"] == asked.headers["X-Amz-Date"]
    assert ours["Authorization"] == asked.headers["Authorization"]


def test_the_day_is_that_of_utc() -> None:
    at = datetime(2026, 1, 16, 0, 30, tzinfo=UTC).astimezone()
    keys = sigv4.Credentials("AKIA", "s")
    assert (
        sigv4.signed("GET", "https://a.example/", {}, b"", keys, ("r", "ses"), at)["X-Amz-Date"] == "20260116T003000Z"
    )


INSIGHTS = {
    "MessageId": MESSAGE,
    "EmailTags": [{"Name": "attempt_id", "Value": ATTEMPT}],
    "Insights": [
        {
            "Destination": "ap@payer.example",
            "Events": [
                {"Timestamp": 1768478400.0, "Type": "SEND"},
                {"Timestamp": 1768478401.5, "Type": "DELIVERY_DELAY"},
                {
                    "Timestamp": 1768478402,
                    "Type": "BOUNCE",
                    "Details": {
                        "Bounce": {
                            "BounceType": "PERMANENT",
                            "BounceSubType": "OnAccountSuppressionList",
                            "DiagnosticCode": "smtp; 550 5.1.1 no",
                        }
                    },
                },
                {"Type": "NEW"},
                "?",
            ],
        },
        None,
    ],
}


def test_asking(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, INSIGHTS))
    found = SES.status(Lookup(ATTEMPT, MESSAGE), account(api.url), client)
    assert api.received[0].path == f"/v2/email/insights/{MESSAGE}/"
    assert [(r.status, r.reason) for r in found] == [
        (Status.SENT, "processing"),
        (Status.SENDING, "deferred"),
        (Status.FAILED, "suppressed"),
        (None, None),
    ]
    assert {(r.message_id, r.recipient, r.attempt_id) for r in found} == {(MESSAGE, "ap@payer.example", ATTEMPT)}
    assert found[0].occurred_at == NOON
    assert found[2].diagnostic_code == "5.1.1"
    assert SES.read_answer(RawAnswer(200, {}, msgspec.json.encode(INSIGHTS))) == found


def test_asking_in_vain(api: Scripted, client: httpx.Client) -> None:
    assert SES.status(Lookup(ATTEMPT, None, "ap@payer.example", NOON), account(api.url), client) == []
    api.answers(http(404, {"message": "no"}))
    assert SES.status(Lookup(ATTEMPT, MESSAGE), account(api.url), client) == []
    for wrong in (http(500), http(200, b"<html>"), http(200, {}), http(403)):
        api.answers(wrong)
        with pytest.raises(httpx.HTTPError):
            SES.status(Lookup(ATTEMPT, MESSAGE), account(api.url), client)


def test_an_outgoing_without_anybody() -> None:
    empty = Outgoing(attempt_id=ATTEMPT, number=1, recipients=[])
    assert message(empty, account(), {})["Destination"] == {}
