"""What Recommand says when it is asked: its documents, and the answers that came in for them."""

import json
from typing import Any

import httpx
import pytest

from adapters.providers.peppol.parties import invoice_key
from adapters.providers.port import Lookup, ProviderReport, RawAnswer
from adapters.providers.recommand.asking import PAGE
from adapters.providers.registry import provider
from domain.reports import BuyerResponse
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, NOON, request
from tests.adapters.providers.kit_network import recommand
from tests.adapters.providers.kit_peppol import (
    BUYER,
    DOCUMENT,
    INVOICE_RESPONSE,
    NUMBER,
    SELLER,
    answer,
    application_response,
    invoice,
    mlr,
    recommand_body,
)
from tests.adapters.providers.scripted import HANG, Scripted, http

RECOMMAND = provider("recommand")
KEY = invoice_key(NUMBER, seller=SELLER, buyer=BUYER)
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
    assert asked(api, client)[0].event_id == RECOMMAND.reports(request(recommand_body("delivered"), {}))[0].event_id


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
    assert {(r.message_id, r.attempt_id) for r in (sent, level)} == {(DOCUMENT, ATTEMPT)}
    assert (buyer.message_id, buyer.attempt_id) == (KEY, None)  # it names the invoice, whichever attempt that was
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
