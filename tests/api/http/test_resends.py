"""Sending an attempt again."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.api.service import Service, Tenant

PERSON = {"id": "u-7", "name": "Kim Vos"}


@pytest.fixture
def connected(acme: Tenant) -> Tenant:
    """A tenant with an invoice and a way to e-mail it."""
    acme.put(number="2026-0042", customer={"id": "c-19", "name": "Payer Ltd"})
    acme.connect()
    return acme


def resend(tenant: Tenant, attempt: dict[str, Any], **asked: Any) -> Any:
    return tenant.http.post(f"/v1/attempts/{attempt['id']}/resend", json=asked)


def test_a_resend_repeats_what_went_before(acme: Tenant) -> None:
    acme.put(number="7")
    acme.upload()
    first = acme.sent(message={"subject": "S", "text": "T"}, language="fr")
    answer = resend(acme, first, requested_by=PERSON)
    assert answer.status_code == 202
    again = answer.json()
    kept = ("channel", "message", "documents", "language", "recipient", "communication_id")
    assert {k: again[k] for k in kept} == {k: first[k] for k in kept}
    assert (again["cause"], again["previous_attempt_id"], again["requested_by"]) == ("resend", first["id"], PERSON)
    assert again["id"] != first["id"]


def test_a_resend_needs_no_body_and_takes_other_recipients(acme: Tenant) -> None:
    acme.put()
    first = acme.sent(address=None)
    assert acme.http.post(f"/v1/attempts/{first['id']}/resend").json()["reason"] == "missing_contact"
    acme.connect()
    acme.upload()
    again = resend(acme, first, recipients=[{"address": "new@payer.example"}]).json()
    assert (again["recipient"], again["status"], again["provider"]) == ("new@payer.example", "queued", "sendgrid")
    refused = resend(acme, first, recipients=[{"address": "nowhere"}])
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_address")


def test_a_resend_is_refused_while_the_first_waits(connected: Tenant) -> None:
    first = connected.sent()
    answer = resend(connected, first)
    assert (answer.status_code, answer.json()["code"]) == (409, "attempt_open")


def test_a_resend_has_its_window(own_service: Service) -> None:
    tenant = own_service.tenant()
    tenant.put()
    first = tenant.sent()
    own_service.clock.now += timedelta(days=90, seconds=-1)
    assert resend(tenant, first).status_code == 202
    own_service.clock.now += timedelta(seconds=1)
    answer = resend(tenant, first)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_old")


def test_resending_what_is_not_there(acme: Tenant) -> None:
    answer = resend(acme, {"id": uuid4()})
    assert (answer.status_code, answer.json()["code"]) == (404, "attempt_not_found")


def test_a_resend_goes_over_what_is_connected_now(acme: Tenant) -> None:
    acme.put()
    acme.upload()
    old = acme.connect()
    acme.sent()
    first = acme.sent(address="two@payer.example", scheduled_at="2026-02-01T00:00:00Z")
    other = resend(acme, first, recipients=[{"address": "three@payer.example"}]).json()
    assert other["connection_id"] == str(old)
    acme.service.owner.connections.disable(old, acme.service.clock())
    acme.service.installation.connections.forget()
    lost = resend(acme, first, recipients=[{"address": "four@payer.example"}]).json()
    assert (lost["connection_id"], lost["reason"]) == (None, "no_connection")
    new = acme.connect()
    found = resend(acme, first, recipients=[{"address": "five@payer.example"}]).json()
    assert (found["connection_id"], found["status"]) == (str(new), "queued")
