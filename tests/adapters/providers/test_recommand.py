"""Recommand: verifying, sending, its webhooks, and its documents with the answers that came in for them."""

import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest

from adapters.providers.port import (
    BadSignatureError,
    Lookup,
    MisconfiguredError,
    ProviderReport,
    RawAnswer,
    Refused,
    Taken,
    TryLater,
    Unknown,
)
from adapters.providers.recommand.asking import PAGE
from adapters.providers.registry import provider
from domain.reports import BuyerResponse
from domain.status import Status
from domain.values import HandedMessage
from tests.adapters.providers.kit import ATTEMPT, NOON, TOKEN, connection, request
from tests.adapters.providers.kit_network import outgoing, recommand, ubl
from tests.adapters.providers.kit_peppol import (
    BUYER,
    DOCUMENT,
    INVOICE_RESPONSE,
    NUMBER,
    answer,
    application_response,
    invoice,
    mlr,
    recommand_body,
)
from tests.adapters.providers.scripted import CUT, HANG, Scripted, http, nobody

RECOMMAND = provider("recommand")
VALID, INVALID = http(200, {"success": True, "isValid": True}), http(200, {"success": True, "isValid": False})
SENT = {"success": True, "id": DOCUMENT, "sentOverPeppol": True, "envelopeId": "env-1", "deliveryStatus": "pending"}
RESPONSE_TYPE = "urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2::ApplicationResponse##x::2.1"


def document(**said: Any) -> dict[str, Any]:
    given = {
        "id": DOCUMENT,
        "direction": "outgoing",
        "receiverId": BUYER,
        "docTypeId": "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2::Invoice##x::2.1",
        "createdAt": "2026-01-15T12:00:00.000Z",
        "sentOverPeppol": True,
        "envelopeId": "env-1",
        "xml": invoice().decode(),
    }
    return given | said


def incoming(name: str, xml: bytes, **said: Any) -> dict[str, Any]:
    return document(id=name, direction="incoming", docTypeId=RESPONSE_TYPE, xml=xml.decode(), **said)


def delivery(status: str = "delivered", **said: Any) -> dict[str, Any]:
    given = {"id": "del_1", "channel": "peppol", "address": BUYER, "status": status}
    return given | {"statusChangedAt": "2026-01-15T12:00:00.000Z", "failure": None} | said


def page(*documents: dict[str, Any]) -> bytes:
    return http(200, {"success": True, "documents": [{k: v for k, v in d.items() if k != "xml"} for d in documents]})


def whole(found: dict[str, Any]) -> bytes:
    return http(200, {"success": True, "document": found})


def asked(api: Scripted, client: httpx.Client, lookup: Lookup | None = None) -> list[ProviderReport]:
    return RECOMMAND.status(lookup or Lookup(ATTEMPT, DOCUMENT), recommand(api.url), client)


def events(body: bytes) -> list[ProviderReport]:
    return RECOMMAND.reports(request(body, {}))


# sending


def test_the_recipient_is_verified_and_the_document_sent_as_it_is(api: Scripted, client: httpx.Client) -> None:
    api.answers(VALID, http(200, SENT))
    assert RECOMMAND.send(outgoing(), recommand(api.url), client) == Taken([HandedMessage(DOCUMENT)])
    verified, sent = api.received
    assert (verified.path, verified.json) == ("/api/v1/verify", {"peppolAddress": BUYER})
    assert sent.path == "/api/v1/c_1/send"
    assert sent.headers["authorization"] == verified.headers["authorization"] == "Basic a2V5XzE6c2VjcmV0XzE="
    assert sent.json == {"recipient": BUYER, "documentType": "xml", "document": invoice().decode()}


def test_whom_the_network_does_not_know_is_sent_nothing(api: Scripted, client: httpx.Client) -> None:
    api.answers(INVALID)
    told = RECOMMAND.send(outgoing(), recommand(api.url), client)
    assert isinstance(told, Refused)
    assert (told.reason, told.status, len(api.received)) == ("not_registered", Status.REJECTED, 1)


def test_the_look_up_can_be_switched_off(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, SENT))
    assert isinstance(RECOMMAND.send(outgoing(), recommand(api.url, lookup="off"), client), Taken)
    assert len(api.received) == 1


@pytest.mark.parametrize("failure", [HANG, CUT, http(500), http(200, {"success": True}), http(429)])
def test_a_look_up_that_fails_is_tried_again(failure: object, api: Scripted, client: httpx.Client) -> None:
    api.answers(failure)
    assert isinstance(RECOMMAND.send(outgoing(), recommand(api.url), client), TryLater)
    assert len(api.received) == 1


@pytest.mark.parametrize("failure", [HANG, CUT, http(500), http(200, {"success": True}), http(200, b"ok")])
def test_a_lost_answer_to_a_sending_is_unknown(failure: object, api: Scripted, client: httpx.Client) -> None:
    api.answers(VALID, failure)
    assert isinstance(RECOMMAND.send(outgoing(), recommand(api.url), client), Unknown)


