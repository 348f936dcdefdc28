"""The SendGrid side, spoken to with SendGrid's own library and over plain HTTP."""

import base64
import json
import urllib.error
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from python_http_client.exceptions import HTTPError  # type: ignore[import-untyped]
from sendgrid import SendGridAPIClient
from sendgrid.helpers.eventwebhook import EventWebhook
from sendgrid.helpers.mail import Attachment, CustomArg, Mail

from tests.adapters.simulator.lab import API_KEY, NOON, Lab
from tests.support.eventually import eventually


def letter(to: str) -> Any:
    return Mail("billing@seller.example", to, "Invoice 17", plain_text_content="Please find it attached.")


def test_the_official_library_sends_and_its_validator_accepts_the_webhook(lab: Lab) -> None:
    mail = letter("anna@buyer.example")
    mail.add_custom_arg(CustomArg("attempt_id", "a-17"))
    content = base64.b64encode(b"%PDF-1.7").decode()
    mail.add_attachment(Attachment(content, "invoice.pdf", "application/pdf"))

    answer = SendGridAPIClient(API_KEY, host=lab.url).send(mail)

    assert answer.status_code == 202
    assert answer.body == b""
    reference = answer.headers["X-Message-Id"]
    events = lab.receiver.wait_events(2)
    assert {event["event"] for event in events} == {"processed", "delivered"}
    for event in events:
        assert event["sg_message_id"].startswith(reference + ".recvd-")
        assert event["email"] == "anna@buyer.example"
        assert event["attempt_id"] == "a-17"
        assert event["timestamp"] == NOON.timestamp()
        assert 0 < len(event["sg_event_id"]) <= 100
    assert len({event["sg_event_id"] for event in events}) == 2
    validator = EventWebhook(lab.public_key)
    for webhook in lab.receiver.got:
        signature = webhook.headers["x-twilio-email-event-webhook-signature"]
        timestamp = webhook.headers["x-twilio-email-event-webhook-timestamp"]
        assert webhook.path == "/mail"
        assert webhook.headers["content-type"] == "application/json"
        assert webhook.body.endswith(b"]\r\n")
        assert validator.verify_signature(webhook.body.decode(), signature, timestamp)
        assert not validator.verify_signature(webhook.body.decode().strip(), signature, timestamp)
    assert lab.messages()[0]["request"]["attachments"][0]["filename"] == "invoice.pdf"


def test_the_official_library_gets_the_errors_it_knows(lab: Lab) -> None:
    unknown = refused(lab, "SG.other", "anna@buyer.example")
    assert unknown.status_code == 401
    assert "authorization grant" in unknown.to_dict["errors"][0]["message"]
    wrong = refused(lab, API_KEY, "refused@buyer.example")
    assert wrong.status_code == 400
    assert wrong.to_dict["errors"][0]["field"] == "personalizations.0.to.0.email"
    assert lab.messages(taken="true") == []


def refused(lab: Lab, key: str, to: str) -> Any:
    with pytest.raises(HTTPError) as raised:
        SendGridAPIClient(key, host=lab.url).send(letter(to))
    # The library leaves the socket of an error open.
    assert isinstance(raised.value.__context__, urllib.error.HTTPError)
    raised.value.__context__.close()
    return raised.value


