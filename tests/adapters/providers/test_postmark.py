"""Postmark: its records in our words, what it is asked, and what its answers mean."""

import base64
import json
from typing import Any

import httpx
import msgspec
import pytest

from adapters.providers.port import Connection, Lookup, ProviderReport, RawAnswer, Refused, Taken, TryLater, Unknown
from adapters.providers.postmark.sending import message, outcome
from adapters.providers.postmark.webhook import reports
from adapters.providers.registry import provider
from domain.status import Status
from domain.values import HandedMessage
from tests.adapters.providers.kit import ATTEMPT, NOON, connection
from tests.adapters.providers.kit_postmark import AT, MESSAGE, record
from tests.adapters.providers.scripted import Scripted, http
from tests.adapters.providers.test_sendgrid_sending import OUTGOING

POSTMARK = provider("postmark")


def told(word: str, **said: Any) -> ProviderReport:
    (found,) = reports(json.dumps(record(word, **said)).encode())
    return found


def account(url: str = "https://api.postmarkapp.com", **settings: str) -> Connection:
    given = {"api_url": url, "from_email": "bills@seller.example", "from_name": "Seller"} | settings
    return connection("postmark", {"server_token": "token"}, **given)


@pytest.mark.parametrize(
    ("kind", "code", "status", "reason"),
    [
        ("HardBounce", 1, Status.FAILED, "hard_bounce"),
        ("BadEmailAddress", 100000, Status.FAILED, "invalid_recipient"),
        ("SoftBounce", 4096, Status.FAILED, "soft_bounce"),
        ("Transient", 2, Status.FAILED, "soft_bounce"),
        ("DnsError", 256, Status.FAILED, "soft_bounce"),
        ("Blocked", 100006, Status.FAILED, "blocked"),
        ("SpamNotification", 512, Status.FAILED, "blocked"),
        ("VirusNotification", 8192, Status.FAILED, "content_rejected"),
        ("DMARCPolicy", 100009, Status.FAILED, "blocked"),
        ("ManuallyDeactivated", 100002, Status.FAILED, "suppressed"),
        ("Unconfirmed", 100003, Status.FAILED, "dropped"),
        ("SpamComplaint", 100001, Status.COMPLAINED, "complaint"),
        ("SMTPApiError", 100007, Status.FAILED, "provider_error"),
        ("TemplateRenderingFailed", 100010, Status.FAILED, "validation"),
        ("Unsubscribe", 16, None, "opted_out"),
        ("AutoResponder", 64, None, None),
        ("Subscribe", 32, None, None),
        ("AddressChange", 128, None, None),
        ("ChallengeVerification", 16384, None, None),
        ("OpenRelayTest", 8, None, None),
        ("InboundError", 100008, None, None),
        ("Unknown", 2048, None, None),
        ("Teleported", 7, None, None),
    ],
)
def test_bounces(kind: str, code: int, status: Status | None, reason: str | None) -> None:
    found = told("Bounce", Type=kind, TypeCode=code, ID=42)
    assert (found.status, found.reason, found.ignored) == (status, reason, status is None)
    assert (found.provider_event, found.event_id) == (f"Bounce {kind}", "Bounce:42")
    assert (found.recipient, found.occurred_at) == ("ap@payer.example", NOON)
    if reason and code != 100007:
        assert told("Bounce", TypeCode=code).reason == reason


def test_a_bounce_says_everything() -> None:
    found = told("Bounce", Type="HardBounce", Description="It bounced.", Details="smtp;550 5.1.1 no")
    assert (found.diagnostic, found.diagnostic_code) == ("It bounced.\nsmtp;550 5.1.1 no", "5.1.1")
    assert told("Bounce", Type="SoftBounce", Details="smtp;552 5.2.2 full").reason == "mailbox_full"


