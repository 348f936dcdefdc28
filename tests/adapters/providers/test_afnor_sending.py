"""Giving an invoice to a platform, over real HTTP."""

import hashlib
import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import httpx
import msgspec
import pytest

from adapters.providers.port import Outgoing, Refused, Taken, TryLater, Unknown
from adapters.providers.registry import provider
from domain.status import Status
from domain.values import HandedMessage
from tests.adapters.providers.flow_service import at, token
from tests.adapters.providers.kit import ATTEMPT
from tests.adapters.providers.kit_france import FLOW, SELLER, invoice, outgoing
from tests.adapters.providers.scripted import CUT, CUT_IN_ANSWER, HANG, Received, Scripted, http

AFNOR = provider("afnor")
TAKEN = http(202, {"flowId": FLOW, "submittedAt": "2026-01-15T12:00:00Z", "name": "invoice.xml", "flowSyntax": "UBL"})


def parts(told: Received) -> dict[str, Any]:
    """The multipart body as another parser reads it: name to (content type, file name, bytes)."""
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + told.headers["content-type"].encode() + b"\r\n\r\n" + told.body
    )
    return {
        str(one.get_param("name", header="content-disposition")): (
            one.get_content_type(),
            one.get_filename(),
            one.get_payload(decode=True),
        )
        for one in message.iter_parts()
    }


def test_a_flow_as_the_standard_says(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), TAKEN)
    answer = AFNOR.send(outgoing(), at(api), client)
    key = f"invoice:{SELLER}:fa-2026-0017"
    assert answer == Taken([HandedMessage(FLOW), HandedMessage(key)])
    asked, sent = api.received
    assert (asked.path, asked.form["grant_type"]) == ("/token", "client_credentials")
    assert (sent.method, sent.path) == ("POST", "/flow-service/v1/flows")
    assert sent.headers["authorization"] == "Bearer bearer-1"
    assert "organization-id" not in sent.headers
    found = parts(sent)
    assert found["file"] == ("application/xml", "invoice.xml", invoice())
    assert found["flowInfo"][0] == "application/json"
    assert json.loads(found["flowInfo"][2]) == {
        "name": "invoice.xml",
        "flowSyntax": "UBL",
        "trackingId": ATTEMPT,
        "sha256": hashlib.sha256(invoice()).hexdigest(),
    }
    assert len(ATTEMPT) <= 64


def test_what_a_connection_may_add(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), TAKEN)
    told = {"flow_profile": "CIUS", "processing_rule": "B2B", "organization_id": "org-7", "syntax": "factur-x"}
    answer = AFNOR.send(outgoing(b"%PDF-1.7", kind="application/pdf"), at(api, scope="flows", **told), client)
    assert answer == Taken([HandedMessage(FLOW)])  # nothing names the invoice in a PDF
    asked, sent = api.received
    assert asked.form["scope"] == "flows"
    assert sent.headers["organization-id"] == "org-7"
    information = json.loads(parts(sent)["flowInfo"][2])
    assert (information["flowSyntax"], information["flowProfile"]) == ("Factur-X", "CIUS")
    assert information["processingRule"] == "B2B"


@pytest.mark.parametrize(
    "message", [outgoing(kind="application/pdf"), msgspec.structs.replace(outgoing(), attachments=[])]
)
def test_without_the_document_nothing_is_sent(message: Outgoing, api: Scripted, client: httpx.Client) -> None:
    answer = AFNOR.send(message, at(api), client)
    assert isinstance(answer, Refused)
    assert (answer.reason, answer.status) == ("document_missing", Status.FAILED)
    assert not api.received


def refusal(status: int, code: str, words: str = "words") -> bytes:
    return http(status, {"errorCode": code, "errorMessage": words})


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (refusal(400, "MISSING_REQUIRED_FIELD"), "validation"),
        (refusal(400, "CHECKSUM_MISMATCH"), "validation"),
        (refusal(400, "ALREADY_EXISTING_FLOW"), "duplicate"),
        (refusal(422, "AlreadyExistingFlow"), "duplicate"),
        (refusal(409, "CONFLICT"), "duplicate"),
        (refusal(422, "UNPROCESSABLE_ENTITY"), "validation"),
        (refusal(413, "FILE_SIZE_EXCEEDED"), "too_large"),
        (refusal(400, "FILE_SIZE_EXCEEDED"), "too_large"),
        (refusal(403, "FORBIDDEN_ACCESS"), "authentication"),
        (refusal(404, "MISSING_RESOURCE"), "misconfigured"),
        (http(422, b"<html>"), "validation"),
    ],
)
def test_what_is_refused_for_good(said: bytes, reason: str, api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), said)
    answer = AFNOR.send(outgoing(), at(api), client)
    assert isinstance(answer, Refused)
    assert answer.reason == reason
    assert answer.status == (Status.FAILED if reason == "misconfigured" else Status.REJECTED)


def test_a_refusal_says_what_the_platform_said(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), refusal(422, "UNPROCESSABLE_ENTITY", "BT-1 is empty"))
    answer = AFNOR.send(outgoing(), at(api), client)
    assert isinstance(answer, Refused)
    assert answer.detail == "HTTP 422: UNPROCESSABLE_ENTITY: BT-1 is empty"


def test_too_many_requests(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), http(429, {"errorCode": "TOO_MANY_REQUESTS"}, {"Retry-After": "12"}))
    answer = AFNOR.send(outgoing(), at(api), client)
    assert isinstance(answer, TryLater)
    assert (answer.reason, answer.after) == ("rate_limited", 12)


@pytest.mark.parametrize(
    "said", [HANG, CUT, CUT_IN_ANSWER, http(500), refusal(503, "RESOURCE_ERROR"), http(202, {}), http(200, b"ok")]
)
def test_an_answer_that_says_nothing_is_never_a_second_flow(said: object, api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), said)
    assert isinstance(AFNOR.send(outgoing(), at(api), client), Unknown)
    assert len(api.received) == 2


@pytest.mark.parametrize("missing", ["api_url", "token_url", "client_id"])
def test_a_setting_that_is_missing(missing: str, api: Scripted, client: httpx.Client) -> None:
    answer = AFNOR.send(outgoing(), at(api, **{missing: ""}), client)
    assert isinstance(answer, Refused)
    assert answer.reason == "misconfigured"
    assert missing in answer.detail


def test_a_platform_that_wants_the_secret_in_a_header(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), TAKEN)
    assert isinstance(AFNOR.send(outgoing(), at(api, token_auth="Basic"), client), Taken)
    assert api.received[0].headers["authorization"].startswith("Basic ")
    assert "client_secret" not in api.received[0].form


@pytest.mark.parametrize("wrong", [{"syntax": "EDIFACT"}, {"token_auth": "digest"}])
def test_a_setting_that_makes_no_sense(wrong: dict[str, str], api: Scripted, client: httpx.Client) -> None:
    answer = AFNOR.send(outgoing(), at(api, **wrong), client)
    assert isinstance(answer, Refused)
    assert answer.reason == "misconfigured"
