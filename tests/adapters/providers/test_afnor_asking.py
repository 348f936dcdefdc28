"""Asking a platform what became of a flow, and what was said of the invoice in it."""

import httpx
import msgspec
import pytest

from adapters.providers.port import Lookup, MisconfiguredError
from adapters.providers.registry import provider
from domain.reports import BuyerResponse
from domain.status import Status
from tests.adapters.providers.flow_service import at, life_cycle, results, token
from tests.adapters.providers.kit import ATTEMPT, NOON
from tests.adapters.providers.kit_france import (
    FLOW,
    NUMBER,
    SELLER,
    acknowledgement,
    flow,
    invoice,
    message,
    reference,
    said,
)
from tests.adapters.providers.scripted import HANG, Scripted, http

AFNOR = provider("afnor")
KNOWN = Lookup(ATTEMPT, FLOW)
KEY = f"invoice:{SELLER}:{NUMBER}".lower()
LOST = Lookup(ATTEMPT, None, None, NOON)


def about(*invoices: bytes) -> list[bytes]:
    return [http(200, content) for content in invoices]


def test_the_acknowledgement_and_what_was_said_since(api: Scripted, client: httpx.Client) -> None:
    found_lc = results(life_cycle("lc-1"), life_cycle("lc-2", "2026-01-15T12:40:00Z"))
    api.answers(token(), http(200, flow()), http(200, invoice()), found_lc, *about(said("203"), said("210")))
    found = AFNOR.status(KNOWN, at(api), client)
    assert [(r.status, r.buyer_response) for r in found] == [
        (Status.SENT, None),
        (Status.DELIVERED, None),
        (Status.READ, BuyerResponse.REJECTED),
    ]
    assert [(r.message_id, r.attempt_id) for r in found] == [(FLOW, ATTEMPT), (KEY, None), (KEY, None)]
    _, asked, original, search, *messages = api.received
    assert (asked.method, asked.path, asked.query) == ("GET", f"/flow-service/v1/flows/{FLOW}", {})
    assert (original.path, original.query) == (asked.path, {"docType": "Original"})
    assert search.json == {
        "where": {"flowType": ["CustomerInvoiceLC"], "updatedAfter": "2026-01-15T11:59:56.120Z"},
        "limit": 100,
    }
    assert [(r.path[-5:], r.query) for r in messages] == [
        ("/lc-1", {"docType": "Original"}),
        ("/lc-2", {"docType": "Original"}),
    ]


@pytest.mark.parametrize("word", ["Error", "Archived"])
def test_a_flow_that_was_not_taken_has_no_life_cycle(word: str, api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), http(200, flow(word)))
    assert len(AFNOR.status(KNOWN, at(api), client)) == 1
    assert len(api.received) == 2


def test_each_message_is_fetched_once_however_often_and_for_whom_is_asked(api: Scripted, client: httpx.Client) -> None:
    here, other = at(api), "22222222-0c4b-4a53-9c3e-5a2f1f0b8c11"
    both = message(acknowledgement(reference("203"), reference("205", number="FA-2")))
    api.answers(token(), http(200, flow()), http(200, invoice()), results(life_cycle("lc-1")), *about(both))
    AFNOR.status(KNOWN, here, client)
    api.answers(
        http(200, flow(flowId="f-2", attempt_id=other)),
        http(200, invoice("FA-2")),
        results(life_cycle("lc-1"), life_cycle("lc-2", "2026-01-15T12:40:00Z")),
        *about(said("211", number="FA-2")),
    )
    found = AFNOR.status(Lookup(other, "f-2"), here, client)
    assert [r.provider_event for r in found] == ["Ok", "205", "211"]
    assert [r.message_id for r in found] == [
        "f-2",
        KEY.replace(NUMBER.lower(), "fa-2"),
        KEY.replace(NUMBER.lower(), "fa-2"),
    ]
    later = api.received[7].json
    assert later["where"]["updatedAfter"] == "2026-01-15T12:29:58.000Z"  # from where the last look ended
    api.answers(http(200, flow()), results())
    again = AFNOR.status(KNOWN, here, client)
    assert [r.provider_event for r in again] == ["Ok", "203"]


