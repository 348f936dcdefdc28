"""GET of lists, counts and single rows, as a client sees them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support.read_rows import Row, attempt, put_attempts, put_communications, row
from tests.support.reading_api import ReadingApi, reading_api

ROWS = 7
ROUTES = ("/v1/communications", "/v1/attempts", "/v1/communications:counts", "/v1/attempts:counts")
LISTS = ROUTES[:2]
BAD: list[tuple[dict[str, Any], str, str, str]] = [
    ({"colour": "red"}, "colour", "unknown_parameter", ""),
    ({"status": "lost"}, "status", "not_allowed", "collecting, queued, needs_action"),
    ({"status": ["failed", ""]}, "status", "not_allowed", "failed"),
    ({"status_group": "hidden"}, "status_group", "not_allowed", "failed, all"),
    ({"status_group": ["failed", "all"]}, "status_group", "repeated", "once"),
    ({"channel": "fax"}, "channel", "not_allowed", "email, sms, post, e_invoicing, manual"),
    ({"subject_type": "bill"}, "subject_type", "not_allowed", "invoice, credit_note"),
    ({"q": "ab"}, "q", "length", "3 to"),
    ({"q": "a--"}, "q", "length", "2 letters or digits"),
    ({"q": "a\x00bc"}, "q", "control_character", "NUL"),
    ({"category": ""}, "category", "length", "1 to"),
    ({"sent_from": "yesterday"}, "sent_from", "datetime", "2026-01-15T09:30:00Z"),
    ({"sent_to": "2026-01-15T09:30:00"}, "sent_to", "datetime", "zone"),
    ({"sent_to": "0001-01-01T00:00:00+14:00"}, "sent_to", "datetime", "zone"),
    ({"show_ignored": "yes"}, "show_ignored", "not_allowed", "true, false"),
    ({"wait_for": "-1"}, "wait_for", "out_of_range", "0 to"),
    ({"wait_for": "9" * 30}, "wait_for", "out_of_range", "0 to"),
]
"""The query, and of the error: its field, its code and a part of its message."""


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[ReadingApi]:
    with reading_api(database_url, tmp_path) as running:
        tenant = running.tenants["acme"]
        rows: list[Row] = [
            attempt(n, tenant_id=tenant, status="failed" if n == 3 else "delivered", recipient="jane@payer.example")
            for n in range(1, ROWS + 1)
        ]
        rows.append(attempt(20, tenant_id=running.tenants["other"], recipient="jane@payer.example"))
        put_attempts(running.worker, rows)
        put_communications(running.worker, [{k: v for k, v in one.items() if k != "communication_id"} for one in rows])
        yield running


def numbers(answer: dict[str, Any]) -> list[int]:
    return [UUID(one["id"]).int for one in answer["data"]]


def test_a_list_is_newest_first_in_pages(api: ReadingApi) -> None:
    for path in LISTS:
        first = api.get(path, limit=3)
        assert (numbers(first), first["has_more"]) == ([7, 6, 5], True)
        second = api.get(path, limit=3, cursor=first["next_cursor"])
        assert (numbers(second), second["has_more"]) == ([4, 3, 2], True)
        third = api.get(path, limit=3, cursor=second["next_cursor"])
        assert third["has_more"] is False
        assert third["next_cursor"] is None
        assert numbers(third) == [1]
        assert set(third) == {"data", "has_more", "next_cursor"}


def test_filters_narrow_lists_and_counts(api: ReadingApi) -> None:
    for path in LISTS:
        assert numbers(api.get(path, status_group="failed")) == [3]
        assert numbers(api.get(path, status=["failed", "delivered"], q="EXT-4")) == [4]
        assert len(api.get(path, status_group="all")["data"]) == ROWS
        expected = {"failed": 1, "not_sent": 0, "in_progress": 0, "completed": 6, "all": 7}
        assert api.get(f"{path}:counts", status_group="failed") == expected


def test_a_bad_parameter_is_named_with_what_is_allowed(api: ReadingApi) -> None:
    for query, field, code, says in BAD:
        for path in ROUTES:
            problem = api.get(path, is_=422, **query)
            (error,) = problem["errors"]
            assert (error["field"], error["code"]) == (field, code), (path, query)
            assert says in error["message"], (path, query)
            assert problem["code"] == "validation"


def test_all_bad_parameters_are_named_at_once(api: ReadingApi) -> None:
    problem = api.get("/v1/attempts", is_=422, limit=201, colour="red", never_sent="true")
    assert {one["field"] for one in problem["errors"]} == {"limit", "colour", "never_sent"}


def test_limits_are_from_1_to_200(api: ReadingApi) -> None:
    for limit in ("0", "201", "-1", "1.5", "ten", "٣"):
        problem = api.get("/v1/attempts", is_=422, limit=limit)
        assert "1 to 200" in problem["errors"][0]["message"]
    assert len(api.get("/v1/attempts", limit=200)["data"]) == ROWS


def test_counts_and_single_rows_take_no_paging(api: ReadingApi) -> None:
    for path in (*ROUTES[2:], f"/v1/attempts/{UUID(int=1)}", f"/v1/communications/{UUID(int=1)}"):
        assert api.get(path, is_=422, limit=3)["errors"][0]["field"] == "limit"


def test_one_row_comes_whole(api: ReadingApi) -> None:
    found = api.get(f"/v1/communications/{UUID(int=1)}")
    assert UUID(found["id"]).int == 1
    assert [UUID(one["id"]).int for one in found["attempts"]] == [1]
    assert UUID(api.get(f"/v1/attempts/{UUID(int=1)}")["id"]).int == 1


def test_what_is_not_there_or_anothers_is_404(api: ReadingApi) -> None:
    for wanted in (UUID(int=20), UUID(int=99), "nonsense"):
        assert api.get(f"/v1/communications/{wanted}", is_=404)["code"] == "communication_not_found"
        assert api.get(f"/v1/attempts/{wanted}", is_=404)["code"] == "attempt_not_found"
    assert UUID(api.get(f"/v1/attempts/{UUID(int=20)}", by="other")["id"]).int == 20


def test_a_tenant_sees_its_own_rows_alone(api: ReadingApi) -> None:
    for path in LISTS:
        assert numbers(api.get(path, by="other")) == [20]
        assert numbers(api.get(path, by="other", q="jane@payer")) == [20]
        assert api.get(f"{path}:counts", by="other")["all"] == 1


def test_without_the_right_to_read_nothing_is_answered(api: ReadingApi) -> None:
    for path in (*ROUTES, f"/v1/attempts/{UUID(int=1)}", f"/v1/communications/{UUID(int=1)}", "/v1/stream"):
        assert api.get(path, by="sender", is_=403)["code"] == "missing_scope"
        assert api.http.get(path).status_code == 401


def test_who_may_not_see_addresses_gets_them_masked_and_cannot_search_them(api: ReadingApi) -> None:
    for path in LISTS:
        assert {one["recipient"] for one in api.get(path, by="masked")["data"]} == {"j***@payer.example"}
        assert numbers(api.get(path, by="masked", q="jane")) == []
        assert api.get(f"{path}:counts", by="masked", q="jane")["all"] == 0
        assert numbers(api.get(path, by="masked", q="ext-4")) == [4]
        assert len(api.get(path, q="JANE@")["data"]) == ROWS
    assert api.get(f"/v1/attempts/{UUID(int=1)}", by="masked")["recipient"] == "j***@payer.example"


def test_never_sent_subjects_are_listed_only_where_asked_for(api: ReadingApi) -> None:
    put_communications(api.worker, [row(30, tenant_id=api.tenants["acme"], status=None)])
    assert 30 not in numbers(api.get("/v1/communications"))
    assert numbers(api.get("/v1/communications", never_sent="true"))[0] == 30
    assert api.get("/v1/communications:counts", never_sent="true")["not_sent"] == 1
