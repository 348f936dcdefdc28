"""Resend: its events in our words, what it is asked, what its answers mean, and our side against the simulator's."""

import base64
import json
from typing import Any

import httpx
import msgspec
import pytest

from adapters.providers.port import (
    Connection,
    Lookup,
    Outgoing,
    OutgoingRecipient,
    ProviderReport,
    RawAnswer,
    Refused,
    Taken,
    TryLater,
    Unknown,
)
from adapters.providers.registry import provider
from adapters.providers.resend.sending import outcome
from domain.status import Status
from domain.values import HandedMessage
from tests.adapters.providers.kit import ATTEMPT, NOON, connection, request
from tests.adapters.providers.kit_resend import MESSAGE, SECRET, event, sign
from tests.adapters.providers.scripted import HANG, Scripted, http
from tests.adapters.providers.simulated import Said, counting, heard, lab, outgoing, sent, simulator
from tests.adapters.providers.test_sendgrid_sending import OUTGOING
from tests.adapters.simulator.lab import Lab

__all__ = ["lab", "simulator"]
RESEND = provider("resend")
ONE = msgspec.structs.replace(OUTGOING, recipients=OUTGOING.recipients[:1])


def told(word: str, **said: Any) -> ProviderReport:
    body = json.dumps(event(word, **said)).encode()
    (found,) = RESEND.reports(request(body, sign(body)))
    return found


def account(url: str = "https://api.resend.com") -> Connection:
    settings = {"from_email": "bills@seller.example", "from_name": "Seller"}
    return connection("resend", {"api_key": "re_key", "webhook_secret": SECRET}, api_url=url, **settings)


def bounced(kind: str, sub: str) -> dict[str, Any]:
    return {"bounce": {"type": kind, "subType": sub, "message": "550 5.1.1 no"}}


@pytest.mark.parametrize(
    ("word", "said", "status", "reason"),
    [
        ("email.sent", {}, Status.SENT, "processing"),
        ("email.delivered", {}, Status.DELIVERED, None),
        ("email.delivery_delayed", {}, Status.SENDING, "deferred"),
        ("email.bounced", {}, Status.FAILED, "hard_bounce"),
        ("email.bounced", bounced("Permanent", "General"), Status.FAILED, "hard_bounce"),
        ("email.bounced", bounced("Permanent", "Suppressed"), Status.FAILED, "suppressed"),
        ("email.bounced", bounced("Transient", "MailboxFull"), Status.FAILED, "mailbox_full"),
        ("email.bounced", bounced("Transient", "General"), Status.FAILED, "soft_bounce"),
        ("email.bounced", bounced("Undetermined", "Undetermined"), Status.FAILED, "soft_bounce"),
        ("email.complained", {}, Status.COMPLAINED, "complaint"),
        ("email.opened", {}, Status.READ, None),
        ("email.clicked", {}, Status.READ, None),
        ("email.failed", {"failed": {"reason": "bad"}}, Status.FAILED, "provider_error"),
        ("email.failed", {"failed": {"reason": "reached_daily_quota"}}, Status.FAILED, "account"),
        ("email.suppressed", {"suppressed": {"message": "on the list"}}, Status.FAILED, "suppressed"),
        ("email.scheduled", {}, Status.SENT, "processing"),
        ("email.received", {}, None, None),
        ("contact.updated", {}, None, None),
    ],
)
def test_words(word: str, said: dict[str, Any], status: Status | None, reason: str | None) -> None:
    found = told(word, **said)
    assert (found.status, found.reason, found.ignored) == (status, reason, status is None)
    assert (found.message_id, found.recipient, found.event_id) == (MESSAGE, "ap@payer.example", "msg_1")
    assert (found.occurred_at, found.attempt_id) == (NOON, ATTEMPT)
    assert found.is_open == (word in ("email.opened", "email.clicked"))


def test_everything_that_the_server_said() -> None:
    found = told(
        "email.bounced", bounce={"type": "Permanent", "message": "no", "diagnosticCode": ["smtp; 550 5.1.1 x"]}
    )
    assert (found.diagnostic, found.diagnostic_code) == ("smtp; 550 5.1.1 x\nno\nPermanent", "5.1.1")


def test_of_several_nobody_knows_whom_it_is_about() -> None:
    assert told("email.bounced", to=["a@b.example", "c@d.example"]).recipient is None
    assert told("email.bounced", to=[]).recipient is None
    assert told("email.bounced", to="a@b.example").recipient == "a@b.example"


