"""What Mailgun is asked, what its answers mean, and our side against the simulator's."""

import email
import email.policy
import json
from typing import Any

import httpx
import msgspec
import pytest

from adapters.providers.mailgun.sending import form, outcome
from adapters.providers.port import Connection, Lookup, RawAnswer, Refused, Taken, TryLater, Unknown
from adapters.providers.registry import provider
from domain.status import Status
from domain.values import HandedMessage
from tests.adapters.providers.kit import ATTEMPT, NOON, NOON_UNIX, connection
from tests.adapters.providers.kit_mailgun import MESSAGE, event
from tests.adapters.providers.scripted import Received, Scripted, http
from tests.adapters.providers.simulated import Said, counting, heard, lab, outgoing, sent, simulator
from tests.adapters.providers.test_sendgrid_sending import OUTGOING
from tests.adapters.simulator.lab import Lab

__all__ = ["lab", "simulator"]
MAILGUN = provider("mailgun")


def account(url: str = "https://api.mailgun.net") -> Connection:
    settings = {"domain": "mg.seller.example", "from_email": "bills@seller.example", "from_name": 'The "Seller"'}
    return connection("mailgun", {"api_key": "key"}, api_url=url, **settings)


def parts(asked: Received) -> list[tuple[str, str | None, bytes]]:
    head = f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + asked.body, policy=email.policy.HTTP)
    found = []
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found.append((str(part.get_param("name", header="content-disposition")), part.get_filename(), content))
    return found


def test_the_request(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, {"id": f"<{MESSAGE}>", "message": "Queued. Thank you."}))
    assert MAILGUN.send(OUTGOING, account(api.url + "/"), client) == Taken([HandedMessage(MESSAGE)])
    (asked,) = api.received
    assert (asked.method, asked.target) == ("POST", "/v3/mg.seller.example/messages")
    assert asked.headers["authorization"] == "Basic YXBpOmtleQ=="
    assert parts(asked) == [
        ("from", None, b'"The \\"Seller\\"" <bills@seller.example>'),
        ("to", None, b'"Ada Payer" <ap@payer.example>'),
        ("cc", None, b"boss@payer.example"),
        ("bcc", None, b"archive@seller.example"),
        ("subject", None, "Invoice 7 – März".encode()),
        ("text", None, b"Dear Ada,\nplease find <it> attached."),
        ("v:attempt_id", None, ATTEMPT.encode()),
        ("o:tracking-opens", None, b"no"),
        ("o:tracking-clicks", None, b"no"),
        ("attachment", "Rechnung 7.pdf", b"%PDF-1.7\x00\xff"),
    ]


def test_opens_are_tracked_only_where_the_connection_says() -> None:
    found = dict(form(OUTGOING, msgspec.structs.replace(account(), open_tracking=True)))
    assert found["o:tracking-opens"] == "yes"
    assert "&lt;it&gt;" in found["html"]


@pytest.mark.parametrize(
    ("status", "said", "reason", "shown"),
    [
        (400, "to parameter is not a valid address", "validation", Status.REJECTED),
        (403, "Domain mg.seller.example is not allowed to send: disabled", "account", Status.REJECTED),
        (402, "Request Failed", "account", Status.REJECTED),
        (401, "Forbidden", "authentication", Status.REJECTED),
        (404, "Domain not found", "misconfigured", Status.FAILED),
    ],
)
def test_refusals(status: int, said: str, reason: str, shown: Status) -> None:
    for body in (json.dumps({"message": said}).encode(), said.encode()):
        answer = outcome(RawAnswer(status, {}, body))
        assert answer == Refused(reason, f"HTTP {status}: {said}", shown)
    assert isinstance(outcome(RawAnswer(500, {}, b"not allowed to send")), Unknown)


