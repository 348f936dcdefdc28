"""`wait_for`: an answer that includes a write, or says that it cannot yet."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.database.pool import connect
from tests.support.eventually import eventually
from tests.support.read_rows import attempt, project_to, put_attempts, put_communications, row
from tests.support.reading_api import ReadingApi, reading_api

PATHS = ("/v1/communications", "/v1/attempts", "/v1/communications:counts", "/v1/attempts:counts")
LONG = 20.0


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[ReadingApi]:
    with reading_api(database_url, tmp_path) as running:
        yield running


@pytest.fixture
def patient(database_url: str, tmp_path: Path) -> Iterator[ReadingApi]:
    """Waits longer than any test takes."""
    with reading_api(database_url, tmp_path, wait_limit=LONG) as running:
        yield running


def test_a_position_that_is_not_reached_in_time_is_503(api: ReadingApi) -> None:
    project_to(api.worker, 5)
    one = (f"/v1/attempts/{UUID(int=1)}", f"/v1/communications/{UUID(int=1)}")
    for path in (*PATHS, *one):
        problem = api.get(path, is_=503, wait_for=6)
        assert problem["code"] == "not_yet_projected"
    answer = api.http.get(PATHS[0], params={"wait_for": 6}, headers=api.headers())
    assert answer.headers["retry-after"]


def test_a_position_that_is_reached_already_is_answered_at_once(patient: ReadingApi) -> None:
    project_to(patient.worker, 5)
    for path in PATHS:
        patient.get(path, wait_for=5)
        patient.get(path, wait_for=0)


def test_the_answer_includes_the_write_that_it_waited_for(patient: ReadingApi) -> None:
    tenant = patient.tenants["acme"]
    with ThreadPoolExecutor(2) as threads:
        listed = threads.submit(patient.get, PATHS[1], wait_for=7)
        single = threads.submit(patient.get, f"/v1/communications/{UUID(int=7)}", wait_for=7)
        eventually(lambda: patient.side.projected.waiting == 2)
        project_to(patient.worker, 6)
        put_attempts(patient.worker, [attempt(7, tenant_id=tenant)])
        put_communications(patient.worker, [row(7, tenant_id=tenant)])
        assert not listed.done()
        project_to(patient.worker, 7)
        assert [UUID(found["id"]).int for found in listed.result()["data"]] == [7]
        assert UUID(single.result()["id"]).int == 7


def test_it_still_works_when_the_listening_connection_was_lost(patient: ReadingApi, database_url: str) -> None:
    project_to(patient.worker, 1)
    patient.get(PATHS[0], wait_for=1)
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sendtrail listener'"
    ended += " AND datname = current_database()"
    with connect(database_url, autocommit=True) as admin, ThreadPoolExecutor(1) as threads:
        answer = threads.submit(patient.get, PATHS[0], wait_for=2)
        eventually(lambda: patient.side.projected.waiting == 1)
        assert admin.execute(ended).fetchall() == [(True,)]
        project_to(patient.worker, 2)
        assert answer.result()["data"] == []


def test_a_lost_notification_delays_an_answer_and_no_more(patient: ReadingApi) -> None:
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(patient.get, PATHS[0], wait_for=3)
        eventually(lambda: patient.side.projected.waiting == 1)
        project_to(patient.worker, 3, tell=False)
        assert answer.result()["data"] == []


def test_many_wait_without_a_query_or_a_connection_of_their_own(patient: ReadingApi) -> None:
    count = 40
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(patient.get(PATHS[3], wait_for=9))) for _ in range(count)]
    for thread in threads:
        thread.start()
    eventually(lambda: patient.side.projected.waiting == count)
    assert patient.side.asker.pool.get_stats()["pool_available"] == patient.side.asker.pool.get_stats()["pool_size"]
    project_to(patient.worker, 9)
    for thread in threads:
        thread.join()
    assert len(answers) == count
