"""The same request again gets the first answer, whatever died in between."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from psycopg import OperationalError

from adapters.idempotency import drop_expired
from api import sending
from api.http.idempotency import PATIENCE, Once, _digest
from tests.api.service import Service, Tenant, order
from tests.api.together import at_once
from tests.support.eventually import eventually

PERSON = {"id": "u"}


@pytest.fixture
def invoiced(acme: Tenant) -> Tenant:
    acme.put(customer={"id": "c-1", "name": "Jan"})
    return acme


def rows(tenant: Tenant) -> list[tuple[Any, ...]]:
    with tenant.service.owner.database.transaction() as connection:
        return connection.execute(
            "SELECT key, status, answer, running_until FROM work.idempotency WHERE tenant_id = %s", (tenant.id,)
        ).fetchall()


def test_the_same_request_again_gets_the_first_answer(invoiced: Tenant) -> None:
    first, again = invoiced.send("k-1"), invoiced.send("k-1")
    assert (first.status_code, again.status_code) == (202, 202)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert "Idempotent-Replayed" not in first.headers
    assert invoiced.attempt_count() == 1


def test_every_route_that_sends_takes_a_key(invoiced: Tenant) -> None:
    attempt = invoiced.sent(address=None)
    item = {"subject": order()["subject"], "sent_at": "2026-01-14T16:30:00Z", "how": "by hand"}
    for path, body in (
        ("/v1/attempts", order(address="two@payer.example")),
        ("/v1/attempts:bulk", {"items": [order(address="three@payer.example"), order("none")]}),
        (f"/v1/attempts/{attempt['id']}/resend", {}),
        ("/v1/communications:mark_sent", {"items": [item], "requested_by": PERSON}),
    ):
        before = invoiced.attempt_count()
        first, again = (invoiced.http.post(path, json=body, headers={"Idempotency-Key": path}) for _ in range(2))
        assert first.is_success
        assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
        assert invoiced.attempt_count() == before + 1


def test_how_the_same_body_is_written_does_not_matter(invoiced: Tenant) -> None:
    body = order()
    spaced = json.dumps(dict(reversed(body.items())), indent=3)
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    first = invoiced.http.post("/v1/attempts", json=body, headers=headers)
    again = invoiced.http.post("/v1/attempts", content=spaced, headers=headers)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")


def test_another_request_may_not_have_the_key(invoiced: Tenant) -> None:
    invoiced.send("k")
    attempt = invoiced.sent(address="two@payer.example")
    other_body = invoiced.send("k", address="three@payer.example")
    other_route = invoiced.http.post(f"/v1/attempts/{attempt['id']}/resend", json={}, headers={"Idempotency-Key": "k"})
    for answer in (other_body, other_route):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert invoiced.attempt_count() == 2


def test_a_refusal_is_an_answer_too(invoiced: Tenant) -> None:
    invoiced.connect()
    invoiced.sent()
    first, again = invoiced.send("k"), invoiced.send("k")
    assert (first.status_code, first.json()["code"]) == (409, "attempt_open")
    assert (again.json(), again.headers["Content-Type"]) == (first.json(), "application/problem+json")
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_body_that_is_not_valid_takes_no_key(invoiced: Tenant) -> None:
    assert invoiced.send("k", channel="fax").status_code == 422
    assert rows(invoiced) == []
    assert invoiced.send("k").status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
def test_strange_keys_are_refused(invoiced: Tenant, key: str) -> None:
    answer = invoiced.http.post("/v1/attempts", json=order(), headers={b"Idempotency-Key": key.encode()})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_idempotency_key")


def test_keys_belong_to_tenants(invoiced: Tenant) -> None:
    other = invoiced.service.tenant()
    other.put()
    first, theirs = invoiced.send("k"), other.send("k", address="theirs@payer.example")
    assert (first.status_code, theirs.status_code) == (202, 202)
    assert first.json()["id"] != theirs.json()["id"]


def test_without_a_key_every_request_is_its_own(invoiced: Tenant) -> None:
    assert invoiced.sent()["id"] != invoiced.sent()["id"]
    assert rows(invoiced) == []


def test_a_kept_answer_shows_nothing_by_itself(invoiced: Tenant) -> None:
    invoiced.send("k")
    ((key, status, answer, running),) = rows(invoiced)
    assert (key, status, running) == ("k", 202, None)
    assert b"payer" not in bytes(answer)


def test_a_replay_is_masked_for_who_may_not_see_addresses(invoiced: Tenant) -> None:
    invoiced.send("k")
    masked = invoiced.client("send", sees_addresses=False)
    answer = masked.post("/v1/attempts", json=order(), headers={"Idempotency-Key": "k"})
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert answer.json()["recipient"] == "a***@payer.example"


def test_a_key_is_free_again_after_30_days(own_service: Service) -> None:
    tenant = own_service.tenant()
    tenant.put()
    first = tenant.send("k")
    own_service.clock.now += timedelta(days=30, seconds=-1)
    assert tenant.send("k").content == first.content
    own_service.clock.now += timedelta(seconds=1)
    anew = tenant.send("k")
    assert (anew.status_code, "Idempotent-Replayed" in anew.headers) == (202, False)
    assert anew.json()["id"] != first.json()["id"]
    assert (tenant.attempt_count(), len(rows(tenant))) == (2, 1)


def test_old_keys_are_dropped_though_nobody_asks_for_them(own_service: Service) -> None:
    tenant = own_service.tenant()
    tenant.put()
    for place in range(5):
        tenant.send(f"old {place}", address=f"a{place}@payer.example")
    own_service.clock.now += timedelta(days=30)
    tenant.send("new")
    database = own_service.owner.database
    assert (drop_expired(database, own_service.clock), drop_expired(database, own_service.clock)) == (5, 0)
    assert [row[0] for row in rows(tenant)] == ["new"]


# while the first is still running, and when it never ends


@contextmanager
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Sends stop inside the use case: (one has come so far, let them go on)."""
    inside, go_on = threading.Event(), threading.Event()
    carried_out = sending.send

    async def wait(*given: Any) -> Any:
        inside.set()
        assert await asyncio.to_thread(go_on.wait, 20)
        return await carried_out(*given)

    monkeypatch.setattr(sending, "send", wait)
    try:
        yield inside, go_on
    finally:
        go_on.set()


