"""Asking a provider now, with the simulator in its place: it speaks the provider's own API over HTTP."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from adapters.bootstrap import Installation
from adapters.simulator.config import Config
from adapters.simulator.server import running
from adapters.webhook_log.opening import open_reader
from api.asking import Asking
from api.errors import TryLaterError
from consumers.dispatcher import Dispatcher
from consumers.webhooks import WebhookConsumer
from domain.values import Channel
from tests.api.service import Service, Tenant, order
from tests.support.eventually import eventually

NUMBER = "+32470123400"


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    with running(Config(delay=0.01, batch_wait=0.01)) as simulated:
        yield simulated.url


@pytest.fixture
def texting(own_service: Service, simulator: str) -> Tenant:
    """A tenant with an invoice and a phone; the provider's webhooks reach nobody."""
    return _texting(own_service, simulator, lambda _: "http://127.0.0.1:9/")


def _texting(service: Service, simulator: str, webhook_url: Callable[[Any], str]) -> Tenant:
    tenant, sid, token = service.tenant(), f"AC{uuid4().hex}", uuid4().hex
    settings = {"account_sid": sid, "from_number": "+15005550006", "api_url": simulator}
    connection = tenant.connect(Channel.SMS, "twilio", settings=settings, secrets={"auth_token": token})
    account = {"provider": "twilio", "key": sid, "token": token, "webhook_url": webhook_url(connection)}
    httpx.post(f"{simulator}/_control/accounts", json=account).raise_for_status()
    tenant.put(number="7")
    return tenant


def send(tenant: Tenant, worker: Installation, address: str = NUMBER) -> dict[str, Any]:
    attempt = tenant.sent(channel="sms", address=address)
    assert Dispatcher(worker).run_once() == 1
    return attempt


def refresh(tenant: Tenant, attempt: dict[str, Any]) -> httpx.Response:
    return tenant.http.post(f"/v1/attempts/{attempt['id']}/refresh")


def test_the_provider_says_what_no_webhook_told(texting: Tenant, worker: Installation) -> None:
    attempt = send(texting, worker)
    assert texting.subject()["communication"]["status"] == "sent"
    found = eventually(lambda: _shows(refresh(texting, attempt), "delivered"))
    assert (found["id"], found["status"], found["delivered_at"] is not None) == (attempt["id"], "delivered", True)
    assert texting.subject()["communication"]["status"] == "delivered"


def test_asking_again_records_nothing_twice(texting: Tenant, worker: Installation) -> None:
    attempt = send(texting, worker)
    found = eventually(lambda: _shows(refresh(texting, attempt), "delivered"))
    assert refresh(texting, attempt).json() == found


def test_what_a_webhook_told_is_not_recorded_again(own_service: Service, simulator: str, worker: Installation) -> None:
    """Whichever comes first, the provider's answer and its webhook are the same report."""
    own_service.installation.settings.public_url = worker.settings.public_url = own_service.url
    tenant = _texting(own_service, simulator, lambda c: f"{own_service.url}/v1/webhooks/{c}")
    attempt = send(tenant, worker)
    with _consumer(worker) as consume:
        eventually(lambda: _status_after(consume, tenant) == "delivered")
    told = tenant.subject()["communication"]
    answer = refresh(tenant, attempt)
    assert (answer.status_code, answer.json()["status"]) == (200, "delivered")
    assert tenant.subject()["communication"] == told


def _status_after(step: Callable[[], None], tenant: Tenant) -> Any:
    step()
    return tenant.subject()["communication"]["status"]


@contextmanager
def _consumer(worker: Installation) -> Iterator[Callable[[], None]]:
    """Each call takes in what webhooks have come."""
    reader = open_reader(worker.settings, worker.communications.recorder.positions)
    consumer = WebhookConsumer(worker, reader)

    def step() -> None:
        consumer.step(0.1)

    try:
        yield step
    finally:
        reader.close()


def test_an_attempt_that_has_not_left_cannot_be_asked_about(texting: Tenant) -> None:
    attempt = texting.sent(channel="sms", address=NUMBER)
    answer = refresh(texting, attempt)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_sent_yet")


def test_after_25_days_it_is_too_late(texting: Tenant, worker: Installation) -> None:
    attempt = send(texting, worker)
    texting.service.clock.now += timedelta(days=25)
    assert refresh(texting, attempt).status_code == 200
    texting.service.clock.now += timedelta(seconds=1)
    answer = refresh(texting, attempt)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_old_to_ask")


def test_what_went_out_by_hand_cannot_be_asked_about(acme: Tenant) -> None:
    acme.put()
    item = {"subject": order()["subject"], "sent_at": "2026-01-14T16:30:00Z", "how": "by hand"}
    body = {"items": [item], "requested_by": {"id": "u"}}
    (marked,) = acme.http.post("/v1/communications:mark_sent", json=body).json()["data"]
    answer = refresh(acme, marked["attempt"])
    assert (answer.status_code, answer.json()["code"]) == (409, "cannot_ask")


def test_a_connection_that_is_gone_cannot_be_asked(texting: Tenant, worker: Installation) -> None:
    attempt = send(texting, worker)
    service = texting.service
    service.owner.connections.disable(service.owner.connections.of_tenant(texting.id)[0].id, service.clock())
    service.installation.connections.forget()
    assert refresh(texting, attempt).json()["code"] == "cannot_ask"


def test_a_provider_that_does_not_answer(texting: Tenant, worker: Installation) -> None:
    attempt = send(texting, worker)
    service = texting.service
    (connection,) = service.owner.connections.of_tenant(texting.id)
    connection.settings["api_url"] = "http://127.0.0.1:9"
    service.owner.connections.update(connection)
    service.installation.connections.forget()
    answer = refresh(texting, attempt)
    assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")
    assert answer.headers["Retry-After"] == "1"


def test_slow_providers_do_not_take_all_threads(own_service: Service, texting: Tenant, worker: Installation) -> None:
    """Beyond a few questions at a time the next is told to come again."""
    attempt = send(texting, worker)
    with httpx.Client() as http:
        asking = Asking(own_service.installation, http)
        while asking._free.acquire(blocking=False):
            pass
        with pytest.raises(TryLaterError):
            asking.refresh(_caller(texting), attempt["id"])


def _caller(tenant: Tenant) -> Any:
    secret = tenant.http.headers["Authorization"].partition(" ")[2]
    return tenant.service.installation.api_keys.who(secret)


def _shows(answer: httpx.Response, status: str) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json() if answer.json()["status"] == status else None
