"""Our Postmark and the simulator's."""

import httpx
import msgspec
import pytest

from adapters.providers.port import Connection, Lookup, Refused, TryLater, Unknown
from adapters.providers.registry import provider
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, NOON, connection
from tests.adapters.providers.simulated import Said, counting, heard, lab, outgoing, sent, simulator
from tests.adapters.simulator.lab import Lab

__all__ = ["lab", "simulator"]
TOKEN = "server-token-of-the-tests"


def account(lab: Lab) -> Connection:
    url = lab.receiver.url.replace("http://", "http://sendtrail:s3cr%20et@") + "/mail"
    lab.control("POST", "/accounts", {"provider": "postmark", "key": TOKEN, "webhook_url": url})
    secrets = {"server_token": TOKEN, "webhook_password": "s3cr et"}
    found = connection("postmark", secrets, api_url=lab.url, from_email="bills@seller.example")
    return msgspec.structs.replace(found, open_tracking=True)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("anyone", {(Status.DELIVERED, None)}),
        ("bounce", {(Status.FAILED, "hard_bounce")}),
        ("full", {(Status.FAILED, "mailbox_full")}),
        ("blocked", {(Status.FAILED, "blocked")}),
        ("dropped", {(Status.FAILED, "suppressed")}),
        ("deferred", {(Status.DELIVERED, None)}),
        ("spam", {(Status.DELIVERED, None), (Status.COMPLAINED, "complaint")}),
        ("opens", {(Status.DELIVERED, None), (Status.READ, None)}),
        ("twice", {(Status.DELIVERED, None)}),
    ],
)
def test_sent_and_told(name: str, said: Said, lab: Lab, client: httpx.Client) -> None:
    at = account(lab)
    message = sent(name, at, client)
    found = heard(lab, at, len(said))
    assert counting(found) == said
    expected = (message, ATTEMPT, f"{name}@payer.example")
    assert {(r.message_id, r.attempt_id, r.recipient) for r in found} == {expected}


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("refused", Refused, "suppressed"),
        ("ratelimited", TryLater, "rate_limited"),
        ("outage", Unknown, None),
        ("timeout", Unknown, None),
    ],
)
def test_answers(name: str, kind: type, reason: str | None, lab: Lab, client: httpx.Client) -> None:
    answer = provider("postmark").send(outgoing(name), account(lab), client)
    assert isinstance(answer, kind)
    assert getattr(answer, "reason", None) == reason


def test_asking(lab: Lab, client: httpx.Client) -> None:
    at = account(lab)
    message = sent("bounce", at, client)
    heard(lab, at, 1)
    for lookup in (Lookup(ATTEMPT, message), Lookup(ATTEMPT, None, "bounce@payer.example", NOON)):
        (found,) = provider("postmark").status(lookup, at, client)
        assert (found.status, found.reason, found.message_id) == (Status.FAILED, "hard_bounce", message)
    assert provider("postmark").status(Lookup(ATTEMPT, "nobody"), at, client) == []


def test_a_lost_answer_is_found_by_asking(lab: Lab, client: httpx.Client) -> None:
    at = account(lab)
    assert isinstance(provider("postmark").send(outgoing("hidden"), at, client), Unknown)
    (message,) = lab.messages(to="hidden@payer.example")
    found = provider("postmark").status(Lookup(ATTEMPT), at, client)
    assert {r.message_id for r in found} == {message["reference"]}


def test_wrong_credentials(lab: Lab, client: httpx.Client) -> None:
    stranger = msgspec.structs.replace(account(lab), secrets={"server_token": "wrong"})
    answer = provider("postmark").send(outgoing("anyone"), stranger, client)
    assert isinstance(answer, Refused)
    assert answer.reason == "authentication"
