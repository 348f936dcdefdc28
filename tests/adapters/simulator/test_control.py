"""The control API and the page."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.simulator.behaviour import TABLES
from adapters.simulator.page import help_text
from tests.adapters.simulator.lab import API_KEY, NOON, Lab


def test_a_rule_goes_for_everybody_until_it_is_taken_away(lab: Lab) -> None:
    lab.control("POST", "", {"rule": {"behaviour": "outage"}})
    assert lab.mail("anna@buyer.example").status_code == 500
    assert lab.sms("+32470000042").status_code == 500
    assert lab.control("GET")["rule"]["behaviour"] == "outage"
    lab.control("POST", "", {"rule": None})
    assert lab.mail("anna@buyer.example").status_code == 202


def test_a_rule_may_go_for_some_calls_only(lab: Lab) -> None:
    lab.control("POST", "", {"rule": {"behaviour": "ratelimited", "provider": "sendgrid", "times": 3}})
    assert lab.sms("+32470000042").status_code == 201
    assert [lab.mail("anna@buyer.example").status_code for _ in range(4)] == [429, 429, 429, 202]


def test_a_rule_may_change_only_how_it_is_told(lab: Lab) -> None:
    lab.control("POST", "", {"rule": {"telling": "shuffled"}})
    lab.mail("bounce@buyer.example")
    webhooks = lab.receiver.wait(2)
    assert [webhook.events[0]["event"] for webhook in webhooks] == ["bounce", "processed"]


def test_a_rule_may_change_the_waits(lab: Lab) -> None:
    lab.control("POST", "", {"rule": {"late": 0}})
    lab.mail("late-bounce@buyer.example")
    assert "bounce" in {event["event"] for event in lab.receiver.wait_events(3)}


@pytest.mark.parametrize(
    "body",
    [
        {"rule": {"behaviour": "no-such"}},
        {"rule": {"times": 0}},
        {"rule": {"telling": "loud"}},
        {"rule": {"colour": "red"}},
        {"rules": None},
        {},
    ],
)
def test_a_rule_that_cannot_be_meant(lab: Lab, body: Any) -> None:
    assert lab.control("POST", "", body, status=422)["error"]
    assert lab.control("GET")["rule"] is None


def test_an_event_can_be_made_to_happen(lab: Lab) -> None:
    lab.mail("anna@buyer.example")
    lab.receiver.wait_events(2)
    [message] = lab.messages()
    path = f"/messages/{message['id']}/events"
    lab.control("POST", path, {"event": "mailbox_full", "fields": {"reason": "552 their words"}})
    event = lab.receiver.wait_events(3)[2]
    assert (event["event"], event["reason"], event["status"]) == ("bounce", "552 their words", "5.2.2")
    lab.control("POST", path, {"event": "delivered", "fields": {"event": "teleported"}})
    assert lab.receiver.wait_events(4)[3]["event"] == "teleported"
    assert "mailbox_full" in lab.control("POST", path, {"event": "landline"}, status=422)["error"]
    lab.control("POST", path, {"event": "vaporised"}, status=422)
    lab.control("POST", "/messages/none/events", {"event": "delivered"}, status=404)


def test_nothing_happens_to_what_was_not_taken(lab: Lab) -> None:
    lab.mail("outage@buyer.example")
    [message] = lab.messages()
    lab.control("POST", f"/messages/{message['id']}/events", {"event": "delivered"}, status=409)


def test_messages_are_kept_whole_and_found(lab: Lab) -> None:
    lab.mail("anna@buyer.example", custom_args={"attempt_id": "a-1"})
    lab.sms("+32470000042")
    assert [message["provider"] for message in lab.messages()] == ["twilio", "sendgrid"]
    [mail] = lab.messages(provider="sendgrid")
    assert mail["request"]["custom_args"] == {"attempt_id": "a-1"}
    assert mail["received_at"] == NOON.isoformat().replace("+00:00", "Z")
    assert lab.control("GET", f"/messages/{mail['id']}")["subject"] == "Invoice 17"
    assert len(lab.messages(limit="1")) == len(lab.messages(limit="1", offset="1")) == 1
    lab.control("GET", "/messages?limit=many", status=422)
    lab.control("GET", "/messages/none", status=404)


def test_only_so_many_messages_and_callbacks_are_kept(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab(keep=3)
    for number in range(5):
        lab.mail(f"anna{number}@buyer.example")
        lab.receiver.wait_events(2 * number + 2)
    assert [message["address"][:5] for message in lab.messages()] == ["anna4", "anna3", "anna2"]
    assert lab.control("GET")["callbacks"] <= 3


def test_an_account_can_be_added_with_what_is_missing_made(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab()
    made = lab.control("POST", "/accounts", {"provider": "sendgrid", "webhook_url": lab.receiver.url})
    assert made["key"].startswith("SG.")
    assert made["public_key"] != lab.public_key
    again = lab.control("POST", "/accounts", {"provider": "sendgrid", "key": made["key"], "webhook_url": "http://x/"})
    assert again["public_key"] == made["public_key"]
    sms = lab.control("POST", "/accounts", {"provider": "twilio"})
    assert (sms["key"][:2], len(sms["key"]), len(sms["token"])) == ("AC", 34, 32)
    listed = lab.control("GET", "/accounts")["accounts"]
    assert [one["provider"] for one in listed] == ["sendgrid", "twilio", "sendgrid", "twilio"]
    assert all(set(one) == {"provider", "key", "webhook_url", "public_key"} for one in listed)


@pytest.mark.parametrize(
    "body",
    [
        {"provider": "pigeon"},
        {"provider": "smtp"},
        {"provider": "sendgrid", "private_key": "nonsense"},
        {"provider": "sendgrid", "colour": "red"},
        {"key": "SG.x"},
    ],
)
def test_an_account_that_cannot_be_meant(lab: Lab, body: Any) -> None:
    assert lab.control("POST", "/accounts", body, status=422)["error"]


def test_reset_forgets_everything_but_the_accounts(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab(delay=3600)
    lab.mail("anna@buyer.example")
    lab.mail("ratelimited@buyer.example")
    lab.control("POST", "", {"rule": {"behaviour": "outage"}})
    lab.control("POST", "/reset")
    assert lab.messages() == lab.callbacks() == []
    assert lab.control("GET")["rule"] is None
    assert [lab.mail("ratelimited@buyer.example").status_code for _ in range(3)] == [429, 429, 202]
    lab.hurry(lambda: len(lab.happened(lab.messages()[0])) == 2)
    events = lab.receiver.wait_events(2)
    assert {event["email"] for event in events} == {"ratelimited@buyer.example"}, "what went on before was stopped"


def test_a_control_request_over_the_limit_is_refused(lab: Lab) -> None:
    assert lab.http.post("/_control", content=b"x" * (1024 * 1024 + 1)).status_code == 413


def test_the_page_shows_the_tables_and_what_came(lab: Lab) -> None:
    lab.mail("anna@buyer.example", subject="<b>Invoice</b> & more")
    lab.receiver.wait_events(2)
    page = lab.http.get("/")
    assert page.status_code == 200
    for table in TABLES.values():
        for name in table:
            assert f"<code>{name}</code>" in page.text
    assert API_KEY in page.text
    assert lab.public_key in page.text
    assert "&lt;b&gt;Invoice&lt;/b&gt; &amp; more" in page.text
    assert "<b>Invoice" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    [message] = lab.messages()
    shown = lab.http.get(f"/messages/{message['id']}").text
    assert "Please find it attached." in shown
    assert "204" in shown
    lab.mail("anna@buyer.example", custom_args={"long": "x" * 9000}, headers={"X-Long": "y" * 30_000})
    [newest, _] = lab.messages()
    assert len(lab.http.get(f"/messages/{newest['id']}").text) < 30_000
    assert lab.http.get("/messages/none").status_code == 404


def test_the_tables_are_told_as_text_and_as_json(lab: Lab) -> None:
    text, told = help_text(), lab.control("GET", "/behaviours")
    for channel, table in TABLES.items():
        assert [row["name"] for row in told[channel]] == [*table, "anything else"]
        assert all(f"  {name} " in text for name in table)
    assert max(len(line) for line in text.splitlines()) <= 110
