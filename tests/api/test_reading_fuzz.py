"""Whatever is asked, the answer is a list, or a problem of the caller's that names what is wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.read_rows import attempt, put_attempts, put_communications, row
from tests.support.reading_api import ReadingApi, reading_api

FILTERS = ["q", "status_group", "status", "channel", "subject_type", "category", "reason", "customer_id", "sent_from",
           "sent_to", "show_ignored", "include_collecting", "never_sent"]  # fmt: skip
NAMES = [*FILTERS, "limit", "cursor", "wait_for", "last_event_id"]
PATHS = ("/v1/communications", "/v1/attempts", "/v1/communications:counts", "/v1/attempts:counts")

texts = st.text(st.characters(codec="utf-8"), max_size=12)
WORDS = ("", "abc", "%%%", "___", "\\\\", "'; --", "failed", "all", "hidden", "true", "false", "c-1", "\x00\x00\x00")
NUMBERS = ("0", "1", "200", "-1", "1e3", "infinity", "9" * 25)
TIMES = ("2026-01-15T09:00:00Z", "2026-01-15", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z")
likely = st.sampled_from(WORDS + NUMBERS + TIMES)
pairs = st.lists(st.tuples(st.sampled_from(NAMES) | texts, likely | texts), max_size=4)
relaxed = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[ReadingApi]:
    with reading_api(database_url, tmp_path, wait_limit=0.01) as running:
        tenant = running.tenants["acme"]
        put_communications(running.worker, [row(n, tenant_id=tenant, customer_id="c-1") for n in range(1, 4)])
        put_attempts(running.worker, [attempt(n, tenant_id=tenant, customer_id="c-1") for n in range(1, 4)])
        yield running


def check(api: ReadingApi, path: str, query: list[tuple[str, str]]) -> dict[str, Any]:
    answer = api.http.get(path, params=tuple(query), headers=api.headers())
    found: dict[str, Any] = answer.json()
    known = (answer.status_code, found.get("code")) in ((200, None), (422, "validation"), (503, "not_yet_projected"))
    assert known, f"{answer.status_code} {answer.request.url}"
    if answer.status_code == 422:
        assert {error["field"] for error in found["errors"]} <= {name[:64] for name, _ in query}
    return found


@relaxed
@given(path=st.sampled_from(PATHS), query=pairs)
def test_any_parameters(api: ReadingApi, path: str, query: list[tuple[str, str]]) -> None:
    check(api, path, query)


@relaxed
@given(path=st.sampled_from(PATHS), raw=st.binary(max_size=30).map(lambda some: quote(some, safe="%&=+;")))
def test_any_query_string(api: ReadingApi, path: str, raw: str) -> None:
    answer = api.http.get(f"{path}?{raw}", headers=api.headers())
    assert answer.status_code in (200, 422, 503)


@relaxed
@given(
    path=st.sampled_from(PATHS[:2]), wanted=texts.filter(lambda text: text not in ("", ".", "..")) | st.uuids().map(str)
)
def test_any_id(api: ReadingApi, path: str, wanted: str) -> None:
    answer = api.http.get(f"{path}/{quote(wanted, safe='')}", headers=api.headers())
    assert answer.status_code == 404, wanted


def test_a_parameter_may_be_given_hundreds_of_times(api: ReadingApi) -> None:
    query = [("customer_id", f"c-{n}") for n in range(500)]
    assert [UUID(one["id"]).int for one in check(api, PATHS[1], query)["data"]] == [3, 2, 1]