def test_events_of_several_recipients_come_in_one_signed_batch(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab(batch_wait=0.5)
    lab.mail("anna@buyer.example", "bounce@buyer.example", "opens@buyer.example")
    lab.receiver.wait_events(7)

    assert len(lab.receiver.got) == 1
    [webhook] = lab.receiver.got
    assert webhook.body.count(b",\r\n{") == 6
    assert len({event["sg_message_id"] for event in webhook.events}) == 3
    assert len({event["sg_message_id"].partition(".")[0] for event in webhook.events}) == 1
    assert len({event["sg_event_id"] for event in webhook.events}) == 7


@pytest.mark.parametrize(
    ("local_part", "expected"),
    [
        ("bounce", [{"event": "processed"}, {"event": "bounce", "type": "bounce", "status": "5.1.1"}]),
        ("full", [{"event": "processed"}, {"event": "bounce", "type": "blocked", "status": "5.2.2"}]),
        ("blocked", [{"event": "processed"}, {"event": "bounce", "type": "blocked", "status": "5.7.1"}]),
        ("dropped", [{"event": "dropped", "reason": "Bounced Address"}]),
        ("deferred", [{"event": "processed"}, {"event": "deferred", "attempt": "1"}, {"event": "delivered"}]),
        ("spam", [{"event": "processed"}, {"event": "delivered"}, {"event": "spamreport"}]),
        ("opens", [{"event": "processed"}, {"event": "delivered"}, {"event": "open", "sg_machine_open": False}]),
        ("machine", [{"event": "processed"}, {"event": "delivered"}, {"event": "open", "sg_machine_open": True}]),
        ("clicks", [{"event": "processed"}, {"event": "delivered"}, {"event": "open"}, {"event": "click"}]),
        ("unsubscribes", [{"event": "processed"}, {"event": "delivered"}, {"event": "unsubscribe"}]),
        ("Bounce+invoice-9", [{"event": "processed"}, {"event": "bounce"}]),
        ("bouncer", [{"event": "processed"}, {"event": "delivered"}]),
    ],
)
def test_the_local_part_decides_what_happens(lab: Lab, local_part: str, expected: list[dict[str, Any]]) -> None:
    lab.mail(f"{local_part}@buyer.example")
    events = lab.receiver.wait_events(len(expected))
    in_order = sorted(events, key=lambda event: _number(event["sg_event_id"]))
    for event, wanted in zip(in_order, expected, strict=True):
        assert wanted.items() <= event.items()


def _number(event_id: str) -> int:
    """The second part of an event's id counts what happened to the message."""
    return int(base64.urlsafe_b64decode(event_id + "==").split(b"-")[1])


def test_a_mail_that_turns_tracking_off_is_opened_unseen(lab: Lab) -> None:
    lab.mail("clicks@buyer.example", tracking_settings={"open_tracking": {"enable": False}})
    eventually(lambda: lab.happened(lab.messages()[0]) == ["sent", "delivered", "clicked"])


def test_custom_arguments_and_categories_are_flattened_into_the_events(lab: Lab) -> None:
    personal = {"to": [{"email": "anna@buyer.example"}], "custom_args": {"who": "own", "event": "theirs"}}
    lab.mail(personalizations=[personal], custom_args={"who": "all", "tenant": "t"}, categories=["invoice", "first"])
    for event in lab.receiver.wait_events(2):
        assert (event["who"], event["tenant"]) == ("own", "t")
        assert event["category"] == ["invoice", "first"]
        assert event["event"] in ("processed", "delivered")


def test_angle_brackets_are_escaped_as_sendgrid_does(lab: Lab) -> None:
    lab.mail("anna@buyer.example")
    lab.receiver.wait_events(2)
    assert b"\\u003c" in lab.receiver.got[0].body
    assert b"<" not in lab.receiver.got[0].body
    assert lab.receiver.got[0].events[0]["smtp-id"].startswith("<")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": [{"to": []}]}, "personalizations.0.to"),
        ({"personalizations": [{"to": [{"email": "anna"}]}]}, "personalizations.0.to.0.email"),
        ({"personalizations": [{"to": [{"email": "a@b.example"}] * 2}]}, "personalizations.0.to.1.email"),
        (
            {"personalizations": [{"to": [{"email": "a@b.example"}], "custom_args": {"n": 1}}]},
            "personalizations.0.custom_args.n",
        ),
        ({"custom_args": {"big": "x" * 10_001}}, "custom_args"),
        ({"from": {}}, "from.email"),
        ({"from": {"email": "billing"}}, "from.email"),
        ({"reply_to": {"email": "no"}}, "reply_to.email"),
        ({"subject": ""}, "subject"),
        ({"content": []}, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
        (
            {"content": [{"type": "text/html", "value": "a"}, {"type": "text/plain", "value": "b"}]},
            "content",
        ),
        ({"attachments": [{"content": "!", "filename": "a.pdf"}]}, "attachments.0.content"),
        ({"attachments": [{"content": "YQ=="}]}, "attachments.0.filename"),
    ],
)
def test_a_mail_that_sendgrid_refuses_names_its_field(lab: Lab, change: dict[str, Any], field: str) -> None:
    answer = lab.mail("anna@buyer.example", **change)
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert error["field"] == field
    assert error["message"]
    assert error["help"].startswith("http")
    assert lab.messages() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"'])
def test_what_is_no_json_object_is_a_bad_request(lab: Lab, body: bytes) -> None:
    answer = lab.http.post("/v3/mail/send", content=body, headers={"Authorization": f"Bearer {API_KEY}"})
    assert answer.status_code == 400
    assert answer.json() == {"errors": [{"message": "Bad Request", "field": None, "help": None}]}


def test_no_key_and_an_unknown_key_are_told_apart(lab: Lab) -> None:
    nothing = lab.http.post("/v3/mail/send", json={})
    unknown = lab.http.post("/v3/mail/send", json={}, headers={"Authorization": "Bearer SG.no"})
    assert (nothing.status_code, unknown.status_code) == (401, 401)
    assert nothing.json() != unknown.json()


