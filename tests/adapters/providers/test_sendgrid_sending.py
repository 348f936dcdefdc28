"""What SendGrid is asked, and what its answers mean."""

import base64

import httpx
import msgspec

from adapters.providers.port import Attachment, Connection, Outgoing, OutgoingRecipient, RawAnswer, Refused, Taken
from adapters.providers.registry import provider
from adapters.providers.sendgrid.sending import message, outcome
from domain.status import Status
from domain.values import HandedMessage, Role
from tests.adapters.providers.kit import ATTEMPT, connection
from tests.adapters.providers.scripted import Scripted, http

OUTGOING = Outgoing(
    attempt_id=ATTEMPT,
    number=1,
    recipients=[
        OutgoingRecipient(1, "ap@payer.example", "Ada Payer"),
        OutgoingRecipient(2, "boss@payer.example", None, Role.CC),
        OutgoingRecipient(3, "archive@seller.example", None, Role.BCC),
    ],
    subject="Invoice 7 – März",
    text="Dear Ada,\nplease find <it> attached.",
    attachments=[Attachment("Rechnung 7.pdf", "application/pdf", b"%PDF-1.7\x00\xff")],
)


def account(url: str = "https://api.sendgrid.com") -> Connection:
    return connection(
        "sendgrid", {"api_key": "SG.key"}, api_url=url, from_email="bills@seller.example", from_name="Seller"
    )


def test_the_request(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(202, headers={"X-Message-Id": "tq8vGdWnQmy1"}))
    assert provider("sendgrid").send(OUTGOING, account(api.url + "/"), client) == Taken([HandedMessage("tq8vGdWnQmy1")])
    (asked,) = api.received
    assert (asked.method, asked.target) == ("POST", "/v3/mail/send")
    assert asked.headers["authorization"] == "Bearer SG.key"
    assert asked.headers["content-type"] == "application/json"
    assert asked.json == {
        "personalizations": [
            {
                "to": [{"email": "ap@payer.example", "name": "Ada Payer"}],
                "cc": [{"email": "boss@payer.example"}],
                "bcc": [{"email": "archive@seller.example"}],
                "custom_args": {"attempt_id": ATTEMPT},
            }
        ],
        "from": {"email": "bills@seller.example", "name": "Seller"},
        "subject": "Invoice 7 – März",
        "content": [{"type": "text/plain", "value": "Dear Ada,\nplease find <it> attached."}],
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
        },
        "attachments": [
            {
                "content": base64.b64encode(b"%PDF-1.7\x00\xff").decode(),
                "type": "application/pdf",
                "filename": "Rechnung 7.pdf",
                "disposition": "attachment",
            }
        ],
    }


def test_opens_are_tracked_only_where_the_connection_says() -> None:
    body = message(OUTGOING, msgspec.structs.replace(account(), open_tracking=True))
    assert body["tracking_settings"]["open_tracking"] == {"enable": True}
    assert [c["type"] for c in body["content"]] == ["text/plain", "text/html"]
    assert "&lt;it&gt;" in body["content"][1]["value"]


def test_an_address_is_named_once_where_it_counts_most() -> None:
    """SendGrid refuses the whole message otherwise."""
    people = [
        OutgoingRecipient(1, "Ap@payer.example", None, Role.CC),
        OutgoingRecipient(2, "ap@payer.example"),
        OutgoingRecipient(3, "ap@PAYER.example", None, Role.BCC),
    ]
    (one,) = message(msgspec.structs.replace(OUTGOING, recipients=people), account())["personalizations"]
    assert one == {"to": [{"email": "ap@payer.example"}], "custom_args": {"attempt_id": ATTEMPT}}


def test_a_message_without_text_says_its_subject() -> None:
    body = message(msgspec.structs.replace(OUTGOING, text="", attachments=[]), account())
    assert body["content"] == [{"type": "text/plain", "value": OUTGOING.subject}]
    assert "attachments" not in body


def test_errors_are_listed_whole() -> None:
    errors = [
        {"message": "Does not contain a valid address.", "field": "personalizations.0.to", "help": None},
        {"message": "B"},
    ]
    answer = outcome(RawAnswer(400, {}, msgspec.json.encode({"errors": errors})))
    assert answer == Refused(
        "validation", "HTTP 400: Does not contain a valid address. (personalizations.0.to)\nB", Status.REJECTED
    )


def test_errors_in_any_shape_are_told_somehow() -> None:
    for body in (b"<html>", b'{"errors": "x"}', b'{"errors": [7, null]}', b"[1]", b"\xff", b""):
        answer = outcome(RawAnswer(400, {}, body))
        assert isinstance(answer, Refused)
        assert answer.detail.startswith("HTTP 400")


def test_sandbox_mode_sends_nothing() -> None:
    answer = outcome(RawAnswer(200, {}, b""))
    assert isinstance(answer, Refused)
    assert (answer.reason, answer.status) == ("misconfigured", Status.FAILED)


def test_an_answer_as_reports() -> None:
    """What `sendtrail webhook explain` says of a send's answer."""
    sendgrid = provider("sendgrid")
    (taken,) = sendgrid.read_answer(RawAnswer(202, {"x-message-id": "tq8"}, b""))
    assert (taken.status, taken.reason, taken.message_id) == (Status.SENT, "processing", "tq8")
    (refused,) = sendgrid.read_answer(RawAnswer(401, {}, b'{"errors":[{"message":"no"}]}'))
    assert (refused.status, refused.reason, refused.diagnostic) == (Status.REJECTED, "authentication", "HTTP 401: no")
    (later,) = sendgrid.read_answer(RawAnswer(429, {}, b""))
    assert (later.status, later.reason) == (Status.QUEUED, "rate_limited")
    (unknown,) = sendgrid.read_answer(RawAnswer(503, {}, b"<html>"))
    assert unknown.status is Status.UNKNOWN
