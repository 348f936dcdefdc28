"""Putting subjects and asking for them."""

from typing import Any
from urllib.parse import quote

import pytest

from adapters.keys import customer_ref
from tests.api.service import Tenant

WHOLE: dict[str, Any] = {
    "number": "2026-0042",
    "label": "Final invoice",
    "url": "https://erp.example/invoices/4711?tab=1",
    "category": "recurring_sales",
    "document_status": "approved",
    "total": "121.00",
    "balance_due": "-0.50",
    "currency": "EUR",
    "issued_on": "2026-01-15",
    "customer": {"id": "c-19", "name": "Payer Ltd"},
}


def test_a_new_subject_is_201_and_a_change_is_200(acme: Tenant) -> None:
    path = "/v1/subjects/invoice/4711"
    first = acme.http.put(path, json=WHOLE)
    assert first.status_code == 201
    assert first.json() == {"type": "invoice", "external_id": "4711", **WHOLE, "position": first.json()["position"]}
    changed = acme.http.put(path, json=WHOLE | {"balance_due": "0.00"})
    assert (changed.status_code, changed.json()["balance_due"]) == (200, "0.00")
    assert changed.json()["position"] > first.json()["position"]


def test_saying_the_same_again_records_nothing(acme: Tenant) -> None:
    """Although a sealed name never looks the same twice."""
    first = acme.put(**WHOLE)
    assert acme.put(**WHOLE) == first
    assert acme.put(**WHOLE | {"customer": {"id": "c-19", "name": "Payer NV"}})["position"] > first["position"]


def test_what_is_left_out_is_no_longer_so(acme: Tenant) -> None:
    acme.put(**WHOLE)
    found = acme.put(number="7")
    assert (found["number"], found["total"], found["customer"], found["category"]) == ("7", None, None, "invoice")


def test_never_sent_has_no_communication(acme: Tenant) -> None:
    acme.put(**WHOLE)
    assert acme.subject() == {"type": "invoice", "external_id": "4711", **WHOLE, "communication": None}


def test_a_subject_shows_its_communication_at_once(acme: Tenant) -> None:
    acme.put(**WHOLE)
    attempt = acme.sent()
    found = acme.subject()["communication"]
    assert (found["id"], found["last_attempt_id"]) == (attempt["communication_id"], attempt["id"])
    assert (found["status"], found["attempt_count"], found["last_recipient"]) == ("needs_action", 1, "ap@payer.example")


def test_an_unknown_subject(acme: Tenant) -> None:
    answer = acme.http.get("/v1/subjects/invoice/none")
    assert (answer.status_code, answer.json()["code"]) == (404, "subject_not_found")
    assert acme.http.get("/v1/subjects/bill/1").status_code == 422


@pytest.mark.parametrize("external_id", ["a/b", "a/documents/c", "ü 1", "x:y", "50%", "a?b", "'", "..a"])
def test_external_ids_may_hold_anything_visible(acme: Tenant, external_id: str) -> None:
    path = f"/v1/subjects/quote/{quote(external_id, safe='')}"
    assert acme.http.put(path, json={}).json()["external_id"] == external_id
    assert acme.http.get(path).json()["external_id"] == external_id
    files = {"file": ("a.pdf", b"%PDF-1.7 %%EOF")}
    assert acme.http.post(f"{path}/documents", files=files, data={"format": "pdf"}).status_code == 201


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", ""), ("number", 42), ("number", "x" * 65), ("number", "a\nb"), ("label", "a\x00b"), ("label", ["a"]),
        ("url", "ftp://x.example"), ("url", "javascript:alert(1)"), ("url", "https://"), ("url", "https://a b"),
        ("url", "//x.example"), ("url", "https://[::1"), ("category", "Has Spaces"), ("category", "a" * 65),
        ("category", ""), ("total", "1,00"), ("total", 121.0), ("total", "1e3"), ("total", "٣"), ("total", "NaN"),
        ("balance_due", "--1"), ("currency", "eur"), ("currency", "EURO"), ("issued_on", "2026-02-30"),
        ("issued_on", "15/01/2026"), ("issued_on", 1), ("customer", {"name": "x"}), ("customer", {"id": ""}),
        ("customer", {"id": "c", "vat": "1"}), ("customer", "c-1"), ("colour", "red"),
    ],
)  # fmt: skip
def test_fields_are_checked(acme: Tenant, field: str, value: Any) -> None:
    answer = acme.http.put("/v1/subjects/invoice/1", json={field: value})
    assert answer.status_code == 422
    assert {one["field"].partition(".")[0] for one in answer.json()["errors"]} == {field}
    assert acme.http.get("/v1/subjects/invoice/1").status_code == 404


def test_a_path_that_cannot_be_an_id(acme: Tenant) -> None:
    for path in ("a%00b", "%20", "x" * 201, "a%09b"):
        assert acme.http.put(f"/v1/subjects/invoice/{path}", json={}).status_code == 422


def test_names_are_sealed(acme: Tenant) -> None:
    """Nothing of the name is in the store, and the key that opens it is the customer's."""
    acme.put(**WHOLE)
    with acme.service.owner.database.transaction() as connection:
        rows = connection.execute("SELECT state FROM events.event WHERE tenant_id = %s", (acme.id,)).fetchall()
        refs = connection.execute(
            "SELECT customer_ref FROM config.customer_key WHERE tenant_id = %s", (acme.id,)
        ).fetchall()
    assert len(rows) == 2
    assert b"Payer" not in b"".join(bytes(row[0]) for row in rows)
    assert refs == [(customer_ref("c-19", "", ""),)]
