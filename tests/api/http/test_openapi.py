"""The description of the API is complete, and its examples are accepted."""

from typing import Any

import httpx
import pytest

from tests.api.service import Service, Tenant

WRITES = [
    ("put", "/v1/subjects/{type}/{external_id}", "/v1/subjects/invoice/4711", 201),
    ("post", "/v1/attempts", "/v1/attempts", 202),
    ("post", "/v1/attempts:bulk", "/v1/attempts:bulk", 200),
    ("post", "/v1/communications:mark_sent", "/v1/communications:mark_sent", 200),
]


@pytest.fixture(scope="module")
def described(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{service.url}/openapi.json").raise_for_status().json()
    return found


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    names = set(_references(described))
    assert names
    assert names <= {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}


def test_answers_have_the_fields_of_what_is_answered(described: dict[str, Any], acme: Tenant) -> None:
    acme.put()
    attempt = acme.sent()
    del attempt["position"]
    shape = described["components"]["schemas"]["AttemptDoc"]["properties"]
    assert list(shape) == list(attempt)
    shape = described["components"]["schemas"]["CommunicationDoc"]["properties"]
    assert list(shape) == list(acme.subject()["communication"])


@pytest.mark.parametrize(("method", "path", "address", "status"), WRITES)
def test_examples_are_accepted(
    described: dict[str, Any], acme: Tenant, method: str, path: str, address: str, status: int
) -> None:
    if method == "post":
        acme.put()
    schema = described["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
    (example,) = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["examples"]
    answer = acme.http.request(method, address, json=example)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert [one["outcome"] for one in answer.json()["data"]] == ["accepted"]


def test_writes_say_who_may_and_what_may_go_wrong(described: dict[str, Any]) -> None:
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            if method != "get" and "webhooks" not in path:
                assert operation["security"] == [{"api_key": []}]
                assert {"401", "403", "503"} <= set(operation["responses"])
                assert operation["description"]


def test_sends_take_an_idempotency_key(described: dict[str, Any]) -> None:
    for path in (
        "/v1/attempts",
        "/v1/attempts:bulk",
        "/v1/attempts/{attempt_id}/resend",
        "/v1/communications:mark_sent",
    ):
        names = {p["name"].lower() for p in described["paths"][path]["post"]["parameters"] if p["in"] == "header"}
        assert "idempotency-key" in names


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [name for inner in value.values() for name in _references(inner)]
    return [name for inner in value for name in _references(inner)] if isinstance(value, list) else []
