"""Storecove: looking up, submitting, its events pushed and pulled, and its evidence."""

import base64
import json
from typing import Any

import httpx
import pytest

from adapters.providers.port import (
    Lookup,
    ProviderReport,
    RawAnswer,
    Refused,
    Taken,
    TryLater,
    Unknown,
    UnreadableError,
)
from adapters.providers.registry import provider
from domain.reports import BuyerResponse
from domain.status import Status
from domain.values import HandedMessage
from tests.adapters.providers.kit import ATTEMPT, NOON, request
from tests.adapters.providers.kit_network import outgoing, storecove, ubl
from tests.adapters.providers.kit_peppol import BUYER, GUID, invoice, mlr, storecove_body
from tests.adapters.providers.scripted import CUT, HANG, Scripted, http, nobody

STORECOVE = provider("storecove")
OK, NOK = http(200, {"code": "OK", "email": False}), http(200, {"code": "NOK", "email": False})
TAKEN = http(200, {"guid": GUID})


def events(body: bytes) -> list[ProviderReport]:
    return STORECOVE.reports(request(body, {}))


def answered(status: int, body: Any) -> list[ProviderReport]:
    return STORECOVE.read_answer(RawAnswer(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode()))


# sending


def test_the_recipient_is_looked_up_and_the_document_submitted(api: Scripted, client: httpx.Client) -> None:
    api.answers(OK, TAKEN)
    assert STORECOVE.send(outgoing(), storecove(api.url), client) == Taken([HandedMessage(GUID)])
    asked, sent = api.received
    assert [r.headers["authorization"] for r in (asked, sent)] == ["Bearer key-1"] * 2
    assert (asked.path, asked.json["scheme"], asked.json["identifier"]) == (
        "/api/v2/discovery/receives",
        "BE:EN",
        BUYER.partition(":")[2],
    )
    assert (asked.json["documentTypes"], asked.json["network"]) == (["invoice"], "peppol")
    assert (sent.path, sent.json["idempotencyGuid"], sent.json["legalEntityId"]) == (
        "/api/v2/document_submissions",
        ATTEMPT,
        17,
    )
    assert sent.json["routing"] == {"eIdentifiers": [{"scheme": "BE:EN", "id": BUYER.partition(":")[2]}]}
    raw = sent.json["document"]["rawDocumentData"]
    assert (base64.b64decode(raw["document"]), raw["parseStrategy"]) == (invoice(), "ubl")


def test_a_credit_note_is_looked_up_as_one(api: Scripted, client: httpx.Client) -> None:
    api.answers(OK, TAKEN)
    STORECOVE.send(outgoing(ubl(invoice(root="CreditNote"))), storecove(api.url), client)
    assert api.received[0].json["documentTypes"] == ["creditnote"]


def test_whom_the_network_does_not_know_is_sent_nothing(api: Scripted, client: httpx.Client) -> None:
    api.answers(NOK)
    told = STORECOVE.send(outgoing(), storecove(api.url), client)
    assert isinstance(told, Refused)
    assert (told.reason, told.status, len(api.received)) == ("not_registered", Status.REJECTED, 1)


def test_the_look_up_can_be_switched_off(api: Scripted, client: httpx.Client) -> None:
    api.answers(TAKEN)
    assert isinstance(STORECOVE.send(outgoing(), storecove(api.url, lookup="off"), client), Taken)
    assert [r.path for r in api.received] == ["/api/v2/document_submissions"]


@pytest.mark.parametrize("failure", [HANG, CUT, http(500, {}), http(200, {}), http(200, b"<html>")])
def test_a_look_up_that_fails_is_tried_again_because_nothing_was_sent(
    failure: object, api: Scripted, client: httpx.Client
) -> None:
    api.answers(failure)
    told = STORECOVE.send(outgoing(), storecove(api.url), client)
    assert isinstance(told, TryLater)
    assert (told.reason, len(api.received)) == ("provider_outage", 1)


