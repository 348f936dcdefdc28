"""Recommand: verifying, sending, and its webhooks."""

import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest

from adapters.providers.peppol.parties import invoice_key
from adapters.providers.port import (
    BadSignatureError,
    MisconfiguredError,
    ProviderReport,
    Refused,
    Taken,
    TryLater,
    Unknown,
)
from adapters.providers.registry import provider
from domain.status import Status
from domain.values import HandedMessage
from tests.adapters.providers.kit import TOKEN, connection, request
from tests.adapters.providers.kit_network import outgoing, recommand, ubl
from tests.adapters.providers.kit_peppol import (
    BUYER,
    DOCUMENT,
    NUMBER,
    SELLER,
    invoice,
    recommand_body,
)
from tests.adapters.providers.scripted import CUT, HANG, Scripted, http, nobody

RECOMMAND = provider("recommand")
KEY = str(invoice_key(NUMBER, seller=SELLER, buyer=BUYER))
VALID, INVALID = http(200, {"success": True, "isValid": True}), http(200, {"success": True, "isValid": False})
SENT = {"success": True, "id": DOCUMENT, "sentOverPeppol": True, "envelopeId": "env-1", "deliveryStatus": "pending"}


def events(body: bytes) -> list[ProviderReport]:
    return RECOMMAND.reports(request(body, {}))


# sending


def test_the_recipient_is_verified_and_the_document_sent_as_it_is(api: Scripted, client: httpx.Client) -> None:
    api.answers(VALID, http(200, SENT))
    taken = Taken([HandedMessage(DOCUMENT), HandedMessage(KEY)])
    assert RECOMMAND.send(outgoing(), recommand(api.url), client) == taken
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
