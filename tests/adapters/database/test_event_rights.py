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


def append(connection: Connection[Any], tenants: list[UUID], ids: list[UUID]) -> list[int]:
    """As a worker does; their positions."""
    values = (tenants, ids, list(range(1, 1 + len(ids))), ["topic"] * len(ids), [b'{"a": 1}'] * len(ids))
    return [position for (position,) in connection.execute("SELECT * FROM events.append(%s, %s, %s, %s, %s)", values)]


def test_positions_come_in_the_order_given(database_url: str) -> None:
    stream = uuid4()
    with connect(database_url, "sendtrail_worker") as worker:
        positions = append(worker, [MINE] * 500, [stream] * 500)
        sql = "SELECT notification_id FROM events.event ORDER BY originator_version"
        assert positions == [position for (position,) in worker.execute(sql)] == sorted(positions)


def test_the_same_version_cannot_be_recorded_twice(database_url: str) -> None:
    stream = uuid4()
    with connect(database_url, "sendtrail_worker") as worker:
        append(worker, [MINE], [stream])
        with pytest.raises(UniqueViolation):
            append(worker, [MINE], [stream])


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
        append(owner, [MINE], [uuid4()])
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


def test_an_auditor_reads_the_state_as_json(database_url: str) -> None:
    with connect(database_url, "sendtrail_owner") as owner:
        append(owner, [MINE], [uuid4()])
        assert owner.execute("SELECT state FROM events.history").fetchall() == [({"a": 1},)]


def test_one_call_appends_for_the_tenant_that_it_names(database_url: str) -> None:
    sql = "SELECT * FROM events.append_for(%s, %s, %s, %s, %s)"
    with connect(database_url, "sendtrail_api", autocommit=True) as api:
        assert len(api.execute(sql, (MINE, [uuid4(), uuid4()], [1, 1], ["topic"] * 2, [b"{}"] * 2)).fetchall()) == 2
        with api.transaction():
            api.execute(sql, (THEIRS, [uuid4()], [1], ["topic"], [b"{}"]))
            assert api.execute("SELECT config.current_tenant()").fetchone() == (THEIRS,)
        assert api.execute("SELECT config.current_tenant()").fetchone() == (None,)
    with connect(database_url, "sendtrail_worker") as worker:
        tenants = [tenant for (tenant,) in worker.execute("SELECT tenant_id FROM events.event")]
    assert tenants == [MINE, MINE, THEIRS]


def test_one_call_reads_the_tenant_that_it_names_and_leaves_no_name_behind(database_url: str) -> None:
    mine, theirs, ref = uuid4(), uuid4(), "customer:1"
    with connect(database_url, "sendtrail_worker", autocommit=True) as worker:
        append(worker, [MINE, THEIRS], [mine, theirs])
        for tenant in (MINE, THEIRS):
            worker.execute(
                "INSERT INTO config.customer_key VALUES (gen_random_uuid(), %s, %s, '\\x00', now(), NULL)",
                (tenant, ref),
            )
    with connect(database_url, "sendtrail_api", autocommit=True) as api:
        streams = "SELECT originator_id FROM events.streams_for(%s, %s)"
        assert api.execute(streams, (MINE, [mine, theirs])).fetchall() == [(mine,)]
        assert len(api.execute("SELECT * FROM config.living_keys(%s, %s)", (MINE, [ref])).fetchall()) == 1
        assert api.execute("SELECT config.current_tenant()").fetchone() == (None,)
        assert api.execute("SELECT count(*) FROM config.customer_key").fetchone() == (0,)


@pytest.mark.parametrize("call", ["events.append_for(NULL, '{}', '{}', '{}', '{}')", "work.claim_keys"])
def test_only_the_api_names_a_tenant(database_url: str, call: str) -> None:
    sql = call if "(" in call else f"{call}(NULL, '{{}}', '{{}}', '{{}}', '{{}}', '30 days')"
    with connect(database_url, "sendtrail_worker") as worker, pytest.raises(InsufficientPrivilege):
        worker.execute(f"SELECT * FROM {sql}".encode())
