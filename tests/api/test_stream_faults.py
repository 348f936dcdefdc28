"""Live updates when the database, the server, a key or a great many changes get in the way."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest
from psycopg import OperationalError

from adapters.database.pool import connect
from projections.queries.asking import Ask
from tests.support.eventually import eventually
from tests.support.installation import installed
from tests.support.read_rows import START, attempt, project_to, put_attempts
from tests.support.reading_api import ReadingApi, reading_api
from tests.support.streams import change, watch


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[ReadingApi]:
    with reading_api(database_url, tmp_path) as running:
        project_to(running.worker, 0)
        yield running


def test_it_goes_on_when_every_connection_to_the_database_was_cut(api: ReadingApi, database_url: str) -> None:
    others = "FROM pg_stat_activity WHERE application_name LIKE 'sendtrail %' AND datname = current_database()"
    with watch(api) as client, connect(database_url, autocommit=True) as admin:
        change(api, 3, 1)
        client.wait(2)
        assert admin.execute(f"SELECT pg_terminate_backend(pid) {others}").fetchall()
        change(api, 4, 2)
        client.wait(4)
        assert not client.ended
    assert [event.row[1] for event in client.events] == [3, 3, 4, 4]


def test_reads_that_fail_are_made_again(api: ReadingApi) -> None:
    """The pool tests connections as it hands them out, so a read fails only when one breaks under it."""
    asking, fails = api.side.live.asking, [True, True]

    def broken(tenant_id: UUID) -> Ask:
        if fails and fails.pop(0):
            raise OperationalError
        return asking(tenant_id)

    change(api, 3, 1)
    with watch(api) as live:
        api.side.live.asking = broken
        change(api, 4, 2)
        assert [event.row[1] for event in live.wait(2)] == [4, 4]
    assert not fails
    fails += [False, True, True]
    with watch(api, last="2") as back:
        assert [event.row[1] for event in back.wait(4)] == [3, 3, 4, 4]
    assert not fails


def test_more_changes_than_are_held_in_memory_all_arrive(api: ReadingApi) -> None:
    count = 2600
    tenant = api.tenants["acme"]
    with watch(api) as client:
        put_attempts(api.worker, [attempt(n, tenant_id=tenant) for n in range(1, count + 1)])
        project_to(api.worker, count)
        client.wait(count, within=30)
        assert [position for _, position in client.rows()] == list(range(1, count + 1))


def test_a_revoked_key_ends_its_stream(api: ReadingApi, database_url: str, tmp_path: Path) -> None:
    with installed(database_url, tmp_path, "sendtrail_owner") as owner:
        (key_id,) = [key[0] for key in owner.api_keys.of_tenant(api.tenants["acme"]) if key[1] == "reader"]
        with watch(api) as client:
            owner.api_keys.revoke(key_id, START)
            eventually(lambda: client.ended, within=15)


def test_a_stopping_server_ends_its_streams_in_good_order(database_url: str, tmp_path: Path) -> None:
    with ExitStack() as open_streams:
        with reading_api(database_url, tmp_path, keep_alive=60) as api:
            client = open_streams.enter_context(watch(api))
        eventually(lambda: client.ended)
        assert not client.cut
