"""Many at once, and answers of the database that are lost on the way."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from psycopg import OperationalError

from adapters.database.prepared import Steps
from adapters.store.recorder import EventRecorder
from tests.api.service import PDF, Tenant, order
from tests.api.together import at_once


def test_sixteen_first_sends_at_once_make_one_attempt(acme: Tenant) -> None:
    acme.put(customer={"id": "c-1", "name": "Jan"})
    acme.connect()
    answers = at_once([acme.send] * 16)
    assert sorted(a.status_code for a in answers) == [202] + [409] * 15
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"attempt_open"}
    assert acme.attempt_count() == 1


def test_sixteen_sends_to_different_people_are_all_made(acme: Tenant) -> None:
    acme.put()
    acme.connect()
    answers = at_once([lambda n=n: acme.send(address=f"a{n}@payer.example") for n in range(16)])  # type: ignore[misc]
    assert {a.status_code for a in answers} == {202}
    assert len({a.json()["id"] for a in answers}) == 16
    assert acme.attempt_count() == 16


def test_sixteen_puts_of_one_subject_are_one_subject(acme: Tenant) -> None:
    path = "/v1/subjects/invoice/4711"
    answers = at_once([lambda: acme.http.put(path, json={"customer": {"id": "c-1", "name": "Jan"}})] * 16)
    assert sorted(a.status_code for a in answers) == [200] * 15 + [201]
    with acme.service.owner.database.transaction() as connection:
        made = connection.execute("SELECT count(*) FROM events.event WHERE tenant_id = %s", (acme.id,)).fetchone()
        keys = connection.execute(
            "SELECT count(*) FROM config.customer_key WHERE tenant_id = %s", (acme.id,)
        ).fetchone()
    assert (made, keys) == ((2,), (1,))


def test_one_document_uploaded_eight_times_at_once_is_one(acme: Tenant) -> None:
    acme.put()
    answers = at_once([lambda: acme.post_file(PDF)] * 8)
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["id"] for a in answers}) == 1


@pytest.fixture
def lost_commits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The next insert of events is committed and its answer lost; what was committed that way."""
    committed: list[int] = []
    inserting, insert = EventRecorder.inserting, EventRecorder.insert

    def lose(ids: list[int]) -> list[int]:
        if ids and not committed:
            committed.extend(ids)
            raise OperationalError("the connection was lost")
        return ids

    def commit_merged(self: EventRecorder, events: Any, **given: Any) -> Steps[list[int]]:
        return lose((yield from inserting(self, events, **given)))

    def commit(self: EventRecorder, events: Any, **given: Any) -> list[int]:
        return lose(insert(self, events, **given))

    monkeypatch.setattr(EventRecorder, "inserting", commit_merged)
    monkeypatch.setattr(EventRecorder, "insert", commit)
    yield committed
    assert committed


def test_a_lost_commit_answer_makes_one_attempt(acme: Tenant, request: pytest.FixtureRequest) -> None:
    acme.put()
    acme.connect()
    lost = request.getfixturevalue("lost_commits")
    found = acme.sent()
    assert found["position"] == lost[-1]
    assert acme.attempt_count() == 1


def test_a_lost_commit_answer_makes_one_resend(acme: Tenant, request: pytest.FixtureRequest) -> None:
    acme.put()
    first = acme.sent(address=None)
    request.getfixturevalue("lost_commits")
    answer = acme.http.post(f"/v1/attempts/{first['id']}/resend")
    assert (answer.status_code, acme.attempt_count()) == (202, 2)


def test_a_lost_commit_answer_makes_one_attempt_an_item(acme: Tenant, request: pytest.FixtureRequest) -> None:
    acme.put("1")
    acme.put("2")
    acme.connect()
    request.getfixturevalue("lost_commits")
    answer = acme.http.post("/v1/attempts:bulk", json={"items": [order("1"), order("2"), order("1")]})
    assert [one["outcome"] for one in answer.json()["data"]] == ["accepted", "accepted", "refused"]
    assert (acme.attempt_count("1"), acme.attempt_count("2")) == (1, 1)


def test_a_lost_commit_answer_marks_once(acme: Tenant, request: pytest.FixtureRequest) -> None:
    acme.put()
    request.getfixturevalue("lost_commits")
    item = {"subject": order()["subject"], "sent_at": "2026-01-14T16:30:00Z", "how": "by hand"}
    body = {"items": [item], "requested_by": {"id": "u"}}
    (found,) = acme.http.post("/v1/communications:mark_sent", json=body).json()["data"]
    assert (found["outcome"], acme.attempt_count()) == ("accepted", 1)


def test_a_lost_commit_answer_keeps_one_document(acme: Tenant, request: pytest.FixtureRequest) -> None:
    acme.put()
    request.getfixturevalue("lost_commits")
    kept = acme.upload()
    assert acme.http.get(f"/v1/documents/{UUID(kept['id'])}").content == PDF
