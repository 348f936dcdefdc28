"""Marked as sent, ignored, restored."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.keys.ring import ERASED
from domain.communication import InvoiceCommunication
from domain.values import Personal
from tests.api.service import Tenant

PERSON = {"id": "u-7", "name": "Kim Vos"}
AT = "2026-01-14T16:30:00Z"


def item(external_id: str = "4711", **more: Any) -> dict[str, Any]:
    return {"subject": {"type": "invoice", "external_id": external_id}, "sent_at": AT, "how": "at the counter", **more}


def mark(tenant: Tenant, *items: Any, key: str | None = None) -> list[dict[str, Any]]:
    headers = {"Idempotency-Key": key} if key else {}
    body = {"items": list(items), "requested_by": PERSON}
    answer = tenant.http.post("/v1/communications:mark_sent", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def test_marking_opens_a_manual_attempt(acme: Tenant) -> None:
    acme.put()
    (found,) = mark(acme, item())
    attempt = found["attempt"]
    assert (found["outcome"], found["error"]) == ("accepted", None)
    assert (attempt["channel"], attempt["status"], attempt["requested_by"]) == ("manual", "sent", PERSON)
    assert (attempt["shipped_at"], attempt["sent_at"]) == (AT, AT)
    assert acme.subject()["communication"]["status"] == "sent"


def test_marking_ends_an_attempt_that_needed_action(acme: Tenant) -> None:
    acme.put()
    waiting = acme.sent(address=None)
    (found,) = mark(acme, item(attempt_id=waiting["id"]))
    assert (found["attempt"]["id"], found["attempt"]["status"]) == (waiting["id"], "sent")
    assert acme.attempt_count() == 1


def test_marking_again_changes_nothing(acme: Tenant) -> None:
    acme.put()
    waiting = acme.sent(address=None)
    first, same, other = (
        mark(acme, item(attempt_id=waiting["id"], how=how))[0] for how in ("by bike", "by bike", "by car")
    )
    assert (first["outcome"], same["outcome"], other["outcome"]) == ("accepted", "accepted", "skipped")
    assert first["attempt"] == same["attempt"] == other["attempt"]


def test_how_it_was_sent_is_sealed_until_the_customer_is_erased(acme: Tenant) -> None:
    """It is free text: people write names and places into it."""
    acme.put(customer={"id": "c-19", "name": "Payer Ltd"})
    (found,) = mark(acme, item(how="to Mrs Vos at her door"))
    assert b"Mrs Vos" not in events_of(acme)
    communication = acme.service.installation.communications.get(UUID(found["attempt"]["communication_id"]), acme.id)
    assert isinstance(communication, InvoiceCommunication)
    how = communication.attempt(found["attempt"]["id"]).how
    assert isinstance(how, Personal)
    keys = acme.service.installation.keys
    assert keys.open([how], acme.id)[how] == "to Mrs Vos at her door"
    assert acme.client("admin").delete("/v1/customers/c-19").status_code == 200
    assert keys.open([how], acme.id)[how] == ERASED
    (again,) = mark(acme, item(how="to Mrs Vos at her door", attempt_id=found["attempt"]["id"]))
    assert again["outcome"] == "skipped"


def events_of(tenant: Tenant) -> bytes:
    with tenant.service.owner.database.transaction() as connection:
        rows = connection.execute("SELECT state FROM events.event WHERE tenant_id = %s", (tenant.id,)).fetchall()
    return b"".join(bytes(row[0]) for row in rows)


def test_each_item_has_its_outcome(acme: Tenant) -> None:
    acme.put()
    acme.connect()
    queued = acme.sent()
    data = mark(
        acme,
        item("none"),
        item(attempt_id=queued["id"]),
        item(attempt_id=str(uuid4())),
        item(sent_at="2999-01-01T00:00:00Z"),
        item(how=""),
        {},
        item(),
    )
    assert [one["error"]["code"] if one["error"] else one["outcome"] for one in data] == [
        "subject_not_found",
        "not_needs_action",
        "attempt_not_found",
        "in_the_future",
        "validation",
        "validation",
        "accepted",
    ]


def test_somebody_must_have_sent_it(acme: Tenant) -> None:
    acme.put()
    for who in (None, {}, {"id": ""}, {"name": " "}):
        body = {"items": [item()]} | ({"requested_by": who} if who is not None else {})
        answer = acme.http.post("/v1/communications:mark_sent", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"].startswith("requested_by")
    assert acme.attempt_count() == 0


def test_marking_twice_with_a_key_opens_one_attempt(acme: Tenant) -> None:
    acme.put()
    assert mark(acme, item(), key="k") == mark(acme, item(), key="k")
    assert acme.attempt_count() == 1


@pytest.fixture
def communication(acme: Tenant) -> str:
    acme.put()
    found: str = acme.sent()["communication_id"]
    return found


def test_ignoring_and_restoring(acme: Tenant, communication: str) -> None:
    path = f"/v1/communications/{communication}"
    body = {"requested_by": PERSON, "reason": "Paid in cash"}
    ignored = acme.http.post(f"{path}/ignore", json=body).json()
    assert (ignored["id"], ignored["ignored"]) == (communication, True)
    again = acme.http.post(f"{path}/ignore", json=body).json()
    assert again["position"] == ignored["position"]
    restored = acme.http.post(f"{path}/restore", json={"requested_by": PERSON}).json()
    assert (restored["ignored"], restored["position"] > ignored["position"]) == (False, True)


def test_a_new_send_restores(acme: Tenant, communication: str) -> None:
    acme.http.post(f"/v1/communications/{communication}/ignore", json={"requested_by": PERSON})
    acme.sent(address="two@payer.example")
    assert acme.subject()["communication"]["ignored"] is False


def test_somebody_must_have_ignored_it(acme: Tenant, communication: str) -> None:
    bodies: list[Any] = [
        {},
        {"requested_by": {}},
        {"requested_by": PERSON, "reason": 7},
        {"requested_by": PERSON, "x": 1},
    ]
    for body in bodies:
        answer = acme.http.post(f"/v1/communications/{communication}/ignore", json=body)
        assert answer.status_code == 422
    assert acme.subject()["communication"]["ignored"] is False


def test_unknown_communications(acme: Tenant) -> None:
    for action in ("ignore", "restore"):
        answer = acme.http.post(f"/v1/communications/{uuid4()}/{action}", json={"requested_by": PERSON})
        assert (answer.status_code, answer.json()["code"]) == (404, "communication_not_found")
