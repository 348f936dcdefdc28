"""Cancelled while it waits, and called back from a provider that can still stop it (the simulator's Pingen)."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from adapters.bootstrap import Installation
from adapters.simulator.config import Config
from adapters.simulator.server import running
from consumers.dispatcher import Dispatcher
from domain.communication import InvoiceCommunication
from domain.values import Channel
from tests.adapters.simulator.pages import pdf
from tests.api.service import Service, Tenant
from tests.support.eventually import eventually

ADDRESS = "Ada Payer, Main Street 7, 1000 Brussels"
PERSON = {"id": "u-7", "name": "Kim Vos"}
SECRET = "s3cret of the tests"


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    """Letters stay in the queue until it is told to hurry."""
    with running(Config(delay=3600, batch_wait=0.01)) as simulated:
        yield simulated.url


@pytest.fixture
def posting(own_service: Service, simulator: str) -> Tenant:
    """A tenant with an invoice to print; the provider's webhooks reach nobody."""
    tenant, client = own_service.tenant(), uuid4().hex
    account = {"provider": "pingen", "key": client, "token": SECRET, "webhook_url": "http://127.0.0.1:9/"}
    httpx.post(f"{simulator}/_control/accounts", json=account).raise_for_status()
    here = {"api_url": simulator, "identity_url": simulator}
    settings = {"client_id": client, "organisation_id": uuid4().hex, **here}
    secrets = {"client_secret": SECRET, "signing_key": SECRET}
    tenant.connect(Channel.POST, "pingen", settings=settings, secrets=secrets)
    tenant.put(number="7")
    tenant.upload(pdf(["Ada Payer", "Main Street 7", "1000 Brussels"]))
    return tenant


def posted(tenant: Tenant, worker: Installation, *more: str) -> dict[str, Any]:
    recipients = [{"address": address} for address in (ADDRESS, *more)]
    attempt = tenant.sent(channel="post", recipients=recipients)
    assert Dispatcher(worker).run_once() == 1
    assert tenant.subject()["communication"]["status"] == "sent"
    return attempt


def cancel(tenant: Tenant, attempt: dict[str, Any], **asked: Any) -> httpx.Response:
    return tenant.http.post(f"/v1/attempts/{attempt['id']}/cancel", json=asked)


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def refreshed(tenant: Tenant, attempt: dict[str, Any]) -> tuple[str, str | None]:
    answer = tenant.http.post(f"/v1/attempts/{attempt['id']}/refresh")
    assert answer.status_code == 200, answer.text
    return answer.json()["status"], answer.json()["reason"]


def letters(tenant: Tenant, simulator: str) -> list[dict[str, Any]]:
    (connection,) = tenant.service.owner.connections.of_tenant(tenant.id)
    kept = httpx.get(f"{simulator}/_control/messages").json()["messages"]
    return [one for one in kept if one["sender"] == connection.settings["organisation_id"]]


def hurry_until_sent(tenant: Tenant, simulator: str, letter: int = 0) -> None:
    def is_sent() -> bool:
        httpx.post(f"{simulator}/_control/hurry").raise_for_status()
        return any(one["event"] == "sent" for one in letters(tenant, simulator)[letter]["occurrences"])

    eventually(is_sent)


def test_what_waits_is_cancelled_here(acme: Tenant) -> None:
    acme.put()
    acme.connect()
    attempt = acme.sent()
    answer = cancel(acme, attempt, requested_by=PERSON)
    found = answer.json()
    assert (answer.status_code, found["id"]) == (200, attempt["id"])
    assert (found["status"], found["reason"]) == ("skipped", "cancelled")
    assert found["position"] > attempt["position"]
    assert refused(cancel(acme, attempt)) == (409, "already_sent")


def test_it_needs_no_body_and_leaves_room_for_another(acme: Tenant) -> None:
    acme.put()
    acme.connect()
    attempt = acme.sent()
    assert acme.send().json()["code"] == "attempt_open"
    assert acme.http.post(f"/v1/attempts/{attempt['id']}/cancel").status_code == 200
    assert acme.send().status_code == 202


def test_what_is_cancelled_is_never_sent(posting: Tenant, worker: Installation, simulator: str) -> None:
    attempt = posting.sent(channel="post", address=ADDRESS)
    assert cancel(posting, attempt).status_code == 200
    assert Dispatcher(worker).run_once() == 0
    assert letters(posting, simulator) == []


