"""A sender connected by configuration alone: its words and paths, given as settings."""

import json
from typing import Any

import httpx
import pytest

from adapters.providers.port import (
    Connection,
    Lookup,
    MisconfiguredError,
    ProviderReport,
    RawAnswer,
    Refused,
    UnreadableError,
)
from adapters.providers.registry import provider, reports_of
from adapters.providers.standard_webhooks.mapping import OURS, find, mapped, ours
from domain.reasons import REASONS
from domain.reports import BuyerResponse
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, NOON, connection, request
from tests.adapters.providers.kit_resend import SECRET, sign
from tests.adapters.providers.kit_standard_webhooks import MESSAGE, event
from tests.adapters.providers.test_sendgrid_sending import OUTGOING

PIGEONS = {
    "events": "coo.arrived=delivered, coo.lost = undelivered,coo.shot=rejected:validation\nCoo.Seen=read,"
    "coo.paid=buyer:paid",
    "event_path": "what",
    "message_id_path": "bird.ring",
    "recipient_path": "bird.to, bird.for.0.name",
    "time_path": "at",
    "attempt_path": "note",
    "details_path": "why, bird.state",
    "machine_path": "automatic",
}


def account(**settings: Any) -> Connection:
    return connection("standard_webhooks", {"webhook_secret": SECRET}, **settings)


def told(body: object, **settings: Any) -> list[ProviderReport]:
    content = json.dumps(body).encode()
    sent = request(content, sign(content, family="webhook"))
    provider("standard_webhooks").verify(sent, account(**settings))
    return reports_of(sent, account(**settings))


def pigeon(word: str = "coo.arrived", **said: Any) -> dict[str, Any]:
    bird = {"ring": MESSAGE, "to": "dovecote 7", "state": "tired"}
    return {"what": word, "bird": bird, "at": "2026-01-15T13:00:00+01:00", "note": ATTEMPT} | said


@pytest.mark.parametrize(
    ("word", "status", "reason", "buyer"),
    [
        ("coo.arrived", Status.DELIVERED, None, None),
        ("COO.lost", Status.FAILED, "undelivered", None),
        ("coo.shot", Status.REJECTED, "validation", None),
        ("coo.seen", Status.READ, None, None),
        ("coo.paid", Status.READ, None, BuyerResponse.PAID),
        ("coo.new", None, None, None),
        ("arrived", None, None, None),
        ("x.delivered", None, None, None),
    ],
)
def test_its_words_and_paths(word: str, status: Status | None, reason: str | None, buyer: BuyerResponse | None) -> None:
    (found,) = told(pigeon(word, why="rain"), **PIGEONS)
    assert (found.status, found.reason, found.buyer_response) == (status, reason, buyer)
    assert (found.ignored, found.provider_event, found.event_id) == (status is None, word, "msg_1")
    assert (found.message_id, found.recipient, found.attempt_id) == (MESSAGE, "dovecote 7", ATTEMPT)
    assert (found.occurred_at, found.diagnostic) == (NOON, "rain\ntired")


def test_a_machine_that_opens_never_counts() -> None:
    for automatic in (True, "true", 1):
        (found,) = told(pigeon("coo.seen", automatic=automatic), **PIGEONS)
        assert (found.status, found.ignored, found.is_open) == (Status.READ, True, True)
    (person,) = told(pigeon("coo.seen", automatic=False), **PIGEONS)
    assert (person.ignored, person.is_open) == (False, True)


def test_the_first_path_that_is_filled_counts() -> None:
    (found,) = told(pigeon(bird={"for": [{"name": "loft 3"}]}), **PIGEONS)
    assert found.recipient == "loft 3"


def test_several_recipients_and_several_events() -> None:
    found = told(event(recipient=["a@b.example", "c@d.example", "a@b.example", 7, None]))
    assert [(r.recipient, r.event_id) for r in found] == [
        ("a@b.example", "msg_1"), ("c@d.example", "msg_1.1"), ("7", "msg_1.2"),
    ]  # fmt: skip
    batch = {"list": {"events": [event("p.sent"), {"no": "event"}, event("p.opened")]}}
    listed = told(batch, items_path="list.events")
    assert [(r.provider_event, r.event_id, r.ignored) for r in listed] == [
        ("p.sent", "msg_1", False), ("malformed", "msg_1.1", True), ("p.opened", "msg_1.2", False),
    ]  # fmt: skip
    unreadable: list[dict[str, Any]] = [{"list": {}}, {"list": {"events": {}}}, {"list": {"events": [{}] * 1001}}]
    for wrong in unreadable:
        with pytest.raises(UnreadableError):
            told(wrong, items_path="list.events")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("email.delivered", Status.DELIVERED),
        ("delivered", Status.DELIVERED),
        ("email.delivery_delayed", Status.SENDING),
        ("email.bounced", Status.FAILED),
        ("sms.undelivered", None),
    ],
)
def test_without_a_mapping_the_last_part_of_the_word_counts(word: str, status: Status | None) -> None:
    (found,) = told(event(word))
    assert found.status is status


def test_a_mapping_may_be_an_object() -> None:
    (found,) = told(pigeon(), **(PIGEONS | {"events": {"coo.arrived": "sent"}}))
    assert found.status is Status.SENT


def test_all_our_words_can_be_said() -> None:
    assert {ours(word).reason for word in REASONS} == set(REASONS)
    assert {ours(f"buyer:{one}").buyer_response for one in BuyerResponse} == set(BuyerResponse)
    assert all(ours(word) is told for word, told in OURS.items())


@pytest.mark.parametrize(
    "wrong", ["coo.arrived=landed", "coo.arrived", "=sent", "a=", "a=buyer:rich", "a=rejected:x", "a=sent:x"]
)
def test_a_mapping_that_makes_no_sense(wrong: str) -> None:
    """Nothing is answered 2xx and then lost: the sender comes back when the settings are right."""
    with pytest.raises(MisconfiguredError):
        told(pigeon(), events=wrong)
    with pytest.raises(UnreadableError, match="events"):
        reports_of(request(b"{}", {}), account(events=wrong))


def test_paths() -> None:
    tree = {"a": {"b": [{"c": 1}, {"c": 2}]}, "a.b": 3}
    assert (find(tree, "a.b.1.c"), find(tree, "a.b.2.c"), find(tree, "a.b.x"), find(tree, "a.c.d")) == (
        2,
        None,
        None,
        None,
    )
    assert find([1], "-1") is None
    assert mapped({}).items is None


def test_nothing_is_sent_or_asked_over_it() -> None:
    chosen = provider("standard_webhooks")
    with httpx.Client() as http:
        answer = chosen.send(OUTGOING, account(), http)
        assert isinstance(answer, Refused)
        assert answer.reason == "misconfigured"
        assert chosen.status(Lookup(ATTEMPT), account(), http) == []
    assert not chosen.sends
    with pytest.raises(UnreadableError):
        chosen.read_answer(RawAnswer(200, {}, b"{}"))
