"""What Pingen's webhooks say, in both of their shapes, and which of them are authentic."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.pingen import Pingen
from adapters.providers.port import BadSignatureError, ProviderReport, UnreadableError
from adapters.providers.reading import ID_LIMIT
from domain.status import Status
from domain.values import Actor
from tests.adapters.providers.kit import ATTEMPT, NOON, request
from tests.adapters.providers.kit_pingen import AT, LETTER, NOON_THERE, ONE_LINE, PINGEN, event_id, hook, sign

REJECTED, FAILED, SENDING = Status.REJECTED, Status.FAILED, Status.SENDING


def read(told: dict[str, Any]) -> ProviderReport:
    (found,) = Pingen().reports(request(json.dumps(told).encode(), {}))
    return found


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize(
    ("category", "code", "status", "reason"),
    [
        ("sent", "transferred_to_distributor", Status.SENT, None),
        ("sent", "something_new", Status.SENT, None),
        ("delivered", "delivered", Status.DELIVERED, None),
        ("DELIVERED", "delivered", Status.DELIVERED, None),
        ("undeliverable", "undeliverable", FAILED, "undelivered"),
        ("issues", "file_too_many_pages", REJECTED, "too_large"),
        ("issues", "file_size_over_limit", REJECTED, "too_large"),
        ("issues", "content_failed_inspection", REJECTED, "validation"),
        ("issues", "file_not_readable", REJECTED, "validation"),
        ("issues", "file_not_a4_portrait", REJECTED, "validation"),
        ("issues", "invalid_pdf_binary_content", REJECTED, "validation"),
        ("issues", "shipping_country_blocked", REJECTED, "validation"),
        ("issues", "meta_data_failed_requirements", REJECTED, "validation"),
        ("issues", "unable_to_find_delivery_product", REJECTED, "validation"),
        ("issues", "rejected_from_printcenter", FAILED, "provider_error"),
        ("issues", "retracted_from_printcenter", FAILED, "provider_error"),
        ("issues", "waiting_for_funds_expired", FAILED, "account"),
        ("issues", "waiting_for_legitimacy_expired", FAILED, "account"),
        ("issues", "waiting_for_funds", SENDING, "account"),
        ("issues", "waiting_for_legitimacy", SENDING, "account"),
        ("issues", "eaten_by_the_dog", None, None),
        ("channel_subscriptions", "subscribed", None, None),
    ],
)
def test_words(category: str, code: str, status: Status | None, reason: str | None, old: bool) -> None:
    found = read(hook(category, code, old=old))
    assert (found.status, found.reason, found.ignored) == (status, reason, status is None)
    assert (found.message_id, found.event_id, found.attempt_id) == (LETTER, event_id(code), ATTEMPT)
    assert (found.recipient, found.occurred_at, found.diagnostic_code) == (ONE_LINE, NOON, code)
    assert found.request_id not in (None, found.event_id)


def test_the_category_outweighs_the_code() -> None:
    assert read(hook("sent", "rejected_from_printcenter")).status is Status.SENT
    assert read(hook("delivered", "rejected_from_printcenter")).status is Status.DELIVERED
    assert read(hook("undeliverable", "rejected_from_printcenter")).reason == "undelivered"


@pytest.mark.parametrize(
    "corrected",
    ["Ada Payer\nNew Street 9\n1000 Brussels", {"name": "Ada Payer", "street": "New Street 9", "zip": 1000}],
)
def test_what_came_back_shows_the_address_that_is_right(corrected: object) -> None:
    found = read(hook("undeliverable", reason="Moved", corrected_address=corrected))
    assert (found.status, found.reason, found.actor) == (FAILED, "returned", Actor.RECIPIENT)
    assert found.diagnostic is not None
    assert found.diagnostic.startswith("Moved\nPingen\ncorrected address: Ada Payer, New Street 9, 1000")


@pytest.mark.parametrize("reason", ["Returned to sender", "Retour à l'expéditeur", "Zurück an Absender"])
def test_what_the_post_says_came_back(reason: str) -> None:
    assert read(hook("undeliverable", reason=reason)).reason == "returned"


@pytest.mark.parametrize("reason", [None, "", "Unknown address"])
def test_what_was_not_delivered(reason: str | None) -> None:
    assert read(hook("undeliverable", reason=reason, corrected_address=None)).reason == "undelivered"


def test_all_that_is_said_is_shown_once() -> None:
    happened = {"name": "Delivered", "producer": "Post CH AG", "location": "3303 Jegenstorf", "data": [{"by": "door"}]}
    found = read(hook("delivered", reason="Delivered", happened=happened, about={"tracking_number": "98.34.1"}))
    assert found.diagnostic is not None
    assert found.diagnostic.split("\n") == [
        "Delivered", "Post CH AG, 3303 Jegenstorf", '[{"by": "door"}]', "tracking number: 98.34.1",
    ]  # fmt: skip
    assert found.provider_event == "delivered"


def test_the_new_name_of_a_letter_comes_first_and_the_old_one_may_be_missing() -> None:
    both, new = hook("sent"), hook("sent")
    both["data"]["relationships"]["letter"]["data"]["id"] = "another"
    del new["data"]["relationships"]["letter"]
    assert read(both).message_id == read(new).message_id == LETTER


def test_a_deliverable_that_is_named_but_null_falls_back_to_the_letter() -> None:
    told = hook("sent")
    told["data"]["relationships"]["deliverable"] = {"data": None}
    assert read(told).message_id == LETTER


@pytest.mark.parametrize("kind", ["emails", "ebills"])
def test_other_deliverables(kind: str) -> None:
    told = hook("sent")
    told["data"]["relationships"]["deliverable"]["data"] = {"type": kind, "id": "d-1"}
    told["included"].append({"type": kind, "id": "d-1", "attributes": {"file_original_name": f"{ATTEMPT}.pdf"}})
    found = read(told)
    assert (found.message_id, found.attempt_id, found.recipient) == ("d-1", ATTEMPT, None)


def test_one_event_however_it_is_included() -> None:
    told = hook("sent")
    turned = told | {"included": told["included"][::-1]}
    once = told | {"included": told["included"][:-1]}
    assert read(told) == read(turned) == read(once)


def test_without_what_it_names() -> None:
    """Ids are still known, and the issue is not guessed at."""
    found = read(hook("issues", "file_too_many_pages") | {"included": []})
    assert (found.message_id, found.event_id, found.status) == (LETTER, event_id("file_too_many_pages"), None)
    assert (found.occurred_at, found.attempt_id, found.diagnostic) == (NOON, None, "So it is")
    assert read(hook("sent") | {"included": None}).status is Status.SENT


def test_without_an_event_the_webhook_names_it() -> None:
    told = hook("sent") | {"included": []}
    del told["data"]["relationships"]["event"]
    assert read(told).event_id == told["data"]["id"]
    del told["data"]["id"]
    first, later = read(told), read(told | {"data": told["data"] | {"attributes": {"created_at": NOON_THERE}}})
    assert first == read(told)
    assert first.event_id != later.event_id


@pytest.mark.parametrize("at", [AT, NOON_THERE, "2026-01-15T12:00:00Z", "2026-01-15T13:00:00+01:00"])
def test_times(at: str) -> None:
    assert read(hook("sent", happened={"emitted_at": at})).occurred_at == NOON


def test_times_that_are_missing() -> None:
    there = read(hook("sent", happened={"emitted_at": None}))
    assert there.occurred_at == datetime(2026, 1, 15, 12, 5, tzinfo=UTC)
    assert read(hook("sent", happened={"emitted_at": "soon", "created_at": 7})).occurred_at is not None
    none = hook("sent", happened={"emitted_at": None, "created_at": None}, created_at=None)
    assert read(none).occurred_at is None


# authenticity


def test_a_signature_in_upper_case_is_as_authentic_and_a_mixture_is_not() -> None:
    body = PINGEN.body("sent")
    signature = sign(body)["signature"]
    place = next(n for n, c in enumerate(signature) if c.isalpha())
    mixed = signature[:place] + signature[place].upper() + signature[place + 1 :]
    assert mixed not in (signature, signature.upper())
    Pingen().verify(request(body, {"signature": signature.upper()}), PINGEN.connection())
    with pytest.raises(BadSignatureError):
        Pingen().verify(request(body, {"signature": mixed}), PINGEN.connection())


def test_the_key_may_have_blanks_around_it() -> None:
    Pingen().verify(PINGEN.signed(PINGEN.body("sent")), PINGEN.connection(f" {PINGEN.key}\n"))


def test_an_empty_body_is_signed_like_any() -> None:
    Pingen().verify(PINGEN.signed(b""), PINGEN.connection())
    with pytest.raises(BadSignatureError):
        Pingen().verify(request(b"", {"signature": "example"}), PINGEN.connection())


# whatever comes

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
PLACES = (
    ("data", "id"), ("data", "type"), ("data", "attributes"), ("data", "relationships"), ("included",),
    ("data", "attributes", "reason"), ("data", "attributes", "corrected_address"), ("data", "attributes", "created_at"),
    ("data", "relationships", "event"), ("data", "relationships", "event", "data"),
    ("data", "relationships", "deliverable"), ("data", "relationships", "deliverable", "data", "id"),
    ("included", 1), ("included", 1, "attributes"), ("included", 1, "attributes", "address"),
    ("included", 1, "attributes", "file_original_name"), ("included", 1, "type"), ("included", 2, "id"),
    ("included", 2, "attributes"), ("included", 2, "attributes", "code"), ("included", 2, "attributes", "emitted_at"),
    ("included", 2, "attributes", "data"), ("included", 2, "attributes", "name"),
)  # fmt: skip


@given(place=st.sampled_from(PLACES), value=VALUES)
def test_whatever_stands_in_any_place_is_read_or_unreadable(place: tuple[str | int, ...], value: object) -> None:
    told: Any = hook("undeliverable")
    inner = told
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    try:
        (found,) = Pingen().reports(request(json.dumps(told).encode(), {}))
    except UnreadableError:
        return
    assert len(found.event_id) <= ID_LIMIT
    assert 0 < len(found.provider_event) <= ID_LIMIT
    assert found.occurred_at is None or found.occurred_at.tzinfo is UTC