@pytest.mark.parametrize(
    ("first", "reason"),
    [(http(401), "authentication"), (http(422, [{"source": "scheme", "details": "x"}]), "validation")],
)
def test_a_look_up_that_is_refused_is_final(first: object, reason: str, api: Scripted, client: httpx.Client) -> None:
    api.answers(first)
    told = STORECOVE.send(outgoing(), storecove(api.url), client)
    assert isinstance(told, Refused)
    assert told.reason == reason


@pytest.mark.parametrize("failure", [HANG, CUT, http(500, {}), http(502), http(200, {}), http(200, b"ok")])
def test_a_lost_answer_to_a_submission_is_unknown(failure: object, api: Scripted, client: httpx.Client) -> None:
    """Its guid cannot be tried again: a repeated one is refused like an invalid document."""
    api.answers(OK, failure)
    assert isinstance(STORECOVE.send(outgoing(), storecove(api.url), client), Unknown)
    assert len(api.received) == 2


def test_nobody_there(client: httpx.Client) -> None:
    with nobody() as url:
        told = STORECOVE.send(outgoing(), storecove(url), client)
    assert isinstance(told, TryLater)
    assert told.reason == "provider_outage"


def test_a_refused_document_says_why(api: Scripted, client: httpx.Client) -> None:
    errors = [{"source": "document", "details": "BR-01 is broken"}, {"source": "routing", "details": "no identifier"}]
    api.answers(OK, http(422, errors))
    told = STORECOVE.send(outgoing(), storecove(api.url), client)
    assert told == Refused("validation", "HTTP 422: document: BR-01 is broken\nrouting: no identifier")


def test_a_guid_that_was_submitted_before_is_no_refusal(api: Scripted, client: httpx.Client) -> None:
    api.answers(OK, http(422, [{"source": "idempotency_guid", "details": "has already been taken"}]))
    assert isinstance(STORECOVE.send(outgoing(), storecove(api.url), client), Unknown)


def test_too_many_requests_waits_as_long_as_it_says(api: Scripted, client: httpx.Client) -> None:
    api.answers(OK, http(429, {}, {"Retry-After": "7"}))
    told = STORECOVE.send(outgoing(), storecove(api.url), client)
    assert isinstance(told, TryLater)
    assert (told.reason, told.after) == ("rate_limited", 7)


@pytest.mark.parametrize(
    "settings", [{"legal_entity_id": ""}, {"legal_entity_id": "one"}, {"schemes": "0208"}, {"schemes": "=BE:EN"}]
)
def test_what_the_connection_lacks(settings: dict[str, str], api: Scripted, client: httpx.Client) -> None:
    told = STORECOVE.send(outgoing(), storecove(api.url, **settings), client)
    assert isinstance(told, Refused)
    assert (told.reason, told.status, api.received) == ("misconfigured", Status.FAILED, [])


@pytest.mark.parametrize(
    ("address", "schemes", "scheme"),
    [
        ("0192:991825827", "", "NO:ORG"),
        ("0199:abc", "", "0199"),
        ("0199:abc", "0199=LEI, 0192=X", "LEI"),
        ("0208:0123456749", "0208=0208", "0208"),
        ("DE:VAT:DE811907980", "", "DE:VAT"),
    ],
)
def test_schemes_by_storecoves_names(
    address: str, schemes: str, scheme: str, api: Scripted, client: httpx.Client
) -> None:
    api.answers(OK, TAKEN)
    STORECOVE.send(outgoing(to=address), storecove(api.url, schemes=schemes), client)
    assert api.received[1].json["routing"]["eIdentifiers"][0] == {"scheme": scheme, "id": address.rpartition(":")[2]}


def test_without_a_document_nothing_is_asked(api: Scripted, client: httpx.Client) -> None:
    told = STORECOVE.send(outgoing(ubl(b"no")), storecove(api.url), client)
    assert isinstance(told, Refused)
    assert api.received == []


# events