def test_a_mail_over_the_limit_is_413(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab(max_body=1000)
    assert lab.mail("anna@buyer.example", subject="x" * 1000).status_code == 413
    assert lab.mail("anna@buyer.example").status_code == 202


def test_sandbox_mode_checks_and_sends_nothing(lab: Lab) -> None:
    assert lab.mail("anna@buyer.example", mail_settings={"sandbox_mode": {"enable": True}}).status_code == 200
    assert lab.messages() == []


def test_a_rate_limited_recipient_is_taken_after_the_waits(lab: Lab) -> None:
    first, second, third = (lab.mail("ratelimited@buyer.example") for _ in range(3))
    assert [first.status_code, second.status_code, third.status_code] == [429, 429, 202]
    assert first.headers["X-RateLimit-Reset"] == str(int(NOON.timestamp()) + 1)
    assert (first.headers["X-RateLimit-Remaining"], first.headers["Retry-After"]) == ("0", "1")
    lab.receiver.wait_events(2)
    assert [message["answer"] for message in lab.messages()] == [202, 429, 429]


def test_an_outage_takes_nothing_and_a_crash_takes_it_all_the_same(lab: Lab) -> None:
    assert lab.mail("outage@buyer.example").status_code == 500
    assert lab.mail("crash@buyer.example").status_code == 500
    events = lab.receiver.wait_events(2)
    assert {event["email"] for event in events} == {"crash@buyer.example"}
    assert [message["taken"] for message in lab.messages()] == [True, False]


@pytest.mark.parametrize("local_part", ["timeout", "hidden", "vanished"])
def test_a_call_that_hangs_is_cut_without_an_answer(lab: Lab, local_part: str) -> None:
    with pytest.raises(httpx.TransportError) as cut:
        lab.mail(f"{local_part}@buyer.example")
    assert isinstance(cut.value, httpx.ReadError | httpx.RemoteProtocolError)
    [message] = lab.messages()
    assert (message["taken"], message["answer"]) == (local_part != "vanished", None)


def test_after_a_time_out_the_webhooks_come_or_only_asking_tells(lab: Lab) -> None:
    for local_part in ("hidden", "vanished", "timeout"):
        with pytest.raises(httpx.TransportError):
            lab.mail(f"{local_part}@buyer.example", custom_args={"attempt_id": local_part})
    events = lab.receiver.wait_events(2)
    assert {event["attempt_id"] for event in events} == {"timeout"}
    eventually(lambda: lab.ask("unique_args['attempt_id']=\"hidden\"").json()["messages"])
    [hidden] = lab.ask("unique_args['attempt_id']=\"hidden\"").json()["messages"]
    assert hidden["status"] == "delivered"
    assert lab.ask("unique_args['attempt_id']=\"vanished\"").json()["messages"] == []


def test_asking_finds_the_message_by_the_id_of_the_answer(lab: Lab) -> None:
    reference = lab.mail("bounce@buyer.example", custom_args={"attempt_id": "a-1"}).headers["X-Message-Id"]
    lab.mail("anna@buyer.example")
    lab.receiver.wait_events(4)

    [found] = lab.ask(f"msg_id LIKE '{reference}%'", limit="5").json()["messages"]

    assert found["status"] == "not_delivered"
    assert found["last_event_time"] == "2026-01-15T12:00:00Z"
    authorized = {"Authorization": f"Bearer {API_KEY}"}
    whole = lab.http.get(f"/v3/messages/{found['msg_id']}", headers=authorized).json()
    assert [event["event_name"] for event in whole["events"]] == ["processed", "bounced"]
    assert whole["events"][1]["bounce_type"] == "hard"
    assert json.loads(whole["unique_args"]) == {"attempt_id": "a-1"}
    assert lab.http.get(f"/v3/messages/{reference}", headers=authorized).status_code == 404
    assert lab.http.get(f"/v3/messages/{found['msg_id']}").status_code == 401


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "many"])
def test_a_limit_that_sendgrid_refuses(lab: Lab, limit: str) -> None:
    assert lab.ask('status="delivered"', limit=limit).status_code == 400


def test_a_late_bounce_comes_when_told_and_turns_the_status(lab: Lab) -> None:
    lab.mail("late-bounce@buyer.example")
    lab.receiver.wait_events(2)
    [message] = lab.messages()
    assert lab.happened(message) == ["sent", "delivered"]

    lab.hurry(lambda: len(lab.happened(lab.messages()[0])) == 3)

    assert lab.receiver.wait_events(3)[2]["event"] == "bounce"
    eventually(
        lambda: lab.ask('to_email="late-bounce@buyer.example"').json()["messages"][0]["status"] == "not_delivered"
    )


def test_an_orphan_bounce_names_nothing_but_the_recipient(lab: Lab) -> None:
    lab.mail("orphan-bounce@buyer.example", custom_args={"attempt_id": "a-1"})
    lab.receiver.wait_events(2)
    lab.hurry(lambda: len(lab.happened(lab.messages()[0])) == 3)
    bounce = lab.receiver.wait_events(3)[2]
    assert bounce["event"] == "bounce"
    assert bounce["email"] == "orphan-bounce@buyer.example"
    assert not {"sg_message_id", "smtp-id", "attempt_id"} & set(bounce)
