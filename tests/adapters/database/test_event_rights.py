"""Events are only ever appended, through the functions for it, and by the API for its own tenant alone."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import Connection
from psycopg.errors import InsufficientPrivilege, RaiseException, UniqueViolation

from adapters.database.pool import Role, connect
from tests.support.database import Server, named_by

MINE, THEIRS = uuid4(), uuid4()
INSERT = """INSERT INTO events.event (tenant_id, originator_id, originator_version, topic, state)
            VALUES (gen_random_uuid(), gen_random_uuid(), 1, 'x', '{}')"""


def append(
    connection: Connection[Any], function: str, tenants: list[UUID], ids: list[UUID], first: int = 1
) -> list[int]:
    versions = list(range(first, first + len(ids)))
    values = (tenants, ids, versions, ["topic"] * len(ids), [b'{"a": 1}'] * len(ids))
    sql = "SELECT * FROM events.append(%s, %s, %s, %s, %s)"
    if function == "append_own":
        sql = "SELECT * FROM events.append_own(%s, %s, %s, %s, %s)"
    return [position for (position,) in connection.execute(sql, values)]


def own(connection: Connection[Any], tenant: UUID) -> None:
    connection.execute("SELECT set_config('app.tenant', %s, true)", (str(tenant),))


def test_positions_come_in_the_order_given(database_url: str) -> None:
    stream = uuid4()
    with connect(database_url, "sendtrail_worker") as worker:
        positions = append(worker, "append", [MINE] * 500, [stream] * 500)
        sql = "SELECT notification_id FROM events.event ORDER BY originator_version"
        assert positions == [position for (position,) in worker.execute(sql)] == sorted(positions)


def test_the_same_version_cannot_be_recorded_twice(database_url: str) -> None:
    stream = uuid4()
    with connect(database_url, "sendtrail_worker") as worker:
        append(worker, "append", [MINE], [stream])
        with pytest.raises(UniqueViolation):
            append(worker, "append", [MINE], [stream])


@pytest.mark.parametrize("role", ["sendtrail_api", "sendtrail_worker"])
@pytest.mark.parametrize(
    "sql", [INSERT, "UPDATE events.event SET topic = ''", "DELETE FROM events.event", "TRUNCATE events.event"]
)
def test_no_process_writes_the_table_itself(database_url: str, role: Role, sql: str) -> None:
    with connect(database_url, role) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute(sql.encode())


@pytest.mark.parametrize(
    "sql", ["UPDATE events.event SET topic = ''", "DELETE FROM events.event", "TRUNCATE events.event"]
)
def test_not_even_the_owner_or_a_superuser_changes_history(server: Server, database_url: str, sql: str) -> None:
    with connect(database_url, "sendtrail_owner") as owner:
        append(owner, "append", [MINE], [uuid4()])
    with connect(database_url, "sendtrail_owner") as owner, pytest.raises(RaiseException, match="events are immutable"):
        owner.execute(sql.encode())
    superuser_url = server.superuser_url(named_by(database_url))
    with connect(superuser_url) as superuser, pytest.raises(RaiseException, match="events are immutable"):
        superuser.execute(sql.encode())


@pytest.mark.parametrize(
    "table", ["events.event", "events.tracking", "events.history", "work.webhook_log", "work.dead_letter"]
)
def test_the_api_cannot_read_around_its_functions(database_url: str, table: str) -> None:
    with connect(database_url, "sendtrail_api") as api, pytest.raises(InsufficientPrivilege):
        api.execute(f"SELECT * FROM {table}".encode())


@pytest.mark.parametrize("call", ["events.append('{}', '{}', '{}', '{}', '{}')", "events.streams('{}')"])
def test_the_api_cannot_call_the_workers_functions(database_url: str, call: str) -> None:
    with connect(database_url, "sendtrail_api") as api, pytest.raises(InsufficientPrivilege):
        api.execute(f"SELECT * FROM {call}".encode())


def test_the_api_appends_for_its_tenant_and_for_no_other_in_the_same_call(database_url: str) -> None:
    with connect(database_url, "sendtrail_api") as api:
        own(api, MINE)
        assert len(append(api, "append_own", [MINE, MINE], [uuid4(), uuid4()])) == 2
        with pytest.raises(InsufficientPrivilege, match="append for another tenant"):
            append(api, "append_own", [MINE, THEIRS], [uuid4(), uuid4()])


def test_the_api_appends_nothing_without_a_tenant(database_url: str) -> None:
    with connect(database_url, "sendtrail_api") as api, pytest.raises(InsufficientPrivilege):
        append(api, "append_own", [MINE], [uuid4()])


def test_the_api_reads_the_streams_of_its_tenant_alone(database_url: str) -> None:
    mine, theirs = uuid4(), uuid4()
    with connect(database_url, "sendtrail_worker") as worker:
        append(worker, "append", [MINE, THEIRS], [mine, theirs])
    with connect(database_url, "sendtrail_api") as api:
        own(api, MINE)
        found = api.execute("SELECT originator_id FROM events.streams_own(%s)", ([mine, theirs],)).fetchall()
    assert found == [(mine,)]


def test_an_auditor_reads_the_state_as_json(database_url: str) -> None:
    with connect(database_url, "sendtrail_owner") as owner:
        append(owner, "append", [MINE], [uuid4()])
        assert owner.execute("SELECT state FROM events.history").fetchall() == [({"a": 1},)]