def test_a_request_that_is_still_running_is_not_run_again(invoiced: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(monkeypatch) as (inside, go_on):
        first: list[httpx.Response] = []
        thread = threading.Thread(target=lambda: first.append(invoiced.send("k")))
        thread.start()
        assert inside.wait(10)
        running, other = invoiced.send("k"), invoiced.send("k", address="two@payer.example")
        go_on.set()
        thread.join()
    assert (running.status_code, running.json()["code"]) == (409, "still_running")
    assert running.headers["Retry-After"] == "1"
    assert other.json()["code"] == "idempotency_key_reused"
    assert invoiced.send("k").content == first[0].content


def test_ten_at_once_make_one_attempt(invoiced: Tenant) -> None:
    answers = at_once([lambda: invoiced.send("k")] * 10)
    assert {a.status_code for a in answers} <= {202, 409}
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"still_running"}
    assert len({a.json()["id"] for a in answers if a.status_code == 202}) == 1
    assert invoiced.attempt_count() == 1


def test_a_killed_request_is_taken_over(own_service: Service) -> None:
    tenant = own_service.tenant()
    tenant.put()
    insert_claim(tenant, "k")
    assert tenant.send("k").json()["code"] == "still_running"
    own_service.clock.forward(seconds=60)
    assert tenant.send("k", address="two@payer.example").json()["code"] == "idempotency_key_reused"
    assert tenant.send("k").status_code == 202
    assert tenant.attempt_count() == 1


def test_killed_after_it_recorded_it_makes_no_second_attempt(own_service: Service) -> None:
    """Recorded, not yet kept: who takes over finds the attempt and answers it."""
    tenant = own_service.tenant()
    tenant.put()
    tenant.connect()
    first = tenant.send("k").json()
    with own_service.owner.database.transaction() as connection:
        connection.execute(
            "UPDATE work.idempotency SET answer = NULL, status = NULL, running_until = %s", (own_service.clock(),)
        )
    again = tenant.send("k")
    assert (again.status_code, again.json()) == (202, first)
    assert "Idempotent-Replayed" not in again.headers
    assert tenant.attempt_count() == 1


def insert_claim(tenant: Tenant, key: str) -> None:
    """As a request for `order()` leaves it whose process was killed before it recorded anything."""
    at = tenant.service.clock()
    with tenant.service.owner.database.transaction() as connection:
        connection.execute(
            "INSERT INTO work.idempotency (tenant_id, key, request_hash, running_until, created_at)"
            " VALUES (%s, %s, %s, %s, %s)",
            (tenant.id, key, _digest("/v1/attempts", json.dumps(order()).encode()), at + PATIENCE, at),
        )


def test_what_may_go_better_next_time_is_not_kept(invoiced: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    for error, status in ((OperationalError("x"), 503), (RuntimeError("x"), 500)):
        with monkeypatch.context() as patch:
            patch.setattr(sending, "send", _raising(error))
            assert invoiced.send(f"k{status}").status_code == status
        assert invoiced.send(f"k{status}", address="other@payer.example").json()["code"] == "idempotency_key_reused"
        assert invoiced.send(f"k{status}").status_code == 202


def test_a_refusal_that_cannot_be_kept_is_given_all_the_same(invoiced: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.store.communications.PATIENCE", 0.05)
    with monkeypatch.context() as patch:
        patch.setattr("api.http.idempotency.Once._write", _raising(OperationalError("x")))
        first = invoiced.send("k", external_id="none")
    assert first.status_code == 404
    assert invoiced.send("k", external_id="none").json()["code"] == "still_running"


def test_what_is_recorded_and_its_answer_are_one_commit(invoiced: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who dies behind the commit has kept the answer, who dies before it has recorded nothing."""
    monkeypatch.setattr("api.http.idempotency.Once._write", _raising(OperationalError("x")))
    resent = f"/v1/attempts/{invoiced.sent(address=None)['id']}/resend"
    item = {"subject": order()["subject"], "sent_at": "2026-01-14T16:30:00Z", "how": "by hand"}
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/v1/attempts", order()),
        (resent, {}),
        ("/v1/attempts:bulk", {"items": [order(address="three@payer.example"), order("none"), 7]}),
        ("/v1/attempts:bulk", {"items": [order("none")]}),
        ("/v1/communications:mark_sent", {"items": [item], "requested_by": PERSON}),
    ]
    for number, (path, body) in enumerate(asked):
        headers = {"Idempotency-Key": f"k-{number}"}
        first, again = (invoiced.http.post(path, json=body, headers=headers) for _ in range(2))
        assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")


def test_a_claim_whose_commit_answer_was_lost_is_its_own(invoiced: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """It must not wait for itself."""
    lost = threading.Event()
    carried_out = Once._claim

    async def lose_the_first(self: Once) -> Any:
        found = await carried_out(self)
        if not lost.is_set():
            lost.set()
            raise OperationalError("the connection was lost")
        return found

    monkeypatch.setattr(Once, "_claim", lose_the_first)
    assert invoiced.send("k").status_code == 202
    assert lost.is_set()
    eventually(lambda: rows(invoiced)[0][2] is not None)


def _raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail
