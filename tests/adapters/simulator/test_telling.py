"""How webhooks are called back: retries, repetition, order, delay, loss."""

from collections.abc import Callable

import pytest

from adapters.simulator.config import Config
from tests.adapters.simulator.lab import Lab
from tests.support.eventually import eventually


def test_a_webhook_that_is_refused_comes_again_as_it_was(lab: Lab) -> None:
    lab.receiver.answers = [500, 404]
    lab.mail("dropped@buyer.example")
    first, second, third = lab.receiver.wait(3)
    assert first.body == second.body == third.body
    signature = "x-twilio-email-event-webhook-signature"
    assert first.headers[signature] == third.headers[signature]
    eventually(lambda: lab.callbacks()[0]["state"] == "answered")
    [callback] = lab.callbacks()
    assert [one["status"] for one in callback["tries"]] == [500, 404, 204]


def test_a_webhook_that_nobody_takes_is_given_up(lab: Lab) -> None:
    lab.receiver.answers = [503] * 10
    lab.mail("dropped@buyer.example")
    eventually(lambda: [callback["state"] for callback in lab.callbacks()] == ["given_up"])
    assert len(lab.receiver.got) == 4


def test_a_receiver_that_is_away_gets_its_webhook_when_it_is_back(lab: Lab) -> None:
    lab.control("POST", "/accounts", {"provider": "sendgrid", "key": "SG.away", "webhook_url": "http://127.0.0.1:9/"})
    body = {
        "personalizations": [{"to": [{"email": "dropped@buyer.example"}]}],
        "from": {"email": "billing@seller.example"},
        "subject": "Invoice",
        "content": [{"type": "text/plain", "value": "-"}],
    }
    lab.http.post("/v3/mail/send", json=body, headers={"Authorization": "Bearer SG.away"}).raise_for_status()
    eventually(lambda: [callback["state"] for callback in lab.callbacks()] == ["given_up"])
    assert [one["error"] for one in lab.callbacks()[0]["tries"]] == ["ConnectError"] * 4
    lab.control("POST", "/accounts", {"provider": "sendgrid", "key": "SG.away", "webhook_url": lab.receiver.url})
    [message] = lab.messages()
    lab.control("POST", f"/messages/{message['id']}/events", {"event": "bounced"})
    assert lab.receiver.wait(1)[0].events[0]["event"] == "bounce"


def test_twice_is_the_same_event_twice(lab: Lab) -> None:
    lab.mail("twice@buyer.example")
    events = lab.receiver.wait_events(4)
    names = [event["sg_event_id"] for event in events]
    assert len(names) == 4
    assert len(set(names)) == 2


def test_shuffled_tells_the_last_event_first(lab: Lab) -> None:
    lab.mail("shuffled@buyer.example")
    webhooks = lab.receiver.wait(2)
    assert [[event["event"] for event in webhook.events] for webhook in webhooks] == [["delivered"], ["processed"]]


def test_late_tells_everything_when_the_time_has_come(lab: Lab) -> None:
    lab.mail("late@buyer.example")
    eventually(lambda: lab.happened(lab.messages()[0]) == ["sent", "delivered"])
    assert lab.callbacks() == []
    lab.hurry(lambda: lab.receiver.got)
    assert [event["event"] for event in lab.receiver.wait(1)[0].events] == ["processed", "delivered"]


@pytest.mark.parametrize(("local_part", "told"), [("silent", 0), ("lost", 1)])
def test_what_is_not_told_can_be_asked(lab: Lab, local_part: str, told: int) -> None:
    lab.mail(f"{local_part}@buyer.example")
    eventually(lambda: lab.happened(lab.messages()[0]) == ["sent", "delivered"])
    lab.mail("anna@buyer.example")  # its webhooks would come after the ones that must not come
    events = lab.receiver.wait_events(told + 2)
    mine = [event["event"] for event in events if event["email"].startswith(local_part)]
    assert mine == ["processed"][:told]
    [found] = lab.ask(f'to_email="{local_part}@buyer.example"').json()["messages"]
    assert found["status"] == "delivered"


def test_eager_calls_back_before_it_answers(lab: Lab) -> None:
    reference = lab.mail("eager@buyer.example").headers["X-Message-Id"]
    assert [event["event"] for webhook in lab.receiver.got for event in webhook.events] == ["processed", "delivered"]
    assert lab.messages()[0]["reference"] == reference


def test_an_account_without_a_webhook_is_not_called_back(lab: Lab) -> None:
    lab.control("POST", "/accounts", {"provider": "sendgrid", "key": "SG.key.of-the-tests", "webhook_url": ""})
    lab.mail("anna@buyer.example")
    eventually(lambda: lab.happened(lab.messages()[0]) == ["sent", "delivered"])
    assert lab.callbacks() == []


def test_replaying_sends_kept_webhooks_again(lab: Lab) -> None:
    lab.mail("shuffled@buyer.example")
    lab.mail("dropped@buyer.example")
    originals = [webhook.body for webhook in lab.receiver.wait(3)]
    eventually(lambda: all(callback["state"] == "answered" for callback in lab.callbacks()))
    [message] = lab.messages(to="shuffled@buyer.example")

    answer = lab.control("POST", "/replay", {"message": message["id"], "times": 3, "shuffled": True})

    assert answer == {"webhooks": 6}
    again = [webhook.body for webhook in lab.receiver.wait(9)[3:]]
    mine = [body for body in originals if b"shuffled@" in body]
    assert sorted(again) == sorted(mine * 3)
    eventually(lambda: len(lab.callbacks(state="answered")) == 9)
    assert lab.control("POST", "/replay", {}) == {"webhooks": 3}, "what was replayed is not replayed again"


def test_one_callback_can_be_replayed_by_its_number(lab: Lab) -> None:
    lab.mail("shuffled@buyer.example")
    lab.receiver.wait(2)
    eventually(lambda: len(lab.callbacks(state="answered")) == 2)
    first = min(callback["id"] for callback in lab.callbacks())
    lab.control("POST", "/replay", {"callbacks": [first]})
    assert lab.receiver.wait(3)[2].body == lab.receiver.got[0].body
    lab.control("POST", "/replay", {"times": 10_001}, status=422)


def test_waits_are_kept_unless_somebody_is_in_a_hurry(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab(delay=3600)
    lab.mail("anna@buyer.example")
    assert lab.happened(lab.messages()[0]) == []
    lab.hurry(lambda: len(lab.happened(lab.messages()[0])) == 2)


def test_retries_wait_longer_and_longer_by_default() -> None:
    waits = Config().retries
    assert list(waits) == sorted(set(waits))
