"""What a platform's flows mean: callbacks, and what its service answers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.port import ProviderReport, RawAnswer, UnreadableError
from adapters.providers.registry import provider
from domain.reports import BuyerResponse
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, NOON, request
from tests.adapters.providers.kit_france import FLOW, flow, said

AFNOR = provider("afnor")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = [
    "flowId", "trackingId", "acknowledgement", "status", "details", "level", "item", "reasonCode", "reasonMessage",
    "updatedAt", "submittedAt", "flowType", "flowSyntax", "flowDirection",
]  # fmt: skip


def read(told: object) -> list[ProviderReport]:
    return AFNOR.reports(request(json.dumps(told).encode(), {}))


def only(told: object) -> ProviderReport:
    (found,) = read(told)
    return found


def answered(told: object, status: int = 200) -> list[ProviderReport]:
    return AFNOR.read_answer(RawAnswer(status, {}, json.dumps(told).encode()))


@pytest.mark.parametrize(
    ("word", "status", "reason"),
    [
        ("Pending", Status.SENT, "processing"),
        ("Ok", Status.SENT, None),
        ("OK", Status.SENT, None),
        ("Error", Status.REJECTED, "validation"),
        ("Archived", None, None),
    ],
)
def test_every_acknowledgement(word: str, status: Status | None, reason: str | None) -> None:
    told = only(flow(word))
    assert (told.status, told.reason, told.ignored) == (status, reason, status is None)
    assert (told.provider_event, told.message_id, told.attempt_id, told.occurred_at) == (word, FLOW, ATTEMPT, NOON)


def problem(code: str, level: str = "Error", words: str = "words") -> dict[str, str]:
    return {"level": level, "item": "BT-1", "reasonCode": code, "reasonMessage": words}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("AlreadyExistingFlow", "duplicate"),
        ("FileSizeExceeded", "too_large"),
        ("OtherTechnicalError", "provider_error"),
        ("InvalidSchema", "validation"),
        ("EmptyAttachement", "validation"),
        ("AttachmentTypeError", "validation"),
        ("EmptyFlow", "validation"),
        ("FlowTypeError", "validation"),
        ("VirusFound", "validation"),
        ("ChecksumMismatch", "validation"),
        ("InvoiceLCRuleError", "validation"),
        ("SOMETHING_NEW", "validation"),
    ],
)
def test_why_a_flow_was_refused(code: str, reason: str) -> None:
    told = only(flow("Error", acknowledgement={"status": "Error", "details": [problem(code)]}))
    assert (told.status, told.reason, told.diagnostic_code) == (Status.REJECTED, reason, code)
    assert told.diagnostic == f"Error: {code}: BT-1: words"


def test_a_warning_is_not_why() -> None:
    details = [problem("AlreadyExistingFlow", "Warning"), problem("InvalidSchema")]
    told = only(flow("Error", acknowledgement={"status": "Error", "details": details}))
    assert told.reason == "validation"
    assert told.diagnostic
    assert len(told.diagnostic.splitlines()) == 2


def test_warnings_are_told_with_what_was_taken() -> None:
    told = only(flow("Ok", acknowledgement={"status": "Ok", "details": [problem("BR-FR-05", "Warning")]}))
    assert (told.status, told.diagnostic) == (Status.SENT, "Warning: BR-FR-05: BT-1: words")


@pytest.mark.parametrize(
    "other",
    [
        {"flowType": "CustomerInvoiceLC", "flowSyntax": "CDAR", "flowDirection": "In"},
        {"flowType": "SupplierInvoice", "flowDirection": "In"},
        {"flowType": "StateCustomerInvoiceLC", "flowSyntax": "CDAR"},
        {"flowType": "AggregatedCustomerPaymentReport", "flowSyntax": "FRR"},
        {"flowType": "Undefined", "flowSyntax": "CDAR"},
        {"flowType": "Undefined", "flowDirection": "In"},
    ],
)
def test_flows_that_are_no_invoice_of_ours_never_count(other: dict[str, str]) -> None:
    for word in ("Ok", "Error"):
        told = only(flow(word, **other))
        assert (told.status, told.ignored) == (None, True)
        assert told.provider_event == f"{other['flowType']} {word}"


@pytest.mark.parametrize("unsaid", ["flowType", "flowDirection", "flowSyntax"])
def test_an_invoice_that_the_platform_has_not_looked_into(unsaid: str) -> None:
    told = flow("Error")
    del told[unsaid]
    assert only(told).status is Status.REJECTED
    assert only(flow("Error", flowType="Undefined")).status is Status.REJECTED


def test_without_a_time_of_its_own_a_flow_has_that_of_its_deposit() -> None:
    assert only(flow(updatedAt=None, submittedAt="2026-01-15T13:00:00.000+01:00")).occurred_at == NOON
    assert only(flow(updatedAt=None, submittedAt=None)).occurred_at is None


def test_the_same_acknowledgement_has_the_same_id_however_its_time_is_written() -> None:
    one, same = only(flow()), only(flow(updatedAt="2026-01-15T12:00:00.000+00:00"))
    assert one.event_id == same.event_id
    assert one.event_id != only(flow(updatedAt="2026-01-15T12:00:01Z")).event_id
    assert one.event_id != only(flow(flowId="another")).event_id


def test_a_life_cycle_message_may_be_sent_as_it_is() -> None:
    (told,) = AFNOR.reports(request(said("205"), {}))
    assert told.buyer_response is BuyerResponse.ACCEPTED
    assert AFNOR.read_answer(RawAnswer(200, {}, said("205"))) == [told]


def test_what_the_service_answers() -> None:
    assert answered(flow()) == read(flow())
    assert [r.message_id for r in answered({"results": [flow(), flow("Error", flowId="f-2"), {}, 7]})] == [FLOW, "f-2"]
    assert answered({"results": [], "limit": 100}) == []
    (taken,) = answered({"flowId": FLOW, "submittedAt": "2026-01-15T12:00:00Z"}, 202)
    assert (taken.status, taken.reason, taken.message_id) == (Status.SENT, "processing", FLOW)
    (refused,) = answered({"errorCode": "UNPROCESSABLE_ENTITY"}, 422)
    assert (refused.status, refused.reason) == (Status.REJECTED, "validation")


@given(told=st.dictionaries(st.sampled_from(FIELDS), JSON | st.dictionaries(st.sampled_from(FIELDS), JSON)))
def test_whatever_flow_comes_is_read_or_unreadable(told: dict[str, Any]) -> None:
    try:
        found = read(told)
    except UnreadableError:
        return
    for one in [*found, *answered(told)]:
        assert 0 < len(one.event_id) <= 255
        assert 0 < len(one.provider_event) <= 255
        assert one.occurred_at is None or one.occurred_at.tzinfo
        assert (one.status is None) <= one.ignored
