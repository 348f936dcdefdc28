"""Another tenant's key finds nothing, whatever it names."""

from typing import Any

import pytest

from tests.api.service import PDF, Tenant, order

PERSON = {"id": "u"}


@pytest.fixture
def theirs(acme: Tenant) -> dict[str, Any]:
    """What `acme` has; a stranger knows every id of it."""
    acme.put(customer={"id": "c-1", "name": "Jan"})
    connection = acme.connect()
    document = acme.upload()
    return acme.sent() | {"document": document["id"], "connection": str(connection)}


@pytest.fixture
def stranger(acme: Tenant) -> Tenant:
    return acme.service.tenant()


def test_nothing_of_another_tenant_is_found(theirs: dict[str, Any], stranger: Tenant) -> None:
    attempt, communication = f"/v1/attempts/{theirs['id']}", f"/v1/communications/{theirs['communication_id']}"
    subject = "/v1/subjects/invoice/4711"
    file = {"files": {"file": ("a.pdf", PDF)}, "data": {"format": "pdf"}}
    admin = stranger.client("admin")
    for method, path, given in (
        ("GET", subject, {}),
        ("POST", f"{subject}/documents", file),
        ("GET", f"/v1/documents/{theirs['document']}", {}),
        ("POST", "/v1/attempts", {"json": order()}),
        ("POST", f"{attempt}/resend", {"json": {}}),
        ("POST", f"{attempt}/refresh", {}),
        ("POST", f"{communication}/ignore", {"json": {"requested_by": PERSON}}),
        ("POST", f"{communication}/restore", {"json": {"requested_by": PERSON}}),
        ("GET", attempt, {}),
        ("GET", communication, {}),
    ):
        answer = admin.request(method, path, **given)
        assert answer.status_code == 404, f"{method} {path}: {answer.text}"


def test_a_stranger_changes_nothing(acme: Tenant, theirs: dict[str, Any], stranger: Tenant) -> None:
    before = acme.subject()
    admin = stranger.client("admin")
    item = {"subject": order()["subject"], "sent_at": "2026-01-14T16:30:00Z", "how": "x", "attempt_id": theirs["id"]}
    marked = admin.post("/v1/communications:mark_sent", json={"items": [item], "requested_by": PERSON}).json()
    sent = admin.post("/v1/attempts:bulk", json={"items": [order()]}).json()
    assert [one["error"]["code"] for one in (*marked["data"], *sent["data"])] == ["subject_not_found"] * 2
    assert admin.delete("/v1/customers/c-1").json()["keys_destroyed"] == 0
    assert acme.subject() == before


def test_the_same_names_are_other_things(acme: Tenant, theirs: dict[str, Any], stranger: Tenant) -> None:
    """Two tenants may use the same ids for subjects and customers."""
    created = stranger.http.put("/v1/subjects/invoice/4711", json={"customer": {"id": "c-1", "name": "Piet"}})
    assert created.status_code == 201
    mine = stranger.sent()
    assert mine["communication_id"] != theirs["communication_id"]
    item = {"subject": order()["subject"], "sent_at": "2026-01-14T16:30:00Z", "how": "x", "attempt_id": theirs["id"]}
    stolen = stranger.http.post("/v1/communications:mark_sent", json={"items": [item], "requested_by": PERSON}).json()
    assert stolen["data"][0]["error"]["code"] == "attempt_not_found"
    assert acme.subject()["customer"]["name"] == "Jan"


def test_another_tenants_connection_is_unknown(theirs: dict[str, Any], stranger: Tenant) -> None:
    stranger.put()
    answer = stranger.send(connection_id=theirs["connection"])
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_connection")
    assert stranger.sent()["reason"] == "no_connection"
