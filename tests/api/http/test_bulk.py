"""Many sends in one request: N items, N outcomes, in order."""

import threading
from typing import Any
from uuid import UUID

import pytest

from adapters.store.errors import VersionConflictError
from api import batches
from api.http.problems import Problem
from domain.status import Status
from tests.api.service import Tenant, order


def bulk(tenant: Tenant, items: list[Any], key: str | None = None) -> list[dict[str, Any]]:
    headers = {"Idempotency-Key": key} if key else {}
    answer = tenant.http.post("/v1/attempts:bulk", json={"items": items}, headers=headers)
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    assert [one["index"] for one in data] == list(range(len(items)))
    return data


def test_every_item_has_its_own_outcome(acme: Tenant) -> None:
    acme.put("1")
    acme.put("2")
    expected = [
        (order("1"), None),
        (order("none"), "subject_not_found"),
        (order("2", address="nowhere"), "invalid_address"),
        (order("2", address=None), None),
        (order("1", channel="fax"), "validation"),
        (order("1") | {"colour": "red"}, "validation"),
        (7, "validation"),
        (None, "validation"),
        (order("1", address="two@payer.example"), None),
    ]
    data = bulk(acme, [item for item, _ in expected])
    assert [one["error"]["code"] if one["error"] else None for one in data] == [code for _, code in expected]
    assert [one["outcome"] for one in data] == ["refused" if code else "accepted" for _, code in expected]
    assert data[2]["error"]["errors"][0]["field"] == "recipients.0.address"
    assert data[3]["attempt"]["reason"] == "missing_contact"
    assert {one["attempt"]["cause"] for one in data if one["attempt"]} == {"bulk"}
    assert all((one["attempt"] is None) == (one["outcome"] == "refused") for one in data)
    assert (acme.attempt_count("1"), acme.attempt_count("2")) == (2, 1)


def test_a_double_click_inside_one_request(acme: Tenant) -> None:
    acme.put()
    acme.connect()
    data = bulk(acme, [order(), order(), order(address="two@payer.example")])
    assert [one["outcome"] for one in data] == ["accepted", "refused", "accepted"]
    assert data[1]["error"]["code"] == "attempt_open"


def test_the_whole_is_checked_before_its_items(acme: Tenant) -> None:
    bodies: list[Any] = [
        {},
        {"items": []},
        {"items": {}},
        {"items": [order()] * 1001},
        {"items": [order()], "colour": 1},
        [],
    ]
    for body in bodies:
        answer = acme.http.post("/v1/attempts:bulk", json=body)
        assert answer.status_code == 422


def test_a_thousand_at_once(acme: Tenant) -> None:
    for number in range(10):
        acme.put(str(number), customer={"id": f"c-{number}"})
    items = [order(str(i % 10), address=f"a{i}@payer.example") for i in range(1000)]
    answer = acme.http.post("/v1/attempts:bulk", json={"items": items})
    found = answer.json()
    assert [one["attempt"]["recipient"] for one in found["data"]] == [f"a{i}@payer.example" for i in range(1000)]
    assert len({one["attempt"]["id"] for one in found["data"]}) == 1000
    assert found["position"] >= 1000


def test_a_busy_communication_holds_up_no_other(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one never lets a write through, the others are recorded, each by itself."""
    acme.put("1")
    acme.put("busy")
    communications = acme.service.installation.communications
    busy = acme.sent(external_id="busy", channel="manual", address=None)["communication_id"]
    record = communications.record

    def conflict(aggregates: Any, **given: Any) -> int | None:
        changed = list(aggregates)
        if any(str(a.id) == busy for a in changed):
            raise VersionConflictError
        return record(changed, **given)

    monkeypatch.setattr(communications, "record", conflict)
    monkeypatch.setattr("adapters.store.communications.PATIENCE", 0.05)
    data = bulk(acme, [order("busy"), order("1")])
    assert [one["outcome"] for one in data] == ["refused", "accepted"]
    assert (data[0]["error"]["status"], data[0]["error"]["code"]) == (503, "unavailable")


def test_conflicts_are_tried_again(acme: Tenant) -> None:
    """Several requests over the same communications at once: each gets all of its attempts."""
    for number in range(5):
        acme.put(str(number))
    results: list[list[dict[str, Any]]] = []
    threads = [
        threading.Thread(
            target=lambda n=n: results.append(
                bulk(acme, [order(str(i), address=f"a{n}@payer.example") for i in range(5)])
            )
        )
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    assert all(one["outcome"] == "accepted" for data in results for one in data)
    assert [acme.attempt_count(str(i)) for i in range(5)] == [6] * 5


def test_an_attempt_that_was_skipped_says_so(acme: Tenant) -> None:
    """By a rule, or called back, between a first answer that was lost and the second."""
    acme.put()
    acme.connect()
    (first,) = bulk(acme, [order()], key="k")
    installation = acme.service.installation
    communication = installation.communications.get(UUID(first["attempt"]["communication_id"]), acme.id)
    communication.skip(first["attempt"]["id"], "opted_out", acme.service.clock())
    installation.communications.record([communication], tenant=acme.id)
    with acme.service.owner.database.transaction() as connection:
        connection.execute("DELETE FROM work.idempotency WHERE tenant_id = %s", (acme.id,))
    (again,) = bulk(acme, [order()], key="k")
    assert (again["outcome"], again["attempt"]["id"]) == ("skipped", first["attempt"]["id"])
    assert (again["attempt"]["status"], again["attempt"]["reason"]) == (Status.SKIPPED, "opted_out")


def test_outcomes_have_a_shape() -> None:
    """An answer's item says refused exactly where there is no attempt."""
    assert '"attempt":null' in batches._refused(0, Problem(404))
