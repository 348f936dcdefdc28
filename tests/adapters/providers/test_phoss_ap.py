"""phoss AP: submitting, settling what an answer leaves open, its transactions and what it forwards."""

import json
from typing import Any

import httpx
import pytest

from adapters.providers.peppol.parties import invoice_key
from adapters.providers.port import (
    Lookup,
    ProviderReport,
    RawAnswer,
    Refused,
    Taken,
    TryLater,
    Unknown,
)
from adapters.providers.registry import provider
from domain.reports import BuyerResponse
from domain.status import Status
from domain.values import HandedMessage
from tests.adapters.providers.kit import ATTEMPT, NOON, request
from tests.adapters.providers.kit_network import outgoing, phoss_ap, ubl
from tests.adapters.providers.kit_peppol import (
    BUYER,
    INVOICE_RESPONSE,
    NUMBER,
    SELLER,
    answer,
    application_response,
    enveloped,
    invoice,
    transaction,
)
from tests.adapters.providers.scripted import CUT, HANG, Scripted, http, nobody

PHOSS = provider("phoss_ap")
KEY = invoice_key(NUMBER, seller=SELLER, buyer=BUYER)
TAKEN = Taken([HandedMessage(ATTEMPT), HandedMessage(str(KEY))])
REPORT = {
    "sbdhInstanceIdentifier": ATTEMPT,
    "as4MessageId": "as4-1@phase4",
    "as4SendingDateTime": "2026-01-15T12:00:00Z",
    "sendingResult": "SUCCESS",
    "sendingSuccess": True,
    "overallSuccess": True,
}
FAILED = {"lookupError": "no such luck", "sendingSuccess": False, "overallSuccess": False}


def read(told: Any, status: int = 200) -> list[ProviderReport]:
    return PHOSS.read_answer(RawAnswer(status, {}, json.dumps(told).encode()))


def test_the_document_is_submitted_under_the_attempts_id(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, REPORT))
    assert PHOSS.send(outgoing(), phoss_ap(api.url), client) == TAKEN
    (sent,) = api.received
    assert sent.path == "/api/outbound/submit-auto/0088%3A7300010000001/0208%3A0123456749/BE"
    assert (sent.query, sent.headers["x-token"], sent.body) == ({"sbdhInstanceID": ATTEMPT}, "token-1", invoice())
    assert sent.headers["content-type"] == "application/xml"


def test_sender_and_country_of_the_connection(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, REPORT))
    bare = ubl(invoice(seller=None, country=None))
    told = PHOSS.send(outgoing(bare), phoss_ap(api.url, sender_id="0192:991825827", country="NO"), client)
    assert told == Taken([HandedMessage(ATTEMPT)])
    assert api.received[0].path == "/api/outbound/submit-auto/0192%3A991825827/0208%3A0123456749/NO"
    for missing in ({"sender_id": "0192:991825827"}, {"country": "NO"}):
        refused = PHOSS.send(outgoing(bare), phoss_ap(api.url, **missing), client)
        assert isinstance(refused, Refused)
        assert (refused.reason, refused.status) == ("misconfigured", Status.FAILED)
    assert len(api.received) == 1


@pytest.mark.parametrize("state", ["pending", "sending", "sent", "failed", "something_new"])
@pytest.mark.parametrize("first", [http(422, FAILED), http(500), http(200, b"ok"), HANG, CUT])
def test_what_it_has_it_keeps_trying(first: object, state: str, api: Scripted, client: httpx.Client) -> None:
    api.answers(first, http(200, transaction(state)))
    assert PHOSS.send(outgoing(), phoss_ap(api.url), client) == TAKEN
    assert (api.received[1].method, api.received[1].path) == ("GET", f"/api/outbound/status/{ATTEMPT}")


@pytest.mark.parametrize(
    ("state", "words", "status", "reason"),
    [
        ("permanently_failed", "no receipt", Status.FAILED, "provider_error"),
        ("permanently_failed", "The participant ID 'x' is not registered", Status.REJECTED, "not_registered"),
        ("rejected", "BR-01", Status.REJECTED, "validation"),
        ("rejected", None, Status.REJECTED, "validation"),
    ],
)
def test_what_it_has_given_up_is_refused(
    state: str, words: str | None, status: Status, reason: str, api: Scripted, client: httpx.Client
) -> None:
    api.answers(http(422, FAILED), http(200, transaction(state, errorDetails=words)))
    assert PHOSS.send(outgoing(), phoss_ap(api.url), client) == Refused(reason, words or "no such luck", status)


@pytest.mark.parametrize("second", [http(404), http(500), HANG, http(200, {"other": 1}), http(200, b"<html>")])
@pytest.mark.parametrize("first", [HANG, http(422, FAILED)])
def test_otherwise_nobody_knows(first: object, second: object, api: Scripted, client: httpx.Client) -> None:
    api.answers(first, second)
    assert isinstance(PHOSS.send(outgoing(), phoss_ap(api.url), client), Unknown)


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (http(422, "Failed to submit outbound transaction"), "validation"),
        (http(400, "Failed to parse the receiving participant ID"), "validation"),
        (http(401, {"error": "Invalid or missing API token"}), "authentication"),
        (http(404), "misconfigured"),
    ],
)
def test_refusals_are_final(first: object, reason: str, api: Scripted, client: httpx.Client) -> None:
    api.answers(first)
    told = PHOSS.send(outgoing(), phoss_ap(api.url), client)
    assert isinstance(told, Refused)
    assert (told.reason, len(api.received)) == (reason, 1)