@pytest.mark.parametrize(
    ("word", "status", "reason", "buyer"),
    [
        ("cleared", Status.SENT, "processing", None),
        ("succeeded", Status.SENT, None, None),
        ("failed", Status.FAILED, "provider_error", None),
        ("no_action_taken", Status.REJECTED, "not_registered", None),
        ("acknowledged", Status.DELIVERED, None, None),
        ("in_process", Status.READ, None, BuyerResponse.IN_PROCESS),
        ("under_query", Status.READ, "under_query", BuyerResponse.UNDER_QUERY),
        ("conditionally_accepted", Status.READ, None, BuyerResponse.CONDITIONALLY_ACCEPTED),
        ("rejected", Status.READ, "buyer_refused", BuyerResponse.REJECTED),
        ("accepted", Status.READ, None, BuyerResponse.ACCEPTED),
        ("paid", Status.READ, None, BuyerResponse.PAID),
    ],
)
def test_what_events_mean(word: str, status: Status, reason: str | None, buyer: BuyerResponse | None) -> None:
    (told,) = events(storecove_body(word, details="so it is"))
    assert (told.status, told.reason, told.buyer_response) == (status, reason, buyer)
    assert (told.message_id, told.attempt_id, told.provider_event) == (GUID, ATTEMPT, word)
    assert told.diagnostic == "so it is"


def test_an_event_that_is_pulled_is_the_one_that_would_have_been_pushed() -> None:
    pulled = {"guid": "0a8c-instance", "body": storecove_body("paid").decode()}
    assert answered(200, pulled) == answered(200, storecove_body("paid")) == events(json.dumps(pulled).encode())
    assert events(json.dumps([pulled, pulled]).encode()) == events(storecove_body("paid")) * 2
    assert answered(204, b"") == []


def test_a_moment_is_taken_where_there_is_one() -> None:
    (told,) = events(storecove_body("paid", timestamp="2026-01-15T12:00:00Z"))
    assert told.occurred_at == NOON


def test_other_kinds_of_events() -> None:
    assert events(storecove_body("received", event_type="received_document")) == []
    (told,) = events(storecove_body("paid", event_type="legal_entity"))
    assert (told.status, told.ignored, told.provider_event) == (None, True, "legal_entity:paid")


def test_an_answer_forwarded_as_xml_is_read_too() -> None:
    (told,) = events(mlr("AP"))
    assert told.status is Status.DELIVERED


def test_a_body_that_is_not_theirs() -> None:
    with pytest.raises(UnreadableError):
        events(b'{"body": "{}", "guid": "x"}')


# asking

EVIDENCE = {"guid": GUID, "network": "peppol", "evidence": {"message_id": "m-1", "timestamp": "2026-01-15T12:00:00Z"}}


def test_evidence_proves_that_it_was_sent(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, EVIDENCE))
    (told,) = STORECOVE.status(Lookup(ATTEMPT, GUID), storecove(api.url), client)
    assert (told.status, told.message_id, told.attempt_id, told.occurred_at) == (Status.SENT, GUID, ATTEMPT, NOON)
    assert api.received[0].path == f"/api/v2/document_submissions/{GUID}/evidence/sending"
    assert told.diagnostic == "network: peppol, message: m-1"


def test_there_is_none_until_it_was_sent(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(404, {}))
    assert STORECOVE.status(Lookup(ATTEMPT, GUID), storecove(api.url), client) == []
    assert STORECOVE.status(Lookup(ATTEMPT, None, BUYER, NOON), storecove(api.url), client) == []
    assert len(api.received) == 1


@pytest.mark.parametrize("failure", [HANG, http(500), http(200, b"<html>"), http(200, {"other": 1})])
def test_what_cannot_be_asked_now(failure: object, api: Scripted, client: httpx.Client) -> None:
    api.answers(failure)
    with pytest.raises(httpx.HTTPError):
        STORECOVE.status(Lookup(ATTEMPT, GUID), storecove(api.url), client)


def test_answers_offline() -> None:
    (told,) = answered(200, {"guid": GUID})
    assert (told.status, told.message_id, told.reason) == (Status.SENT, GUID, "processing")
    (told,) = answered(422, [{"source": "document", "details": "no"}])
    assert (told.status, told.reason) == (Status.REJECTED, "validation")
    (told,) = answered(200, EVIDENCE)
    assert told.status is Status.SENT
