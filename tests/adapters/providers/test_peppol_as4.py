"""AS4 answers, and phase4's reports of a sending."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.peppol import documents, sending_report
from adapters.providers.port import ProviderReport, UnreadableError
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, NOON
from tests.adapters.providers.kit_peppol import BUYER

EBMS = "http://docs.oasis-open.org/ebxml-msg/ebms/v3.0/ns/core/200704/"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
AS4_ID = "1f2e3d4c@access-point.example"
RECEIPT = "<eb:Receipt><any/></eb:Receipt>"


def signal(inner: str, about: str | None = AS4_ID) -> str:
    named = f"<eb:RefToMessageId>{about}</eb:RefToMessageId>" if about else ""
    head = f"<eb:Timestamp>2026-01-15T13:00:00+01:00</eb:Timestamp><eb:MessageId>answer-1@ap</eb:MessageId>{named}"
    return f'<eb:SignalMessage xmlns:eb="{EBMS}"><eb:MessageInfo>{head}</eb:MessageInfo>{inner}</eb:SignalMessage>'


def error(code: str = "EBMS:0004", detail: str = "", severity: str = "failure") -> str:
    said = f"<eb:Description>no luck</eb:Description><eb:ErrorDetail>{detail}</eb:ErrorDetail>"
    return f'<eb:Error errorCode="{code}" severity="{severity}" shortDescription="Other">{said}</eb:Error>'


def one(body: str | bytes) -> ProviderReport:
    (found,) = documents.reports(body.encode() if isinstance(body, str) else body)
    return found


def sending(**said: Any) -> dict[str, Any]:
    given = {
        "currentDateTimeUTC": "2026-01-15T11:59:59.000Z",
        "senderId": "iso6523-actorid-upis::0088:7300010000001",
        "receiverId": f"iso6523-actorid-upis::{BUYER}",
        "sbdhInstanceIdentifier": ATTEMPT,
        "as4MessageId": AS4_ID,
        "as4SendingDateTime": "2026-01-15T13:00:00.00+01:00",
        "sendingResult": "SUCCESS",
        "as4ResponseError": False,
        "sendingSuccess": True,
        "overallSuccess": True,
    } | said
    return {name: value for name, value in given.items() if value is not None}


def failing(**said: Any) -> ProviderReport:
    told = sending(sendingSuccess=False, overallSuccess=False, sendingResult=None, as4MessageId=None)
    return sending_report.report({k: v for k, v in (told | said).items() if v is not None})


@pytest.mark.parametrize(
    "body",
    [
        signal(RECEIPT),
        f'<eb:Messaging xmlns:eb="{EBMS}">{signal(RECEIPT)}</eb:Messaging>',
        f'<S:Envelope xmlns:S="{SOAP}"><S:Header><eb:Messaging xmlns:eb="{EBMS}">{signal(RECEIPT)}</eb:Messaging>'
        "</S:Header><S:Body/></S:Envelope>",
    ],
)
def test_a_receipt_says_that_the_access_point_took_it(body: str) -> None:
    told = one(body)
    assert (told.status, told.provider_event, told.message_id) == (Status.SENT, "as4:receipt", AS4_ID)
    assert told.occurred_at == NOON


@pytest.mark.parametrize(
    ("code", "detail", "status", "reason"),
    [
        ("EBMS:0004", "PEPPOL:NOT_SERVICED", Status.REJECTED, "not_registered"),
        ("EBMS:0004", "something else", Status.REJECTED, "provider_error"),
        ("EBMS:0101", "signature", Status.REJECTED, "provider_error"),
        ("EBMS:0005", "no route", Status.FAILED, "undelivered"),
        ("EBMS:0202", "not now", Status.FAILED, "undelivered"),
    ],
)
def test_an_error_keeps_its_code_and_words(code: str, detail: str, status: Status, reason: str) -> None:
    for told in (
        one(signal(error(code, detail))),
        failing(sendingResult="AS4_ERROR_MESSAGE_RECEIVED", as4ResponseErrors=[_json(code, detail)]),
    ):
        assert (told.status, told.reason, told.diagnostic_code) == (status, reason, code)
        assert told.diagnostic == f"{code}: Other: no luck: {detail}"


def _json(code: str, detail: str, severity: str = "failure") -> dict[str, str]:
    said = {"shortDescription": "Other", "description": "no luck", "errorDetails": detail}
    return {"errorCode": code, "severity": severity, "origin": "ebms", **said}


def test_a_warning_is_kept_beside_the_receipt() -> None:
    first, second = documents.reports(signal(RECEIPT + error(severity="warning")).encode())
    assert (first.status, second.status, second.ignored) == (Status.SENT, None, True)
    assert first.event_id != second.event_id


def test_an_error_may_name_the_message_itself() -> None:
    body = signal(error().replace("<eb:Error ", f'<eb:Error refToMessageInError="{AS4_ID}" '), None)
    assert one(body).message_id == AS4_ID


def test_a_signal_without_receipt_and_error_is_unreadable() -> None:
    with pytest.raises(UnreadableError):
        documents.reports(signal("<eb:PullRequest/>").encode())


def test_a_sending_that_succeeded() -> None:
    told = one(json.dumps(sending()))
    assert (told.status, told.message_id, told.attempt_id) == (Status.SENT, ATTEMPT, ATTEMPT)
    assert (told.recipient, told.occurred_at, told.provider_event) == (BUYER, NOON, "as4:SUCCESS")
    assert told == one(json.dumps([sending()]))


def test_what_fails_after_the_sending_does_not_undo_it() -> None:
    assert sending_report.report(sending(overallSuccess=False)).status is Status.SENT
    assert sending_report.report(sending(sendingSuccess=None, overallSuccess=None)).status is Status.SENT


@pytest.mark.parametrize(
    ("said", "status", "reason"),
    [
        ({"lookupError": f"The participant ID '{BUYER}' is not registered"}, Status.REJECTED, "not_registered"),
        ({"lookupError": "SMP access limited by Circuit Breaker"}, Status.FAILED, "provider_error"),
        (
            {"sendingException": {"class": "com.helger.phase4.dynamicdiscovery.Phase4SMPException", "message": "none"}},
            Status.REJECTED,
            "not_registered",
        ),
        (
            {
                "sendingException": {
                    "class": "com.helger.phase4.dynamicdiscovery.Phase4SMPException",
                    "message": "Failed to resolve the endpoint",
                    "stackTrace": "1.: a\nCaused by: java.net.ConnectException: refused",
                }
            },
            Status.FAILED,
            "provider_error",
        ),
        ({"sbdhParsingException": {"class": "E", "message": "no header"}}, Status.REJECTED, "validation"),
        ({"sendingResult": "INVALID_PARAMETERS"}, Status.REJECTED, "validation"),
        ({"sendingResult": "transport-error"}, Status.FAILED, "undelivered"),
        ({"sendingResult": "NO_SIGNAL_MESSAGE_RECEIVED"}, Status.FAILED, "undelivered"),
        ({"sendingResult": "AS4_ERROR_MESSAGE_RECEIVED"}, Status.REJECTED, "provider_error"),
        ({}, Status.FAILED, "undelivered"),
    ],
)
def test_a_sending_that_failed(said: dict[str, Any], status: Status, reason: str) -> None:
    told = failing(**said)
    assert (told.status, told.reason) == (status, reason)
    assert "stackTrace" not in (told.diagnostic or "")


def test_a_report_without_a_verdict_never_counts() -> None:
    told = one(json.dumps({"as4MessageId": AS4_ID}))
    assert (told.status, told.ignored) == (None, True)


JSON = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.dictionaries(st.text(), st.text()))
NAMES = ["sendingSuccess", "sendingResult", "as4ResponseErrors", "lookupError", "sendingException", "receiverId"]


@given(st.dictionaries(st.sampled_from([*NAMES, "sbdhInstanceIdentifier", "as4MessageId"]), JSON))
def test_any_report_is_read_or_unreadable(told: dict[str, Any]) -> None:
    try:
        (found,) = documents.json_reports(told)
    except UnreadableError:
        return
    assert (found.status is None) == found.ignored
    assert len(found.provider_event) <= 255