def test_tags_as_a_list() -> None:
    assert told(
        "email.sent", tags=[{"name": "other", "value": "x"}, {"name": "attempt_id", "value": ATTEMPT}, 7]
    ).attempt_id


def test_without_its_headers_it_is_named_by_its_content() -> None:
    body = json.dumps(event("email.sent")).encode()
    (found,) = RESEND.reports(request(body, {}))
    assert len(found.event_id) == 64


def test_the_request(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, {"id": MESSAGE}))
    assert RESEND.send(ONE, account(api.url + "/"), client) == Taken([HandedMessage(MESSAGE, 1)])
    (asked,) = api.received
    assert (asked.method, asked.target) == ("POST", "/emails")
    assert asked.headers["authorization"] == "Bearer re_key"
    assert asked.headers["idempotency-key"] == f"{ATTEMPT}/1"
    assert asked.json == {
        "from": '"Seller" <bills@seller.example>',
        "to": ['"Ada Payer" <ap@payer.example>'],
        "subject": "Invoice 7 – März",
        "text": "Dear Ada,\nplease find <it> attached.",
        "tags": [{"name": "attempt_id", "value": ATTEMPT}],
        "attachments": [
            {
                "filename": "Rechnung 7.pdf",
                "content": base64.b64encode(b"%PDF-1.7\x00\xff").decode(),
                "content_type": "application/pdf",
            }
        ],
    }


def test_the_key_is_the_same_for_each_try_and_another_for_each_recipient(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, {"id": MESSAGE}))
    second = OutgoingRecipient(2, "b@payer.example")
    for one in (ONE, msgspec.structs.replace(ONE, number=2), msgspec.structs.replace(ONE, recipients=[second])):
        RESEND.send(one, msgspec.structs.replace(account(api.url), open_tracking=True), client)
    keys = [asked.headers["idempotency-key"] for asked in api.received]
    assert keys == [f"{ATTEMPT}/1", f"{ATTEMPT}/1", f"{ATTEMPT}/2"]
    assert api.received[0].body == api.received[1].body
    assert RESEND.one_by_one


def test_a_lost_answer_is_tried_again_because_of_the_key(api: Scripted, client: httpx.Client) -> None:
    for lost in (HANG, http(500), http(200, b"<html>")):
        api.answers(lost)
        answer = RESEND.send(ONE, account(api.url), client)
        assert isinstance(answer, TryLater)
        assert answer.reason == "provider_outage"


def test_nobody_to_send_to(client: httpx.Client) -> None:
    answer = RESEND.send(Outgoing(attempt_id=ATTEMPT, number=1, recipients=[]), account(), client)
    assert isinstance(answer, Refused)


@pytest.mark.parametrize(
    ("status", "name", "said", "reason", "shown"),
    [
        (422, "validation_error", "no", "validation", Status.REJECTED),
        (403, "validation_error", "The seller.example domain is not verified", "misconfigured", Status.FAILED),
        (422, "invalid_from_address", "no", "misconfigured", Status.FAILED),
        (401, "missing_api_key", "no", "authentication", Status.REJECTED),
        (403, "invalid_api_key", "no", "authentication", Status.REJECTED),
        (429, "monthly_quota_exceeded", "no", "account", Status.REJECTED),
    ],
)
def test_refusals(status: int, name: str, said: str, reason: str, shown: Status) -> None:
    answer = outcome(RawAnswer(status, {}, msgspec.json.encode({"name": name, "message": said})))
    assert answer == Refused(reason, f"HTTP {status} {name}: {said}", shown)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (429, "rate_limit_exceeded"),
        (429, "daily_quota_exceeded"),
        (409, "concurrent_idempotent_requests"),
    ],
)
def test_later(status: int, name: str) -> None:
    answer = outcome(RawAnswer(status, {"retry-after": "2"}, msgspec.json.encode({"name": name})))
    assert isinstance(answer, TryLater)
    assert (answer.reason, answer.after) == ("rate_limited", 2.0)


def test_a_key_that_was_used_with_other_words_means_that_it_may_have_been_sent(
    api: Scripted, client: httpx.Client
) -> None:
    api.answers(http(409, {"name": "invalid_idempotent_request", "message": "no"}))
    assert isinstance(RESEND.send(ONE, account(api.url), client), Unknown)


EMAIL = {"object": "email", "id": MESSAGE, "to": ["ap@payer.example"], "last_event": "bounced", "created_at": "x"}


