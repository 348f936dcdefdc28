"""Asking Pingen for a letter, by its id or by the name of its file, over real HTTP."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from adapters.providers.pingen import Pingen
from adapters.providers.port import Lookup, MisconfiguredError, ProviderReport, RawAnswer
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, NOON, request
from tests.adapters.providers.kit_pingen import (
    LETTER,
    LETTERS,
    ONE_LINE,
    at,
    data,
    errors,
    event,
    event_id,
    hook,
    letter,
    token,
)  # fmt: skip
from tests.adapters.providers.scripted import HANG, Scripted, http

PINGEN = Pingen()
LATER = "2026-01-15T15:00:00+0100"
BY_ID = Lookup(ATTEMPT, LETTER)
BY_FILE = Lookup(ATTEMPT, sent_at=NOON)


def read(told: object, status: int = 200) -> list[ProviderReport]:
    return PINGEN.read_answer(RawAnswer(status, {}, json.dumps(told).encode()))


def one(told: dict[str, Any]) -> bytes:
    return http(200, {"data": told})


@pytest.mark.parametrize(
    ("state", "status", "reason"),
    [
        *((word, Status.SENT, "processing") for word in (
            "validating", "valid", "fixing", "submitted", "accepted", "transferring", "inspection", "processing",
            "printing", "PRINTING",
        )),
        ("awaiting_credits", Status.SENDING, "account"),
        ("action_required", Status.SENDING, "account"),
        ("sent", Status.SENT, None),
        ("delivered", Status.DELIVERED, None),
        ("undeliverable", Status.FAILED, "undelivered"),
        ("invalid", Status.REJECTED, "validation"),
        ("rejected", Status.REJECTED, "validation"),
        ("unprintable", Status.FAILED, "provider_error"),
        ("expired", Status.FAILED, "expired"),
        ("cancelling", Status.FAILED, "cancelled"),
        ("cancelled", Status.FAILED, "cancelled"),
        ("lost_in_space", None, None),
    ],
)  # fmt: skip
def test_states(state: str, status: Status | None, reason: str | None) -> None:
    (found,) = read({"data": letter(state)})
    assert (found.status, found.reason, found.ignored) == (status, reason, status is None)
    assert (found.provider_event, found.message_id, found.attempt_id) == (state, LETTER, ATTEMPT)
    assert (found.recipient, found.occurred_at) == (ONE_LINE, NOON)


def test_lists_are_read_whole() -> None:
    assert [r.provider_event for r in read({"data": [letter("sent"), letter("printing", name="l-2")]})] == [
        "sent", "printing",
    ]  # fmt: skip
    (found,) = read({"data": [event("rejected_from_printcenter")], "included": [letter("unprintable")]})
    assert (found.status, found.message_id, found.attempt_id) == (Status.FAILED, LETTER, ATTEMPT)
    assert read({"data": []}) == []


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("created", Status.SENT, "processing"),
        ("transferred_to_printcenter", Status.SENT, "processing"),
        ("transferred_to_distributor", Status.SENT, None),
        ("receival_confirmed_by_distributor", Status.SENT, None),
        ("rerouted", Status.SENT, None),
        ("delivered", Status.DELIVERED, None),
        ("undeliverable", Status.FAILED, "undelivered"),
        ("file_not_found", Status.REJECTED, "validation"),
        ("cancellation_completed", Status.FAILED, "cancelled"),
        ("cancellation_requested", None, None),
        ("address_purged", None, None),
        ("file_removed", None, None),
    ],
)
def test_events(code: str, status: Status | None, reason: str | None) -> None:
    for kind in ("letters_events", "deliverables_events"):
        (found,) = read({"data": [event(code, kind)]})
        assert (found.status, found.reason, found.ignored) == (status, reason, status is None)
        assert (found.event_id, found.provider_event, found.message_id) == (event_id(code), code, LETTER)


def test_answers_to_a_send() -> None:
    (found,) = read({"data": letter("validating")}, 201)
    assert (found.status, found.reason, found.message_id) == (Status.SENT, "processing", LETTER)
    (found,) = read({"errors": [{"title": "Invalid"}]}, 422)
    assert (found.status, found.reason, found.diagnostic) == (Status.REJECTED, "validation", "HTTP 422: Invalid")
    (found,) = read({}, 500)
    assert (found.status, found.reason) == (Status.QUEUED, "provider_outage")
    (found,) = read({"errors": []}, 429)
    assert (found.status, found.reason) == (Status.QUEUED, "rate_limited")


def test_a_letter_and_what_happened_to_it(api: Scripted, client: httpx.Client) -> None:
    last = event("undeliverable", name="Returned to sender", emitted_at=LATER)
    api.answers(token(), one(letter("undeliverable")), data(last, event("transferred_to_distributor")))
    found = PINGEN.status(BY_ID, at(api), client)
    assert [(r.status, r.reason) for r in found] == [(Status.SENT, None), (Status.FAILED, "returned")]
    assert {(r.message_id, r.attempt_id) for r in found} == {(LETTER, ATTEMPT)}
    _, shown, happened = api.received
    assert (shown.path, happened.path) == (f"{LETTERS}/{LETTER}", f"{LETTERS}/{LETTER}/events")
    assert happened.query["language"] == "en"


def test_an_event_has_the_id_that_its_webhook_has(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), one(letter("sent")), data(event("transferred_to_distributor")))
    (asked,) = PINGEN.status(BY_ID, at(api), client)
    told = json.dumps(hook("sent", "transferred_to_distributor")).encode()
    (heard,) = PINGEN.reports(request(told, {}))
    assert (asked.event_id, asked.status, asked.occurred_at) == (heard.event_id, heard.status, heard.occurred_at)


def test_a_state_that_no_event_explains_is_told_beside_them(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), one(letter("action_required")), data(event("submitted"), event("eaten_by_the_dog")))
    found = PINGEN.status(BY_ID, at(api), client)
    assert [(r.status, r.reason) for r in found] == [
        (Status.SENT, "processing"), (None, None), (Status.SENDING, "account"),
    ]  # fmt: skip


def test_a_state_without_events(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), one(letter("sent")), errors(404, "Not Found"))
    (found,) = PINGEN.status(BY_ID, at(api), client)
    assert (found.status, found.provider_event) == (Status.SENT, "sent")


def test_a_letter_that_is_not_there(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), errors(404, "Not Found"))
    assert PINGEN.status(BY_ID, at(api), client) == []


@pytest.mark.parametrize("answer", [HANG, http(500), http(429), http(403), http(200, b"<html>"), http(200, {})])
def test_what_cannot_be_asked_now(answer: object, api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), answer)
    with pytest.raises(httpx.HTTPError):
        PINGEN.status(BY_ID, at(api), client)


def test_asking_without_good_credentials(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(401, {"error": "invalid_client"}))
    with pytest.raises(MisconfiguredError):
        PINGEN.status(BY_ID, at(api), client)
    with pytest.raises(MisconfiguredError):
        PINGEN.status(BY_ID, at(api, organisation_id=""), client)


def test_a_lost_answer_is_found_by_the_name_of_the_file(api: Scripted, client: httpx.Client) -> None:
    others = [letter(echoed=None, name="l-2"), letter(echoed=ATTEMPT.replace("7", "8"), name="l-3")]
    api.answers(token(), data(*others, letter("sent")), data(event("transferred_to_distributor")))
    (found,) = PINGEN.status(BY_FILE, at(api), client)
    assert (found.message_id, found.attempt_id, found.status) == (LETTER, ATTEMPT, Status.SENT)
    assert api.received[1].query["sort"] == "-created_at"


def test_it_is_looked_for_on_further_pages_but_not_before_it_was_sent(api: Scripted, client: httpx.Client) -> None:
    page = [letter(echoed=None, name=f"n-{n}", created_at=LATER) for n in range(100)]
    early = [letter(echoed=None, name=f"o-{n}", created_at="2026-01-15T12:00:00+0100") for n in range(100)]
    api.answers(token(), data(*page), data(*early), data(letter()))
    assert PINGEN.status(BY_FILE, at(api), client) == []
    assert [r.query["page[number]"] for r in api.received[1:]] == ["1", "2"]


@pytest.mark.parametrize(
    "lookup",
    [
        Lookup(ATTEMPT, sent_at=NOON, known=frozenset({LETTER})),
        Lookup("00000000-0000-4000-8000-000000000000", sent_at=NOON + timedelta(hours=1)),
    ],
)
def test_what_is_somebody_elses_is_not_claimed(lookup: Lookup, api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), data(letter()))
    assert PINGEN.status(lookup, at(api), client) == []


def test_of_two_letters_of_one_attempt_neither_is_certain(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), data(letter(), letter(name="l-2")))
    assert PINGEN.status(BY_FILE, at(api), client) == []


def test_a_search_needs_the_moment_of_sending(api: Scripted, client: httpx.Client) -> None:
    assert PINGEN.status(Lookup(ATTEMPT), at(api), client) == []
    assert api.received == []