@pytest.mark.parametrize(
    ("word", "said", "status", "reason"),
    [
        ("Delivery", {}, Status.DELIVERED, None),
        ("SpamComplaint", {"Type": "SpamComplaint", "TypeCode": 512, "ID": 1}, Status.COMPLAINED, "complaint"),
        ("SMTPApiError", {}, Status.FAILED, "provider_error"),
        ("Open", {"FirstOpen": True}, Status.READ, None),
        ("Click", {"OriginalLink": "https://a.example"}, Status.READ, None),
        (
            "SubscriptionChange",
            {"SuppressSending": True, "SuppressionReason": "HardBounce"},
            Status.FAILED,
            "hard_bounce",
        ),
        (
            "SubscriptionChange",
            {"SuppressSending": True, "SuppressionReason": "SpamComplaint"},
            Status.COMPLAINED,
            "complaint",
        ),
        ("SubscriptionChange", {"SuppressSending": True, "SuppressionReason": "ManualSuppression"}, None, "opted_out"),
        ("SubscriptionChange", {"SuppressSending": True, "SuppressionReason": None}, None, "opted_out"),
        ("SubscriptionChange", {"SuppressSending": False}, None, None),
        ("Inbound", {}, None, None),
    ],
)
def test_records(word: str, said: dict[str, Any], status: Status | None, reason: str | None) -> None:
    found = told(word, **said)
    assert (found.status, found.reason, found.ignored) == (status, reason, status is None)
    assert (found.message_id, found.attempt_id, found.provider_event) == (MESSAGE, ATTEMPT, word)
    assert found.is_open == (word in ("Open", "Click"))


def test_what_has_no_id_is_told_apart_by_what_it_says() -> None:
    opened = [{"ReceivedAt": AT}, {"ReceivedAt": "2026-01-15T12:00:01Z"}, {"Recipient": "b@payer.example"}]
    assert len({told("Open", **said).event_id for said in opened}) == 3
    assert told("Open") == told("Open", UserAgent="other")
    assert told("Click", OriginalLink="https://a.example").event_id != told("Click").event_id


@pytest.mark.parametrize(
    ("field", "word"),
    [
        ("DeliveredAt", "Delivery"),
        ("FirstOpen", "Open"),
        ("OriginalLink", "Click"),
        ("ChangedAt", "SubscriptionChange"),
    ],
)
def test_old_records_without_their_kind(field: str, word: str) -> None:
    (found,) = reports(json.dumps({"MessageID": MESSAGE, field: AT}).encode())
    assert found.provider_event == word
    (bounce,) = reports(json.dumps({"ID": 7, "Type": "HardBounce", "BouncedAt": AT, "Email": "a@b.example"}).encode())
    assert (bounce.reason, bounce.event_id) == ("hard_bounce", "Bounce:7")


def test_the_request(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, {"To": "x", "MessageID": MESSAGE, "ErrorCode": 0, "Message": "OK"}))
    assert POSTMARK.send(OUTGOING, account(api.url + "/"), client) == Taken([HandedMessage(MESSAGE)])
    (asked,) = api.received
    assert (asked.method, asked.target, asked.headers["x-postmark-server-token"]) == ("POST", "/email", "token")
    assert asked.json == {
        "From": '"Seller" <bills@seller.example>',
        "To": '"Ada Payer" <ap@payer.example>',
        "Cc": "boss@payer.example",
        "Bcc": "archive@seller.example",
        "Subject": "Invoice 7 – März",
        "TextBody": "Dear Ada,\nplease find <it> attached.",
        "MessageStream": "outbound",
        "Metadata": {"attempt_id": ATTEMPT},
        "TrackOpens": False,
        "TrackLinks": "None",
        "Attachments": [
            {
                "Name": "Rechnung 7.pdf",
                "Content": base64.b64encode(b"%PDF-1.7\x00\xff").decode(),
                "ContentType": "application/pdf",
            }
        ],
    }


def test_opens_are_tracked_only_where_the_connection_says() -> None:
    body = message(OUTGOING, msgspec.structs.replace(account(message_stream="bills"), open_tracking=True))
    assert (body["TrackOpens"], body["MessageStream"]) == (True, "bills")
    assert "&lt;it&gt;" in body["HtmlBody"]


