"""Our Pingen and the simulator's."""

import json
from typing import Any

import httpx
import msgspec
import pytest

from adapters.providers.port import Attachment, Connection, Lookup, Outgoing, Refused, Taken, TryLater
from adapters.providers.registry import provider
from domain.status import Status
from tests.adapters.providers import kit_pingen
from tests.adapters.providers.kit import ATTEMPT, NOON, connection
from tests.adapters.providers.simulated import Said, counting, heard, lab, simulator
from tests.adapters.simulator.lab import Lab
from tests.adapters.simulator.pages import pdf

__all__ = ["lab", "simulator"]
PINGEN = provider("pingen")
CLIENT, SECRET = "client-1", "s3cret of the tests"
HANDED = (Status.SENT, None)


def account(lab: Lab, product: str = "registered") -> Connection:
    """Every simulator is another, so that no token is remembered from the last."""
    given = {"provider": "pingen", "key": CLIENT, "token": SECRET, "webhook_url": f"{lab.receiver.url}/post"}
    lab.control("POST", "/accounts", given)
    settings = {"client_id": CLIENT, "organisation_id": kit_pingen.ORGANISATION, "delivery_product": product}
    here = {"api_url": lab.url, "identity_url": lab.url}
    return connection("pingen", {"client_secret": SECRET, "signing_key": SECRET}, **settings | here)


def letter(name: str, number: int = 1) -> Outgoing:
    page = pdf(["Ada Payer", f"c/o {name}", "Main Street 7", "1000 Brussels"], compressed=True)
    return kit_pingen.outgoing(Attachment("I-7.pdf", "application/pdf", page), number=number)


def sent(name: str, at: Connection, client: httpx.Client) -> str:
    answer = PINGEN.send(letter(name), at, client)
    assert isinstance(answer, Taken)
    return answer.messages[0].message_id


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Anyone", {HANDED, (Status.DELIVERED, None)}),
        ("Returned", {HANDED, (Status.FAILED, "returned")}),
        ("unprintable", {(Status.FAILED, "provider_error")}),
        ("inspected", {(Status.REJECTED, "validation")}),
        ("abroad", {(Status.REJECTED, "validation")}),
        ("unpaid", {(Status.SENDING, "account"), HANDED, (Status.DELIVERED, None)}),
        ("twice", {HANDED, (Status.DELIVERED, None)}),
        ("shuffled", {HANDED, (Status.DELIVERED, None)}),
    ],
)
def test_sent_told_and_asked(name: str, said: Said, lab: Lab, client: httpx.Client) -> None:
    at = account(lab)
    message = sent(name, at, client)
    found = heard(lab, at, len(said) * (2 if name == "twice" else 1))
    assert counting(found) == said
    assert {(r.message_id, r.attempt_id) for r in found} == {(message, ATTEMPT)}
    assert {r.recipient for r in found} == {f"Ada Payer, c/o {name}, Main Street 7, 1000 Brussels"}
    asked = PINGEN.status(Lookup(ATTEMPT, message), at, client)
    assert counting(asked) == said
    assert {r.event_id for r in asked} == {r.event_id for r in found}


def test_ordinary_post_is_never_said_to_be_delivered(lab: Lab, client: httpx.Client) -> None:
    at = account(lab, "cheap")
    message = sent("anyone", at, client)
    assert counting(heard(lab, at, 1)) == {HANDED}
    assert counting(PINGEN.status(Lookup(ATTEMPT, message), at, client)) == {HANDED}


def test_what_came_back_shows_where_to(lab: Lab, client: httpx.Client) -> None:
    at = account(lab)
    sent("returned", at, client)
    told = [r for r in heard(lab, at, 2) if r.status is Status.FAILED]
    assert told[0].diagnostic is not None
    assert "corrected address: Ada Payer, New Street 9, 1000 Brussels, Belgium" in told[0].diagnostic


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("refused", Refused, "validation"),
        ("ratelimited", TryLater, "rate_limited"),
        ("outage", TryLater, "provider_outage"),
        ("vanished", TryLater, "provider_outage"),
    ],
)
def test_answers(name: str, kind: type, reason: str, lab: Lab, client: httpx.Client) -> None:
    answer = PINGEN.send(letter(name), account(lab), client)
    assert isinstance(answer, kind)
    assert getattr(answer, "reason", None) == reason
    assert getattr(answer, "after", None) == (1.0 if reason == "rate_limited" else None)


@pytest.mark.parametrize("name", ["timeout", "crash"])
def test_a_lost_answer_costs_no_second_letter(name: str, lab: Lab, client: httpx.Client) -> None:
    at = account(lab)
    assert isinstance(PINGEN.send(letter(name), at, client), TryLater)
    message = sent(name, at, client)
    (kept,) = lab.messages()
    assert kept["id"] == message
    assert isinstance(PINGEN.send(letter(name, 2), at, client), TryLater)
    assert len(lab.messages()) == 2


def test_a_lost_answer_is_found_by_asking(lab: Lab, client: httpx.Client) -> None:
    at = account(lab)
    assert isinstance(PINGEN.send(letter("hidden"), at, client), TryLater)
    (kept,) = lab.messages()
    found = PINGEN.status(Lookup(ATTEMPT, sent_at=NOON), at, client)
    assert {r.message_id for r in found} == {kept["id"]}
    assert PINGEN.status(Lookup(ATTEMPT, "nobody"), at, client) == []


def test_webhooks_have_both_shapes_at_once(lab: Lab, client: httpx.Client) -> None:
    at = account(lab, "cheap")
    message = sent("anyone", at, client)
    (hook,) = lab.receiver.wait(1)
    told: dict[str, Any] = json.loads(hook.body)
    named = told["data"]["relationships"]
    assert named["letter"]["data"] == named["deliverable"]["data"] == {"type": "letters", "id": message}
    copies = {(one["type"], one["id"]) for one in told["included"] if one["type"].endswith("_events")}
    assert {kind for kind, _ in copies} == {"letters_events", "deliverables_events"}
    assert len({name for _, name in copies}) == 1


def test_wrong_credentials(lab: Lab, client: httpx.Client) -> None:
    stranger = msgspec.structs.replace(account(lab), secrets={"client_secret": "wrong", "signing_key": SECRET})
    answer = PINGEN.send(letter("anyone"), stranger, client)
    assert isinstance(answer, Refused)
    assert answer.reason == "authentication"
    assert lab.messages() == []
