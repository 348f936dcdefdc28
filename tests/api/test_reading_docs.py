"""What the description of the API says of reading is what the routes take and answer."""

from typing import Any

import pytest

from api.http.parameters import FILTERS
from domain.status import Status
from tests.api.service import Service, Tenant

READS = {
    "/v1/communications": {"never_sent", "limit", "cursor", "wait_for"},
    "/v1/attempts": {"limit", "cursor", "wait_for"},
    "/v1/communications:counts": {"never_sent", "wait_for"},
    "/v1/attempts:counts": {"wait_for"},
    "/v1/stream": {"never_sent", "last_event_id", "Last-Event-ID"},
}


@pytest.fixture(scope="module")
def paths(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = service.tenant().http.get("/openapi.json").raise_for_status().json()["paths"]
    return found


def test_every_filter_is_described_on_every_route_that_takes_it(paths: dict[str, Any]) -> None:
    for path, more in READS.items():
        described = {one["name"]: one for one in paths[path]["get"]["parameters"]}
        assert set(described) == {parameter.name for parameter in FILTERS} | more, path
        assert described["status"]["schema"]["items"]["enum"] == list(Status)
        assert all(one["description"] for one in described.values())


def test_examples_have_the_answers_fields(paths: dict[str, Any], acme: Tenant) -> None:
    for path in list(READS)[:4]:
        shown = paths[path]["get"]["responses"]["200"]["content"]["application/json"]["example"]
        answer = acme.http.get(path).raise_for_status().json()
        assert list(shown) == list(answer)


def test_problems_are_described(paths: dict[str, Any]) -> None:
    for path in READS:
        assert {"200", "401", "403", "422", "503"} <= set(paths[path]["get"]["responses"]), path
    for path in ("/v1/attempts/{attempt_id}", "/v1/communications/{communication_id}"):
        assert "404" in paths[path]["get"]["responses"]
        assert [one["name"] for one in paths[path]["get"]["parameters"] if one["in"] == "query"] == ["wait_for"]
