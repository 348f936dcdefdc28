"""The time line is told from the events, of the same moment as the row that it comes with."""

from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import pytest

from adapters.bootstrap import Installation
from adapters.keys import customer_ref
from adapters.keys.ring import ERASED
from consumers.projector import Projector
from domain.reports import DeliveryReport
from domain.status import Status
from domain.values import HandedMessage
from tests.api.service import Service, Tenant
from tests.support.installation import installed

TOLD = ["subject_revised", "document_added", "send_attempted"]
SENT = ["dispatch_started", "handed_over", "status_reported"]


@pytest.fixture
def tenant(own_service: Service) -> Tenant:
    return own_service.tenant()


@pytest.fixture
def asked(tenant: Tenant) -> dict[str, Any]:
    """An attempt for customer c-1, asked for by Anna."""
    tenant.connect()
    tenant.put(number="7", customer={"id": "c-1", "name": "Jan"})
    tenant.upload()
    return tenant.sent(requested_by={"name": "Anna Berg"})


def worker(tenant: Tenant) -> AbstractContextManager[Installation]:
    settings = tenant.service.installation.settings
    return installed(settings.database_url, settings.data_dir, "sendtrail_worker")


def project(tenant: Tenant) -> None:
    with worker(tenant) as installation:
        Projector(installation.database, installation.keys).run_once()


def deliver(tenant: Tenant, attempt: dict[str, Any]) -> int:
    """Taken by the provider and delivered, with a word of the provider's; the position."""
    attempt_id, now = attempt["id"], tenant.service.clock()
    with worker(tenant) as installation:
        communication = installation.communications.get(UUID(attempt["communication_id"]))
        number = communication.start_dispatch(attempt_id, [1], now)
        communication.hand_over(attempt_id, number, [HandedMessage("m")], now)
        detail = installation.keys.customer(tenant.id, customer_ref("c-1", "invoice", "4711"), now).seal("250 ok")
        communication.record_report(DeliveryReport("r", attempt_id, "dlv", now, Status.DELIVERED, detail=detail), now)
        position = installation.communications.record([communication])
    assert position
    return position


def whole(tenant: Tenant, attempt: dict[str, Any]) -> list[dict[str, Any]]:
    answer = tenant.http.get(f"/v1/communications/{attempt['communication_id']}")
    found: list[dict[str, Any]] = answer.json()["timeline"]
    return found


def of_attempt(tenant: Tenant, attempt: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tenant.http.get(f"/v1/attempts/{attempt['id']}").json()["timeline"]
    return found


def kinds(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["kind"] for entry in entries]


def test_of_a_communication_and_of_one_attempt(tenant: Tenant, asked: dict[str, Any]) -> None:
    deliver(tenant, asked)
    project(tenant)
    assert kinds(whole(tenant, asked)) == ["created", *TOLD, *SENT]
    found = of_attempt(tenant, asked)
    assert kinds(found) == ["send_attempted", *SENT]
    assert found[0]["detail"] == "Anna Berg"
    assert {entry["recipient"] for entry in found} == {"ap@payer.example"}


def test_it_ends_where_the_row_does_until_that_is_projected(tenant: Tenant, asked: dict[str, Any]) -> None:
    project(tenant)
    position = deliver(tenant, asked)
    assert kinds(of_attempt(tenant, asked)) == ["send_attempted"]
    assert kinds(whole(tenant, asked)) == ["created", *TOLD]
    assert tenant.http.get(f"/v1/attempts/{asked['id']}").json()["status"] == "queued"
    project(tenant)
    answer = tenant.http.get(f"/v1/attempts/{asked['id']}", params={"wait_for": position}).json()
    assert (answer["status"], kinds(answer["timeline"])) == ("delivered", ["send_attempted", *SENT])


def test_an_erasure_is_seen_before_it_is_projected(tenant: Tenant, asked: dict[str, Any]) -> None:
    deliver(tenant, asked)
    project(tenant)
    assert "250 ok" in str(of_attempt(tenant, asked)), "or the keys would not have been remembered"
    body = {"requested_by": {"id": "dpo"}}
    tenant.client("admin").request("DELETE", "/v1/customers/c-1", json=body).raise_for_status()
    for entries in (whole(tenant, asked), of_attempt(tenant, asked)):
        assert {entry["recipient"] for entry in entries} <= {ERASED, None}
        assert entries[-1]["detail"] == ERASED


def test_who_may_not_see_addresses_sees_none_here_either(tenant: Tenant, asked: dict[str, Any]) -> None:
    deliver(tenant, asked)
    project(tenant)
    masked = tenant.client("read", sees_addresses=False)
    for path in (f"/v1/attempts/{asked['id']}", f"/v1/communications/{asked['communication_id']}"):
        entries = masked.get(path).json()["timeline"]
        assert {entry["recipient"] for entry in entries} <= {"a***@payer.example", None}
        assert {entry["detail"] for entry in entries} == {None}


def test_another_tenant_is_told_nothing(tenant: Tenant, asked: dict[str, Any]) -> None:
    project(tenant)
    other = tenant.service.tenant()
    assert other.http.get(f"/v1/attempts/{asked['id']}").status_code == 404
    assert other.http.get(f"/v1/communications/{asked['communication_id']}").status_code == 404