def test_asking(api: Scripted, client: httpx.Client) -> None:
    api.answers(
        http(200, {"items": [event("accepted"), event("delivered"), 7], "paging": {"next": "https://evil.example"}})
    )
    found = MAILGUN.status(Lookup(ATTEMPT, MESSAGE), account(api.url), client)
    assert (api.received[0].path, api.received[0].query) == (
        "/v3/mg.seller.example/events", {"message-id": MESSAGE, "limit": "300"},
    )  # fmt: skip
    assert [(r.status, r.event_id, r.request_id) for r in found] == [
        (Status.SENT, "accepted-id", None),
        (Status.DELIVERED, "delivered-id", None),
    ]
    assert len(api.received) == 1


def test_asking_without_a_message_id(api: Scripted, client: httpx.Client) -> None:
    other: dict[str, Any] = {"user-variables": {"attempt_id": "55f0e7de-9d1c-4a5e-8f3a-7a8a3f6d0c01"}}
    items = [event(), event(**other), event(message_id="known"), event() | {"user-variables": {}}]
    api.answers(http(200, {"items": items}))
    lookup = Lookup(ATTEMPT, None, "ap@payer.example", NOON, frozenset({"known"}))
    (found,) = MAILGUN.status(lookup, account(api.url), client)
    assert found.message_id == MESSAGE
    begin = str(NOON_UNIX - 120)
    told = {"recipient": "ap@payer.example", "begin": begin, "ascending": "yes", "limit": "300"}
    assert api.received[0].query == told
    assert MAILGUN.status(Lookup(ATTEMPT), account(api.url), client) == []


def test_asking_in_vain(api: Scripted, client: httpx.Client) -> None:
    for wrong in (http(500), http(200, b"<html>"), http(200, {}), http(401)):
        api.answers(wrong)
        with pytest.raises(httpx.HTTPError):
            MAILGUN.status(Lookup(ATTEMPT, MESSAGE), account(api.url), client)
    (reports,) = MAILGUN.read_answer(RawAnswer(200, {}, json.dumps({"id": f"<{MESSAGE}>"}).encode()))
    assert (reports.status, reports.message_id) == (Status.SENT, MESSAGE)


# against the simulator


def simulated(lab: Lab) -> Connection:
    key, token = "api-key-of-the-tests", "signing-key-of-the-tests"
    given = {"provider": "mailgun", "key": key, "token": token, "webhook_url": f"{lab.receiver.url}/mailgun"}
    lab.control("POST", "/accounts", given)
    secrets = {"api_key": key, "webhook_signing_key": token}
    return msgspec.structs.replace(account(lab.url), secrets=secrets, open_tracking=True)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("anyone", {(Status.SENT, "processing"), (Status.DELIVERED, None)}),
        ("bounce", {(Status.SENT, "processing"), (Status.FAILED, "hard_bounce")}),
        ("full", {(Status.SENT, "processing"), (Status.FAILED, "mailbox_full")}),
        ("blocked", {(Status.SENT, "processing"), (Status.FAILED, "blocked")}),
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
    for lookup in (Lookup(ATTEMPT, message), Lookup(ATTEMPT, None, f"{name}@payer.example", NOON)):
        asked = MAILGUN.status(lookup, at, client)
        assert {r.event_id for r in asked} == {r.event_id for r in found}
        assert counting(asked) == said


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("refused", Refused, "validation"),
        ("ratelimited", TryLater, "rate_limited"),
        ("outage", Unknown, None),
        ("timeout", Unknown, None),
    ],
)
def test_answers(name: str, kind: type, reason: str | None, lab: Lab, client: httpx.Client) -> None:
    answer = MAILGUN.send(outgoing(name), simulated(lab), client)
    assert isinstance(answer, kind)
    assert getattr(answer, "reason", None) == reason


def test_wrong_credentials(lab: Lab, client: httpx.Client) -> None:
    answer = MAILGUN.send(outgoing("anyone"), account(lab.url), client)
    assert isinstance(answer, Refused)
    assert answer.reason == "authentication"
