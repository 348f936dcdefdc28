"""Live updates, over a real server and as a browser would take them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.read_rows import project_to
from tests.support.reading_api import ReadingApi, reading_api
from tests.support.streams import change, watch


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[ReadingApi]:
    with reading_api(database_url, tmp_path) as running:
        project_to(running.worker, 0)
        yield running


def test_a_change_is_told_as_it_happens(api: ReadingApi) -> None:
    with watch(api) as client:
        change(api, 3, 1)
        first, second = client.wait(2)
    assert (first.kind, second.kind) == ("communication.updated", "attempt.updated")
    assert first.data["id"] == second.data["id"]
    assert second.last_event_id == "3"
    assert client.retry > 0
    assert client.response.headers["content-type"].startswith("text/event-stream")


def test_without_an_id_it_begins_now(api: ReadingApi) -> None:
    change(api, 3, 1)
    with watch(api) as client:
        assert client.last_event_id == "3"
        change(api, 4, 2)
        client.wait(2)
        assert {position for _, position in client.rows()} == {4}


def test_coming_back_with_the_id_of_any_event_leaves_nothing_out(api: ReadingApi) -> None:
    change(api, 3, 1, 2, 3)
    change(api, 4, 4)
    with watch(api, last="0") as client:
        whole = client.wait(6)
    assert [event.row[1] for event in whole] == [3, 3, 3, 3, 4, 4]
    for place, event in enumerate(whole):
        with watch(api, last=event.last_event_id) as again:
            again.reach("4")
            told = {e.row for e in whole[: place + 1]} | set(again.rows())
        assert told == {e.row for e in whole}
    with watch(api, last=whole[-1].last_event_id) as nothing_new:
        change(api, 5, 5)
        nothing_new.wait(2)
        assert {position for _, position in nothing_new.rows()} == {5}


def test_a_row_that_changed_often_is_told_once_as_it_is_now(api: ReadingApi) -> None:
    for position in (3, 4, 5):
        change(api, position, 1, status="failed" if position == 5 else "sent")
    with watch(api, last="2") as client:
        change(api, 6, 2)
        client.wait(4)
    assert client.rows() == [("communication-1", 5), ("attempt-1", 5), ("communication-2", 6), ("attempt-2", 6)]
    assert client.events[0].data["status"] == "failed"


def test_the_id_may_come_in_the_address_and_the_header_goes_before_it(api: ReadingApi) -> None:
    change(api, 3, 1)
    change(api, 4, 2)
    with watch(api, last_event_id=2) as from_address:
        from_address.wait(4)
    with watch(api, last="3", last_event_id=2) as from_header:
        assert {event.row[1] for event in from_header.wait(2)} == {4}


def test_only_what_matches_the_filters_is_told(api: ReadingApi) -> None:
    with watch(api, status="failed", customer_id=["c-1", "c-2"]) as client:
        change(api, 3, 1, status="failed")
        change(api, 4, 2, status="sent", customer_id="c-1")
        change(api, 5, 3, status="failed", customer_id="c-2", ignored=True)
        change(api, 6, 4, status="failed", customer_id="c-2")
        client.wait(2)
        assert client.rows() == [("communication-4", 6), ("attempt-4", 6)]


def test_another_tenants_changes_are_never_told(api: ReadingApi) -> None:
    with watch(api, last="0") as ours, watch(api, by="other", last="0") as theirs:
        change(api, 3, 1)
        change(api, 4, 2, whose="other")
        change(api, 5, 3)
        ours.wait(4)
        theirs.wait(2)
        assert [position for _, position in ours.rows()] == [3, 3, 5, 5]
        assert [position for _, position in theirs.rows()] == [4, 4]


def test_addresses_are_masked_for_who_may_not_see_them(api: ReadingApi) -> None:
    with (
        watch(api, by="masked", last="0") as masked,
        watch(api, last="0") as open_,
        watch(api, by="masked", q="jane") as q,
    ):
        change(api, 3, 1, recipient="jane@payer.example")
        assert {event.data["recipient"] for event in masked.wait(2)} == {"j***@payer.example"}
        assert {event.data["recipient"] for event in open_.wait(2)} == {"jane@payer.example"}
        q.reach("3")
        assert q.events == []


def test_a_silent_stream_shows_that_it_lives_and_moves_its_id_on(api: ReadingApi) -> None:
    with watch(api, customer_id="nobody") as client:
        change(api, 3, 1)
        eventually(lambda: len(client.comments) >= 2)
        client.reach("3")
        assert client.events == []


def test_bad_requests_are_answered_before_the_stream_begins(api: ReadingApi) -> None:
    for query, field in (
        ({"status": "lost"}, "status"),
        ({"limit": 5}, "limit"),
        ({"last_event_id": "x"}, "last_event_id"),
    ):
        assert api.get("/v1/stream", is_=422, **query)["errors"][0]["field"] == field
    answer = api.http.get("/v1/stream", headers=api.headers() | {"Last-Event-ID": "-1"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Last-Event-ID"
