"""Alive, ready, and the figures."""

import re

import httpx

from adapters.bootstrap import Installation
from adapters.providers.port import Unknown
from consumers.breaker import MOST_FAILURES, Breaker
from consumers.health import ConnectionHealth
from consumers.projector import Projector
from consumers.watching import Watch
from domain.values import Channel
from tests.api.service import Service, Tenant


def test_alive(service: Service) -> None:
    assert httpx.get(f"{service.url}/healthz").json() == {"status": "ok"}


def test_ready_tells_how_far_behind_the_projections_are(own_service: Service, worker: Installation) -> None:
    tenant = own_service.tenant()
    Projector(worker.database, worker.keys).run_once()
    tenant.put(number="1")
    answer = httpx.get(f"{own_service.url}/readyz")
    assert (answer.status_code, answer.json()["lag"]) == (200, 2)
    Projector(worker.database, worker.keys).run_once()
    found = httpx.get(f"{own_service.url}/readyz").json()
    assert found["lag"] == 0
    assert set(found["projections"]) == {"overview", "attempt_log"}


def test_not_ready_before_the_migrations(own_service: Service) -> None:
    with own_service.owner.database.transaction() as connection:
        connection.execute("DELETE FROM sendtrail.migration WHERE name = '0007_api.sql'")
    answer = httpx.get(f"{own_service.url}/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_migrated")
    assert "0007_api.sql" in answer.json()["detail"]


def test_not_ready_without_a_database(own_service: Service) -> None:
    own_service.installation.database.pool.close()
    assert httpx.get(f"{own_service.url}/readyz").status_code == 503
    assert httpx.get(f"{own_service.url}/healthz").status_code == 200


def test_figures_are_in_the_text_format(own_service: Service) -> None:
    tenant = own_service.tenant()
    tenant.put()
    tenant.connect()
    tenant.upload()
    tenant.sent()
    answer = httpx.get(f"{own_service.url}/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    samples = [line for line in answer.text.splitlines() if not line.startswith("#")]
    assert samples
    assert all(re.fullmatch(r'[a-z_]+(\{([a-z]+="[^"\n]*",?)+\})? [0-9.e+-]+', line) for line in samples)
    assert 'sendtrail_http_requests_total{method="POST",route="/v1/attempts",status="202"} 1' in samples
    assert 'sendtrail_http_request_seconds_count{route="/v1/attempts"} 1' in samples
    assert 'sendtrail_http_request_seconds_bucket{route="/v1/attempts",le="+Inf"} 1' in samples
    assert 'sendtrail_backlog{of="due"} 1' in samples
    assert "payer" not in answer.text


def test_what_is_asked_for_makes_no_new_series(acme: Tenant) -> None:
    for place in range(5):
        acme.http.get(f"/v1/nothing/{place}")
        acme.http.get(f"/v1/subjects/invoice/{place}")
    assert "/v1/nothing" not in acme.http.get("/metrics").text
    assert "/v1/subjects/invoice" not in acme.http.get("/metrics").text


def test_how_connections_fare_is_counted_without_naming_them(own_service: Service, worker: Installation) -> None:
    tenant = own_service.tenant()
    named = [tenant.connect(), tenant.connect(Channel.SMS, "twilio")]
    found = worker.connections.get(named[1])
    assert found
    breaker = Breaker(ConnectionHealth(worker.database, worker.clock))
    for _ in range(MOST_FAILURES):
        breaker.heard(found, Unknown("ReadTimeout"), worker.clock())
    Watch(worker).look()
    samples = httpx.get(f"{own_service.url}/metrics").text
    assert 'sendtrail_connections{provider="sendgrid",breaker="closed"} 1' in samples
    assert 'sendtrail_connections{provider="twilio",breaker="open"} 1' in samples
    assert 'sendtrail_connection_warnings{provider="twilio",warning="paused"} 1' in samples
    assert 'sendtrail_connection_warnings{provider="sendgrid",warning="no_webhook_key"} 1' in samples
    assert not any(str(one) in samples for one in named)
    own_service.clock.forward(minutes=1)
    assert 'breaker="half_open"} 1' in httpx.get(f"{own_service.url}/metrics").text