def test_nobody_there(api: Scripted, client: httpx.Client) -> None:
    with nobody() as url:
        assert isinstance(PHOSS.send(outgoing(), phoss_ap(url), client), TryLater)
    told = PHOSS.send(outgoing(), phoss_ap(""), client)
    assert isinstance(told, Refused)
    assert (told.reason, api.received) == ("misconfigured", [])


@pytest.mark.parametrize(
    ("state", "status", "reason", "at"),
    [
        ("pending", Status.SENT, "processing", "11:59:58"),
        ("sending", Status.SENT, "processing", None),
        ("sent", Status.SENT, None, "12:00:00"),
        ("failed", Status.SENDING, "deferred", None),
        ("permanently_failed", Status.FAILED, "provider_error", "12:00:00"),
        ("rejected", Status.REJECTED, "validation", "12:00:00"),
    ],
)
def test_states_of_the_sending(state: str, status: Status, reason: str | None, at: str | None) -> None:
    (told,) = read(transaction(state, errorDetails="so it is"))
    assert (told.status, told.reason, told.provider_event) == (status, reason, f"outbound:{state}")
    assert (told.message_id, told.attempt_id, told.recipient) == (ATTEMPT, ATTEMPT, BUYER)
    assert told.diagnostic == "so it is"
    assert (told.occurred_at.strftime("%H:%M:%S") if told.occurred_at else None) == at


@pytest.mark.parametrize(
    ("mls", "status"),
    [("received_ap", Status.DELIVERED), ("received_ab", Status.DELIVERED), ("received_re", Status.REJECTED)],
)
def test_message_level_status(mls: str, status: Status) -> None:
    sent, told = read(transaction("sent", mlsStatus=mls))
    assert (sent.status, told.status, told.provider_event) == (Status.SENT, status, f"mls:{mls}")
    assert sent.event_id != told.event_id


@pytest.mark.parametrize("mls", ["pending", "not_applicable", None])
def test_no_message_level_status_yet(mls: str | None) -> None:
    assert len(read(transaction("sent", mlsStatus=mls))) == 1


def test_words_that_nobody_knows_are_kept_and_never_count() -> None:
    first, second = read(transaction("teleported", mlsStatus="received_zz"))
    assert [(r.status, r.ignored) for r in (first, second)] == [(None, True)] * 2
    assert (first.provider_event, second.provider_event) == ("outbound:teleported", "mls:received_zz")


def test_each_failed_try_is_an_event_and_all_else_only_once() -> None:
    tries = {read(transaction("failed", attemptCount=n))[0].event_id for n in (1, 2, 3)}
    ends = {read(transaction("sent", attemptCount=n))[0].event_id for n in (1, 2, 3)}
    assert (len(tries), len(ends)) == (3, 1)


def test_answers_offline() -> None:
    (told,) = read(REPORT)
    assert (told.status, told.message_id, told.occurred_at) == (Status.SENT, ATTEMPT, NOON)
    assert [r.status for r in read([transaction("sent"), transaction("failed")])] == [Status.SENT, Status.SENDING]
    assert read([]) == []
    (told,) = read("Failed to submit outbound transaction", 422)
    assert (told.status, told.reason) == (Status.REJECTED, "validation")
    (told,) = PHOSS.read_answer(RawAnswer(200, {}, application_response(answer("AP"))))
    assert told.status is Status.DELIVERED


def test_an_invoice_response_that_it_forwards_finds_what_was_sent() -> None:
    body = enveloped(application_response(answer("RE", NUMBER), kind=INVOICE_RESPONSE))
    (told,) = PHOSS.reports(request(body, {"content-type": "application/xml"}))
    assert (told.message_id, told.buyer_response) == (KEY, BuyerResponse.REJECTED)


def test_invoices_that_it_forwards_are_not_ours() -> None:
    assert PHOSS.reports(request(enveloped(invoice()), {})) == []


def test_a_state_may_be_pushed_as_well() -> None:
    (told,) = PHOSS.reports(request(json.dumps(transaction("failed")).encode(), {}))
    assert told.status is Status.SENDING


def test_asking_by_the_envelope(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, transaction("sent", mlsStatus="received_ap")))
    for message in (None, ATTEMPT, KEY):
        found = PHOSS.status(Lookup(ATTEMPT, message), phoss_ap(api.url), client)
        assert [r.status for r in found] == [Status.SENT, Status.DELIVERED]
    assert {r.path for r in api.received} == {f"/api/outbound/status/{ATTEMPT}"}
    api.answers(http(404))
    assert PHOSS.status(Lookup(ATTEMPT), phoss_ap(api.url), client) == []
    for failure in (HANG, http(503), http(200, b"[]")):
        api.answers(failure)
        with pytest.raises(httpx.HTTPError):
            PHOSS.status(Lookup(ATTEMPT), phoss_ap(api.url), client)
