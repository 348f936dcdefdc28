"""Our Brevo and the simulator's."""

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
KEY = "xkeysib-of-the-tests"


def account(lab: Lab) -> Connection:
    url = lab.receiver.url.replace("http://", "http://sendtrail:s3cr%20et@") + "/mail"
    lab.control("POST", "/accounts", {"provider": "brevo", "key": KEY, "webhook_url": url})
    secrets = {"api_key": KEY, "webhook_password": "s3cr et"}
    found = connection("brevo", secrets, api_url=f"{lab.url}/v3", from_email="bills@seller.example")
    return msgspec.structs.replace(found, open_tracking=True)


TAKEN, DELIVERED = (Status.SENT, "processing"), (Status.DELIVERED, None)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("anyone", {TAKEN, DELIVERED}),
        ("bounce", {TAKEN, (Status.FAILED, "hard_bounce")}),
        ("full", {TAKEN, (Status.FAILED, "mailbox_full")}),
        ("dropped", {(Status.FAILED, "suppressed")}),
        ("deferred", {TAKEN, (Status.SENDING, "deferred"), DELIVERED}),
        ("spam", {TAKEN, DELIVERED, (Status.COMPLAINED, "complaint")}),
        ("opens", {TAKEN, DELIVERED, (Status.READ, None)}),
        ("twice", {TAKEN, DELIVERED}),
    ],
)
def test_sent_and_told(name: str, said: Said, lab: Lab, client: httpx.Client) -> None:
    at = account(lab)
    message = sent(name, at, client)
    found = heard(lab, at, len(said) * (2 if name == "twice" else 1))
    assert counting(found) == said
    expected = (message, ATTEMPT, f"{name}@payer.example")
    assert {(r.message_id, r.attempt_id, r.recipient) for r in found} == {expected}


def test_a_machine_reads_nothing(lab: Lab, client: httpx.Client) -> None:
    at = account(lab)
    sent("machine", at, client)
    found = heard(lab, at, 3)
    assert counting(found) == {TAKEN, DELIVERED}
    assert [r.provider_event for r in found if r.ignored] == ["unique_proxy_open"]


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
    answer = provider("brevo").send(outgoing(name), account(lab), client)
    assert isinstance(answer, kind)
    assert getattr(answer, "reason", None) == reason
    assert not isinstance(answer, TryLater) or answer.after == 1


def test_asking(lab: Lab, client: httpx.Client) -> None:
    at = account(lab)
    message = sent("bounce", at, client)
    heard(lab, at, 2)
    for lookup in (Lookup(ATTEMPT, message), Lookup(ATTEMPT, None, "bounce@payer.example", NOON)):
        found = provider("brevo").status(lookup, at, client)
        assert counting(found) == {TAKEN, (Status.FAILED, "hard_bounce")}
        assert {r.message_id for r in found} == {message}
    assert provider("brevo").status(Lookup(ATTEMPT, "nobody"), at, client) == []


def test_a_lost_answer_is_found_by_asking(lab: Lab, client: httpx.Client) -> None:
    at = account(lab)
    assert isinstance(provider("brevo").send(outgoing("hidden"), at, client), Unknown)
    (message,) = lab.messages(to="hidden@payer.example")
    found = provider("brevo").status(Lookup(ATTEMPT), at, client)
    assert {r.message_id for r in found} == {message["reference"].strip("<>")}


def test_wrong_credentials(lab: Lab, client: httpx.Client) -> None:
    stranger = msgspec.structs.replace(account(lab), secrets={"api_key": "wrong"})
    answer = provider("brevo").send(outgoing("anyone"), stranger, client)
    assert isinstance(answer, Refused)
    assert answer.reason == "authentication"