@pytest.mark.parametrize(
    ("status", "code", "reason", "shown"),
    [
        (422, 300, "validation", Status.REJECTED),
        (422, 400, "misconfigured", Status.FAILED),
        (422, 405, "account", Status.REJECTED),
        (422, 406, "suppressed", Status.FAILED),
        (200, 406, "suppressed", Status.FAILED),
        (401, 10, "authentication", Status.REJECTED),
        (422, 9999, "validation", Status.REJECTED),
        (422, "x", "validation", Status.REJECTED),
    ],
)
def test_refusals(status: int, code: object, reason: str, shown: Status) -> None:
    answer = outcome(RawAnswer(status, {}, msgspec.json.encode({"ErrorCode": code, "Message": "why"})))
    assert isinstance(answer, Refused)
    assert (answer.reason, answer.status) == (reason, shown)
    assert answer.detail.endswith(": why")


def test_other_answers() -> None:
    assert isinstance(outcome(RawAnswer(429, {}, b'{"ErrorCode": 429}')), TryLater)
    assert isinstance(outcome(RawAnswer(500, {}, b'{"ErrorCode": 300}')), Unknown)
    for body in (b"", b"[]", b'{"ErrorCode": 0}', b'{"MessageID": "x"}', b'{"ErrorCode": 9, "MessageID": "x"}'):
        assert isinstance(outcome(RawAnswer(200, {}, body)), Unknown)


DETAILS = {
    "MessageID": MESSAGE,
    "Status": "Sent",
    "Metadata": {"attempt_id": ATTEMPT},
    "ReceivedAt": AT,
    "MessageEvents": [
        {"Recipient": "ap@payer.example", "Type": "Transient", "ReceivedAt": AT, "Details": {"DeliveryMessage": "450"}},
        {"Recipient": "ap@payer.example", "Type": "Delivered", "ReceivedAt": AT, "Details": {"DeliveryMessage": "250"}},
        {"Recipient": "b@x.example", "Type": "Bounced", "ReceivedAt": AT, "Details": {"Summary": "550 5.1.1 no"}},
        {"Recipient": "b@x.example", "Type": "Bounced", "ReceivedAt": AT, "Details": {"Summary": "450 4.4.1 no"}},
        {"Recipient": "b@x.example", "Type": "Bounced", "ReceivedAt": AT, "Details": None},
        {"Recipient": "ap@payer.example", "Type": "Opened", "ReceivedAt": AT},
        {"Type": "New"},
        7,
    ],
}


def test_asking(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, DETAILS))
    found = POSTMARK.status(Lookup(ATTEMPT, MESSAGE), account(api.url), client)
    assert api.received[0].path == f"/messages/outbound/{MESSAGE}/details"
    assert [(r.status, r.reason) for r in found] == [
        (Status.SENDING, "deferred"),
        (Status.DELIVERED, None),
        (Status.FAILED, "hard_bounce"),
        (Status.FAILED, "soft_bounce"),
        (Status.FAILED, "undelivered"),
        (Status.READ, None),
        (None, None),
    ]
    assert {(r.message_id, r.attempt_id) for r in found} == {(MESSAGE, ATTEMPT)}
    assert POSTMARK.read_answer(RawAnswer(200, {}, msgspec.json.encode(DETAILS))) == found
    (alone,) = POSTMARK.read_answer(RawAnswer(200, {}, msgspec.json.encode(DETAILS | {"MessageEvents": []})))
    assert (alone.status, alone.provider_event) == (Status.SENT, "Sent")


def test_asking_without_a_message_id(api: Scripted, client: httpx.Client) -> None:
    listed = {"Messages": [{"MessageID": MESSAGE}, {"MessageID": "another-attempts"}]}
    api.answers(http(200, listed), http(200, DETAILS))
    lookup = Lookup(ATTEMPT, None, "ap@payer.example", NOON, frozenset({"another-attempts"}))
    assert POSTMARK.status(lookup, account(api.url), client)
    search, details = api.received
    assert search.query == {"count": "50", "offset": "0", "metadata_attempt_id": ATTEMPT}
    assert details.path == f"/messages/outbound/{MESSAGE}/details"


def test_asking_in_vain(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(404, {"ErrorCode": 701}))
    assert POSTMARK.status(Lookup(ATTEMPT, MESSAGE), account(api.url), client) == []
    for wrong in (http(500), http(200, b"<html>"), http(200, {})):
        api.answers(wrong)
        with pytest.raises(httpx.HTTPError):
            POSTMARK.status(Lookup(ATTEMPT, MESSAGE), account(api.url), client)