def test_asking(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, EMAIL))
    (found,) = RESEND.status(Lookup(ATTEMPT, MESSAGE), account(api.url), client)
    assert api.received[0].path == f"/emails/{MESSAGE}"
    assert (found.status, found.reason, found.message_id) == (Status.FAILED, "hard_bounce", MESSAGE)
    assert (found.recipient, found.attempt_id, found.occurred_at) == ("ap@payer.example", ATTEMPT, None)
    (opened,) = RESEND.read_answer(RawAnswer(200, {}, msgspec.json.encode(EMAIL | {"last_event": "opened"})))
    assert (opened.status, opened.ignored) == (Status.READ, True)
    assert RESEND.status(Lookup(ATTEMPT), account(api.url), client) == []
    api.answers(http(404, {"name": "not_found"}))
    assert RESEND.status(Lookup(ATTEMPT, MESSAGE), account(api.url), client) == []
    for wrong in (http(500), http(200, b"<html>"), http(200, {})):
        api.answers(wrong)
        with pytest.raises(httpx.HTTPError):
            RESEND.status(Lookup(ATTEMPT, MESSAGE), account(api.url), client)


# against the simulator


def simulated(lab: Lab) -> Connection:
    given = {"provider": "resend", "key": "re_tests", "token": SECRET, "webhook_url": f"{lab.receiver.url}/resend"}
    lab.control("POST", "/accounts", given)
    secrets = {"api_key": "re_tests", "webhook_secret": SECRET}
    return msgspec.structs.replace(account(lab.url), secrets=secrets, open_tracking=True)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("anyone", {(Status.SENT, "processing"), (Status.DELIVERED, None)}),
        ("bounce", {(Status.SENT, "processing"), (Status.FAILED, "hard_bounce")}),
        ("full", {(Status.SENT, "processing"), (Status.FAILED, "mailbox_full")}),
        ("blocked", {(Status.SENT, "processing"), (Status.FAILED, "content_rejected")}),
        ("dropped", {(Status.FAILED, "suppressed")}),
        ("deferred", {(Status.SENT, "processing"), (Status.SENDING, "deferred"), (Status.DELIVERED, None)}),
        ("spam", {(Status.SENT, "processing"), (Status.DELIVERED, None), (Status.COMPLAINED, "complaint")}),
        ("opens", {(Status.SENT, "processing"), (Status.DELIVERED, None), (Status.READ, None)}),
        ("twice", {(Status.SENT, "processing"), (Status.DELIVERED, None)}),
    ],
)
def test_sent_told_and_asked(name: str, said: Said, lab: Lab, client: httpx.Client) -> None:
    at = simulated(lab)
    message = sent(name, at, client)
    found = heard(lab, at, len(said) * (2 if name == "twice" else 1))
    assert counting(found) == said
    expected = (message, ATTEMPT, f"{name}@payer.example")
    assert {(r.message_id, r.attempt_id, r.recipient) for r in found} == {expected}
    (asked,) = RESEND.status(Lookup(ATTEMPT, message), at, client)
    assert (asked.message_id, asked.recipient) == (message, f"{name}@payer.example")


@pytest.mark.parametrize("name", ["timeout", "crash"])
def test_after_a_lost_answer_the_next_try_sends_nothing(name: str, lab: Lab, client: httpx.Client) -> None:
    at = simulated(lab)
    assert isinstance(RESEND.send(outgoing(name), at, client), TryLater)
    again = RESEND.send(outgoing(name), at, client)
    (message,) = lab.messages(to=f"{name}@payer.example")
    assert again == Taken([HandedMessage(message["reference"], 1)])
    changed = msgspec.structs.replace(outgoing(name), text="Other words.")
    assert isinstance(RESEND.send(changed, at, client), Unknown)
    assert len(lab.messages(to=f"{name}@payer.example")) == 1


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("refused", Refused, "validation"),
        ("ratelimited", TryLater, "rate_limited"),
        ("outage", TryLater, "provider_outage"),
    ],
)
def test_answers(name: str, kind: type, reason: str | None, lab: Lab, client: httpx.Client) -> None:
    answer = RESEND.send(outgoing(name), simulated(lab), client)
    assert isinstance(answer, kind)
    assert getattr(answer, "reason", None) == reason


def test_wrong_credentials(lab: Lab, client: httpx.Client) -> None:
    answer = RESEND.send(outgoing("anyone"), account(lab.url), client)
    assert isinstance(answer, Refused)
    assert answer.reason == "authentication"