def test_an_older_flow_looks_further_back(api: Scripted, client: httpx.Client) -> None:
    here = at(api)
    api.answers(token(), http(200, flow()), http(200, invoice()), results(life_cycle("lc-9")), *about(said("203")))
    AFNOR.status(KNOWN, here, client)
    older = flow(flowId="f-0", submittedAt="2026-01-10T08:00:00Z", updatedAt="2026-01-10T08:00:00Z")
    api.answers(
        http(200, older),
        http(200, invoice("FA-0")),
        results(life_cycle("lc-0", "2026-01-10T09:00:00Z")),
        *about(said("204", number="FA-0")),
        results(),
    )
    found = AFNOR.status(Lookup(ATTEMPT, "f-0"), here, client)
    assert [r.provider_event for r in found] == ["Ok", "204"]
    back = api.received[7].json["where"]
    assert (back["updatedAfter"], back["updatedBefore"]) == ("2026-01-10T07:59:58.000Z", "2026-01-15T11:59:56.120Z")


def test_all_pages_are_read(api: Scripted, client: httpx.Client) -> None:
    api.answers(
        token(), http(200, flow()), http(200, invoice()),
        results(life_cycle("lc-1"), cursor="next"), results(life_cycle("lc-2")),
        *about(said("203"), said("205")),
    )  # fmt: skip
    assert len(AFNOR.status(KNOWN, at(api), client)) == 3
    assert [api.received[n].json.get("cursor") for n in (3, 4)] == [None, "next"]


def test_only_messages_about_this_sellers_invoice(api: Scripted, client: httpx.Client) -> None:
    several = (said("203", number="FA-99"), said("205", seller="552032534"), said("204", seller=""), b"<html/>", b"")
    listed = results(*(life_cycle(f"lc-{n}") for n in range(len(several))))
    api.answers(token(), http(200, flow()), http(200, invoice()), listed, *about(*several))
    _, told = AFNOR.status(KNOWN, at(api), client)
    assert (told.provider_event, told.message_id) == ("204", KEY)  # although the message names no seller


def test_a_number_is_found_however_it_is_written(api: Scripted, client: httpx.Client) -> None:
    told = said("205", number="fa 2026  0017")
    api.answers(
        token(), http(200, flow()), http(200, invoice("FA 2026 0017")), results(life_cycle("lc-1")), *about(told)
    )
    assert len(AFNOR.status(KNOWN, at(api), client)) == 2


def test_a_platform_that_keeps_no_originals(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), http(200, flow()), http(404))
    assert len(AFNOR.status(KNOWN, at(api), client)) == 1


def test_what_was_read_before_a_failure_is_not_read_again(api: Scripted, client: httpx.Client) -> None:
    here, listed = at(api), results(life_cycle("lc-1"), life_cycle("lc-2"))
    api.answers(token(), http(200, flow()), http(200, invoice()), listed, *about(said("203")), http(503))
    with pytest.raises(httpx.HTTPError):
        AFNOR.status(KNOWN, here, client)
    api.answers(http(200, flow()), listed, *about(said("205")))
    found = AFNOR.status(KNOWN, here, client)
    assert [r.provider_event for r in found] == ["Ok", "203", "205"]
    assert api.received[-1].path.endswith("/lc-2")


def test_a_flow_whose_answer_was_lost_is_found_by_its_tracking_id(api: Scripted, client: httpx.Client) -> None:
    others = [flow(flowId="taken"), flow(flowId="x", attempt_id="else"), life_cycle("lc") | {"trackingId": ATTEMPT}]
    api.answers(token(), results(*others, flow("Pending")), http(200, invoice()), results())
    found = AFNOR.status(msgspec.structs.replace(LOST, known=frozenset({"taken"})), at(api), client)
    assert [(r.message_id, r.attempt_id, r.reason) for r in found] == [(FLOW, ATTEMPT, "processing")]
    assert api.received[1].json["where"] == {"trackingId": ATTEMPT}


def test_what_is_not_there(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), http(404, {"errorCode": "MISSING_RESOURCE"}))
    assert AFNOR.status(KNOWN, at(api), client) == []
    api.answers(token(), results())
    assert AFNOR.status(LOST, at(api), client) == []


@pytest.mark.parametrize("said", [HANG, http(500), http(503), http(429), http(403), http(204)])
def test_what_cannot_be_asked_now_is_raised(said: object, api: Scripted, client: httpx.Client) -> None:
    for lookup in (KNOWN, LOST):
        api.answers(token(), said)
        with pytest.raises(httpx.HTTPError):
            AFNOR.status(lookup, at(api), client)


def test_credentials_that_a_person_must_renew(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(401))
    with pytest.raises(MisconfiguredError):
        AFNOR.status(KNOWN, at(api), client)


def test_a_flow_id_stays_inside_its_path(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), http(404))
    AFNOR.status(Lookup(ATTEMPT, "../webhooks?x=1"), at(api), client)
    assert api.received[1].target == "/flow-service/v1/flows/..%2Fwebhooks%3Fx%3D1"