@pytest.mark.parametrize(
    ("status", "errors", "reason", "outcome", "words"),
    [
        (422, {"root": ["not reached"]}, "undelivered", Status.FAILED, "HTTP 422: not reached"),
        (400, {"root": ["bad"], "BT-1": ["a", "b"]}, "validation", Status.REJECTED, "HTTP 400: bad\nBT-1: a; b"),
        (401, "Unauthorized", "authentication", Status.REJECTED, 'HTTP 401: "Unauthorized"'),
        (413, {}, "too_large", Status.REJECTED, None),
    ],
)
def test_refusals(
    status: int, errors: Any, reason: str, outcome: Status, words: str | None, api: Scripted, client: httpx.Client
) -> None:
    api.answers(VALID, http(status, {"success": False, "errors": errors}))
    told = RECOMMAND.send(outgoing(), recommand(api.url), client)
    assert isinstance(told, Refused)
    assert (told.reason, told.status) == (reason, outcome)
    assert words in (None, told.detail)


def test_another_encoding_than_the_one_of_json(api: Scripted, client: httpx.Client) -> None:
    api.answers(VALID, http(200, SENT))
    told = RECOMMAND.send(outgoing(ubl(invoice("F-\u00e9").decode().encode("utf-16"))), recommand(api.url), client)
    assert isinstance(told, Refused)
    assert told.reason == "validation"


def test_nobody_there_and_nothing_set_up(api: Scripted, client: httpx.Client) -> None:
    with nobody() as url:
        assert isinstance(RECOMMAND.send(outgoing(), recommand(url), client), TryLater)
    told = RECOMMAND.send(outgoing(), recommand(api.url, company_id=""), client)
    assert isinstance(told, Refused)
    assert (told.reason, api.received) == ("misconfigured", [])


# webhooks


def test_a_signed_webhook_is_held_to_its_signature() -> None:
    body, at = recommand_body(), connection("recommand", {"webhook_password": TOKEN})
    signature = "sha256=" + hmac.new(TOKEN.encode(), body, hashlib.sha256).hexdigest()
    RECOMMAND.verify(request(body, {"x-signature": signature}), at)
    for wrong in (signature[:-1], signature.upper(), "sha256=", "\ud800", ""):
        with pytest.raises(BadSignatureError):
            RECOMMAND.verify(request(body, {"x-signature": wrong, "x-webhook-secret": TOKEN}), at)
    with pytest.raises(BadSignatureError):
        RECOMMAND.verify(request(body + b" ", {"x-signature": signature}), at)
    with pytest.raises(MisconfiguredError):
        RECOMMAND.verify(request(body, {"x-signature": signature}), connection("recommand", {}))


@pytest.mark.parametrize(
    ("status", "category", "expected", "reason"),
    [
        ("pending", None, Status.SENT, "processing"),
        ("delivered", None, Status.DELIVERED, None),
        ("failed", None, Status.FAILED, "provider_error"),
        ("failed", "other", Status.FAILED, "provider_error"),
        ("failed", "recipient_not_found", Status.REJECTED, "not_registered"),
        ("failed", "document_not_supported", Status.REJECTED, "not_registered"),
        ("failed", "validation", Status.REJECTED, "validation"),
        ("failed", "transport", Status.FAILED, "undelivered"),
        ("failed", "recipient_rejected", Status.REJECTED, "content_rejected"),
        ("failed", "duplicate", Status.REJECTED, "duplicate"),
        ("failed", "something_new", Status.FAILED, "provider_error"),
    ],
)
def test_what_became_of_a_delivery(status: str, category: str | None, expected: Status, reason: str | None) -> None:
    failure = {"category": category, "message": "so it is", "providerCode": "TXE-1"} if category else None
    (told,) = events(recommand_body(status, failure=failure))
    assert (told.status, told.reason, told.message_id, told.recipient) == (expected, reason, DOCUMENT, BUYER)
    assert told.diagnostic_code == ("TXE-1" if category else None)


def test_an_email_besides_is_not_the_delivery() -> None:
    (told,) = events(recommand_body("delivered", channel="email", address="ap@payer.example"))
    assert (told.status, told.ignored, told.recipient) == (None, True, None)


@pytest.mark.parametrize(
    ("status", "expected"), [("delivered", Status.DELIVERED), ("pending", Status.SENT), (None, Status.SENT)]
)
def test_a_document_that_was_sent(status: str | None, expected: Status) -> None:
    body = {"eventType": "document.sent", "documentId": DOCUMENT, "teamId": "t", "companyId": "c"}
    (told,) = events(json.dumps(body | {"deliveryStatus": status}).encode())
    assert (told.status, told.message_id) == (expected, DOCUMENT)


def test_what_is_not_about_anything_we_sent() -> None:
    for word in ("document.received", "document.reporting_status_changed", "company.verification"):
        assert events(json.dumps({"eventType": word, "documentId": "doc_2"}).encode()) == []
    (told,) = events(json.dumps({"eventType": "document.label.assigned", "documentId": DOCUMENT}).encode())
    assert (told.status, told.ignored, told.message_id) == (None, True, DOCUMENT)