def test_an_email_that_was_sent_stays_sent(own_service: Service, simulator: str, worker: Installation) -> None:
    tenant, key = own_service.tenant(), f"SG.{uuid4().hex}"
    account = {"provider": "sendgrid", "key": key}
    httpx.post(f"{simulator}/_control/accounts", json=account).raise_for_status()
    settings = {"from_email": "billing@acme.example", "api_url": simulator}
    tenant.connect(settings=settings, secrets={"api_key": key, "public_key": "unused"})
    tenant.put(number="7")
    tenant.upload()
    attempt = tenant.sent()
    assert Dispatcher(worker).run_once() == 1
    assert refused(cancel(tenant, attempt)) == (409, "already_sent")
    assert tenant.subject()["communication"]["status"] == "sent"


def test_a_letter_is_called_back(posting: Tenant, worker: Installation) -> None:
    attempt = posted(posting, worker)
    answer = cancel(posting, attempt, requested_by=PERSON)
    assert (answer.status_code, answer.json()["status"]) == (202, "sent")
    assert refreshed(posting, attempt) == ("failed", "cancelled")
    assert refused(cancel(posting, attempt)) == (409, "already_sent")


def test_all_letters_of_an_attempt_are_called_back(posting: Tenant, worker: Installation, simulator: str) -> None:
    """Again, too: what was stopped the first time does not stand in the way."""
    attempt = posted(posting, worker, "Grace Payer, Side Street 9, 1000 Brussels")
    assert [cancel(posting, attempt).status_code for _ in range(2)] == [202, 202]
    happened = [[o["event"] for o in one["occurrences"]] for one in letters(posting, simulator)]
    assert happened == [["cancelled"], ["cancelled"]]
    assert refreshed(posting, attempt) == ("failed", "cancelled")


def test_a_letter_that_is_being_sent_is_waited_for(posting: Tenant, worker: Installation, simulator: str) -> None:
    attempt = posting.sent(channel="post", address=ADDRESS)

    def command(found: InvoiceCommunication | None) -> tuple[InvoiceCommunication, int]:
        assert found is not None
        return found, found.start_dispatch(attempt["id"], [1], worker.clock())

    worker.communications.change(UUID(attempt["communication_id"]), command)
    assert refused(cancel(posting, attempt)) == (409, "being_sent")
    assert letters(posting, simulator) == []


def test_a_letter_that_the_post_has_is_too_late(posting: Tenant, worker: Installation, simulator: str) -> None:
    attempt = posted(posting, worker)
    hurry_until_sent(posting, simulator)
    answer = cancel(posting, attempt)
    assert refused(answer) == (409, "too_late_to_cancel")
    assert "a letter that is sent cannot be cancelled" in answer.json()["detail"]
    assert refreshed(posting, attempt) == ("sent", None)


def test_a_cancelled_letter_never_goes_out(posting: Tenant, worker: Installation, simulator: str) -> None:
    first = posted(posting, worker)
    assert cancel(posting, first).status_code == 202
    assert refreshed(posting, first) == ("failed", "cancelled")
    posted(posting, worker)
    hurry_until_sent(posting, simulator)
    assert [one["event"] for one in letters(posting, simulator)[-1]["occurrences"]] == ["cancelled"]


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"api_url": "http://127.0.0.1:9"}, (503, "provider_unavailable")),
        ({"client_id": "stranger"}, (409, "cannot_cancel")),
    ],
)
def test_a_provider_that_does_not_do_it(
    setting: dict[str, str], told: tuple[int, str], posting: Tenant, worker: Installation
) -> None:
    attempt = posted(posting, worker)
    service = posting.service
    (connection,) = service.owner.connections.of_tenant(posting.id)
    connection.settings.update(setting)
    service.owner.connections.update(connection)
    service.installation.connections.forget()
    assert refused(cancel(posting, attempt)) == told


def test_who_may_cancel_and_what(acme: Tenant) -> None:
    acme.put()
    attempt = acme.sent()
    assert acme.client("read").post(f"/v1/attempts/{attempt['id']}/cancel").status_code == 403
    assert refused(cancel(acme, {"id": uuid4()})) == (404, "attempt_not_found")
    assert refused(cancel(acme, attempt, requested_by={})) == (422, "validation")
    stranger = acme.service.tenant()
    assert refused(cancel(stranger, attempt)) == (404, "attempt_not_found")
