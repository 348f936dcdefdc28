"""Every error is a problem, names its field, and repeats nothing that should not be read."""

import logging
from typing import Any

import httpx
import pytest
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from adapters.store.errors import BusyError, NotFoundError, StoreError, VersionConflictError
from api import errors as api_errors
from api.http.problems import STATUS_OF, Problem, parsed, problem_of
from api.http.schemas import SendIn
from domain import errors as domain_errors
from tests.api.service import Service, Tenant, order

FIELDS = {"type", "title", "status", "detail", "code", "errors"}


def check(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem, which has every field and is marked as one."""
    found: dict[str, Any] = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(found) == FIELDS
    assert (answer.status_code, found["status"], found["code"]) == (status, status, code)
    assert found["type"] == f"urn:sendtrail:problem:{code}"
    assert all(set(one) == {"field", "code", "message"} for one in found["errors"])
    return found


def test_an_unknown_address(acme: Tenant) -> None:
    check(acme.http.get("/v1/nothing"), 404, "not_found")


def test_a_method_that_the_address_does_not_take(acme: Tenant) -> None:
    answer = acme.http.patch("/v1/attempts")
    check(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, POST"


def test_malformed_json(acme: Tenant) -> None:
    for body in (b"{", b"", b"{]", b"\xff\xfe", b"nul"):
        answer = acme.http.post("/v1/attempts", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) in (
            (400, "malformed_json"),
            (400, "malformed"),
            (422, "validation"),
        )


def test_json_that_python_cannot_read(acme: Tenant) -> None:
    """Nested too deep, and a number of too many digits."""
    for body in (b"[" * 50_000, b'{"channel": ' + b"9" * 5000 + b"}"):
        answer = acme.http.post("/v1/attempts", content=body, headers={"Content-Type": "application/json"})
        check(answer, 400, "malformed")


def test_fields_are_named(acme: Tenant) -> None:
    body = order(address="x") | {"channel": "pigeon", "colour": 1, "recipients": [{"role": "boss"}]}
    found = check(acme.http.post("/v1/attempts", json=body), 422, "validation")
    named = {one["field"]: one["code"] for one in found["errors"]}
    assert named == {"channel": "enum", "colour": "unknown_field", "recipients.0.role": "enum"}


def test_a_missing_field_is_named(acme: Tenant) -> None:
    found = check(acme.http.post("/v1/attempts", json={}), 422, "validation")
    assert {(one["field"], one["code"]) for one in found["errors"]} == {
        ("subject", "required"),
        ("channel", "required"),
    }


def test_what_was_sent_is_not_repeated(acme: Tenant) -> None:
    acme.put()
    answer = acme.http.post("/v1/attempts", json=order(address="not an address"))
    assert check(answer, 422, "invalid_address")["errors"][0]["field"] == "recipients.0.address"
    assert "not an address" not in answer.text


def test_names_that_are_not_unicode(acme: Tenant) -> None:
    """Half a surrogate pair cannot be encoded; the problem must come out all the same."""
    body = b'{"\\ud800": 1, "subject": {"type": "invoice", "external_id": "\\ud800"}, "channel": "email"}'
    answer = acme.http.post("/v1/attempts", content=body, headers={"Content-Type": "application/json"})
    check(answer, 422, "validation")
    items = b'{"items": [{"\\ud800": 1}, {"x\\ud800": {}}]}'
    answer = acme.http.post("/v1/attempts:bulk", content=items, headers={"Content-Type": "application/json"})
    assert [one["outcome"] for one in answer.json()["data"]] == ["refused", "refused"]


def test_an_unknown_query_parameter(acme: Tenant) -> None:
    for method, path in (("POST", "/v1/attempts"), ("GET", "/v1/subjects/invoice/1"), ("GET", "/v1/attempts")):
        answer = acme.http.request(method, path, params={"colour": "red"}, json={} if method == "POST" else None)
        assert check(answer, 422, "validation")["errors"][0]["field"] == "colour"


def test_ids_that_cannot_be_ids_name_nothing(acme: Tenant) -> None:
    check(acme.http.post("/v1/attempts/seven/resend"), 404, "attempt_not_found")
    check(acme.http.post("/v1/attempts/seven/refresh"), 404, "attempt_not_found")
    check(acme.http.get("/v1/documents/seven"), 404, "document_not_found")
    answer = acme.http.post("/v1/communications/seven/ignore", json={"requested_by": {"id": "u"}})
    check(answer, 404, "communication_not_found")


@pytest.mark.parametrize(
    "kind",
    [
        *domain_errors.CommunicationError.__subclasses__(),
        *api_errors.RequestError.__subclasses__(),
        api_errors.DocumentErasedError,
    ],
)
def test_a_refusal_keeps_its_code_and_says_why(kind: type[Exception]) -> None:
    error = kind("f", "c", "m") if kind is api_errors.InvalidFieldError else kind()
    problem = problem_of(error)
    assert problem is not None
    assert 400 <= problem.status_code < 500 or problem.status_code == 503
    assert problem.code == getattr(error, "code")  # noqa: B009 - both families have one
    assert problem.detail


@pytest.mark.parametrize(
    "error", [BusyError("x"), VersionConflictError(), StoreError(), OperationalError("host=secret"), PoolTimeout("x")]
)
def test_what_may_go_better_next_time(error: Exception) -> None:
    problem = problem_of(error)
    assert problem is not None
    assert (problem.status_code, (problem.headers or {})["Retry-After"]) == (503, "1")
    assert "secret" not in str(problem.document())


def test_the_nearest_ancestor_decides() -> None:
    assert (problem_of(NotFoundError("no communication 1")) or Problem(500)).status_code == 404
    assert problem_of(ValueError("ours")) is None
    assert all(400 <= status < 600 for status in STATUS_OF.values())


def test_one_item_is_checked_by_itself() -> None:
    with pytest.raises(Problem) as caught:
        parsed(SendIn, {"channel": "email"})
    assert [f.field for f in caught.value.fields] == ["subject"]


def test_a_fault_of_ours_says_nothing_of_the_inside(
    own_service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tenant = own_service.tenant()
    tenant.put()

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("ap@payer.example")

    monkeypatch.setattr(own_service.installation.communications, "change_async", fail)
    with caplog.at_level(logging.INFO):
        answer = tenant.send()
    found = check(answer, 500, "internal")
    assert answer.headers["X-Request-Id"] in found["detail"]
    assert "payer" not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text


def test_no_database_is_try_again_later(own_service: Service) -> None:
    tenant = own_service.tenant()
    tenant.put()
    own_service.installation.database.pool.close()
    answer = tenant.send()
    assert check(answer, 503, "unavailable")["errors"] == []
    assert answer.headers["Retry-After"] == "1"