# asking


def test_a_document_with_its_deliveries(api: Scripted, client: httpx.Client) -> None:
    api.answers(whole(document(deliveries=[delivery(), delivery(id="del_2", channel="email")])), page())
    told, mail = asked(api, client)
    assert (told.status, told.message_id, told.attempt_id, told.occurred_at) == (
        Status.DELIVERED,
        DOCUMENT,
        ATTEMPT,
        NOON,
    )
    assert (mail.status, mail.ignored) == (None, True)
    assert api.received[0].path == f"/api/v1/documents/{DOCUMENT}"


def test_what_was_called_back_and_what_was_asked_for_is_one_event(api: Scripted, client: httpx.Client) -> None:
    api.answers(whole(document(deliveries=[delivery()])), page())
    assert asked(api, client)[0].event_id == events(recommand_body("delivered"))[0].event_id


def test_an_older_document_only_says_that_it_went_out(api: Scripted, client: httpx.Client) -> None:
    api.answers(whole(document()), page())
    (told,) = asked(api, client)
    assert (told.status, told.occurred_at, told.recipient) == (Status.SENT, NOON, BUYER)
    api.answers(whole(document(sentOverPeppol=False)), page())
    assert asked(api, client) == []


def test_answers_that_came_in_are_found_by_envelope_and_by_invoice(api: Scripted, client: httpx.Client) -> None:
    accepted = application_response(answer("AP", NUMBER), kind=INVOICE_RESPONSE)
    strange = application_response(answer("RE", "F-other"), kind=INVOICE_RESPONSE)
    found = [
        incoming("doc_2", mlr("AP", attempt_id="env-1")),
        incoming("doc_3", accepted),
        incoming("doc_4", strange),
        incoming("doc_5", mlr("RE", attempt_id="env-2")),
    ]
    api.answers(whole(document(deliveries=[])), page(*found, document(id="doc_6")), *map(whole, found))
    sent, level, buyer = asked(api, client)
    assert (sent.status, level.status, buyer.status) == (Status.SENT, Status.DELIVERED, Status.READ)
    assert buyer.buyer_response is BuyerResponse.ACCEPTED
    assert {(r.message_id, r.attempt_id) for r in (sent, level, buyer)} == {(DOCUMENT, ATTEMPT)}
    assert [r.path for r in api.received[2:]] == [f"/api/v1/documents/doc_{n}" for n in (2, 3, 4, 5)]


def test_incoming_documents_are_asked_for_page_by_page(api: Scripted, client: httpx.Client) -> None:
    full = page(*[document(id=f"doc_{n}") for n in range(PAGE)])
    api.answers(whole(document()), full, page())
    asked(api, client)
    queries = [r.query for r in api.received[1:]]
    assert [q["page"] for q in queries] == ["1", "2"]
    assert {q["direction"] for q in queries} == {"incoming"}
    assert {q["from"] for q in queries} == {"2026-01-15T11:58:00+00:00"}


def test_a_lost_answer_is_found_if_only_one_can_be_it(api: Scripted, client: httpx.Client) -> None:
    lookup = Lookup(ATTEMPT, None, BUYER, NOON)
    other = document(id="doc_other", receiverId="0088:9")
    api.answers(page(document(), other), whole(document()), page())
    assert {r.message_id for r in asked(api, client, lookup)} == {DOCUMENT}
    assert api.received[0].query["to"] == "2026-01-15T12:15:00+00:00"
    api.answers(page(document(), document(id="doc_twin")))
    assert asked(api, client, lookup) == []
    api.answers(page(document()))
    assert asked(api, client, Lookup(ATTEMPT, None, BUYER, NOON, frozenset({DOCUMENT}))) == []
    assert asked(api, client, Lookup(ATTEMPT)) == []


def test_what_is_not_there_and_what_cannot_be_asked_now(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(404, {"success": False}))
    assert asked(api, client) == []
    for failure in (HANG, http(500), http(200, {"success": True}), http(200, b"<html>")):
        api.answers(failure)
        with pytest.raises(httpx.HTTPError):
            asked(api, client)
    api.answers(whole(document()), http(200, {"success": True}))
    with pytest.raises(httpx.HTTPError):
        asked(api, client)


def test_answers_offline() -> None:
    def read(body: dict[str, Any], status: int = 200) -> list[ProviderReport]:
        return RECOMMAND.read_answer(RawAnswer(status, {}, json.dumps(body).encode()))

    (told,) = read(SENT)
    assert (told.status, told.message_id) == (Status.SENT, DOCUMENT)
    (told,) = read(SENT | {"deliveries": [delivery("delivered")]})
    assert told.status is Status.DELIVERED
    (told,) = read({"success": False, "errors": {"root": ["no"]}}, 422)
    assert (told.status, told.reason) == (Status.FAILED, "undelivered")
    assert read({"success": True, "documents": []}) == []
    first, second = read({"documents": [document(), incoming("doc_2", mlr("RE"))]})
    assert (first.status, second.status) == (Status.SENT, Status.REJECTED)
