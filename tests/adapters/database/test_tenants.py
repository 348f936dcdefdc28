"""One tenant tries to reach another's rows, in every table that the API may touch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import Connection
from psycopg.errors import InsufficientPrivilege
from psycopg.sql import SQL, Composed, Identifier

from adapters.database.pool import connect
from tests.adapters.database.rows import MOMENT, any_row, insert
from tests.support.database import Server, named_by

MINE, THEIRS = uuid4(), uuid4()
VIEWS = ["read.attempt_of_tenant", "read.communication_of_tenant"]
EXTRA = {"config.customer_key": {"wrapped": b"key"}}
"""What a row needs beyond its required columns."""
_GRANTED = """
    SELECT c.oid::regclass::text FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
    WHERE c.relnamespace::regnamespace::text IN ('events', 'read', 'work', 'config') AND NOT c.relispartition
    AND c.relkind = ANY (%s) AND has_table_privilege('sendtrail_api', c.oid, %s) ORDER BY 1
"""


def granted(connection: Connection[Any], privilege: str, kinds: str = "rp") -> list[str]:
    """The tables with a tenant on which the API has the privilege: later migrations' too."""
    return [name for (name,) in connection.execute(_GRANTED, (list(kinds), privilege))]


def on(sql: str, table: str) -> Composed:
    return SQL(sql).format(Identifier(*table.split(".")))


@contextmanager
def as_api(url: str, tenant: UUID | None) -> Iterator[Connection[Any]]:
    with connect(url, "sendtrail_api") as connection:
        if tenant:
            connection.execute("SELECT set_config('app.tenant', %s, true)", (str(tenant),))
        yield connection


@pytest.fixture
def two_tenants(server: Server, database_url: str) -> str:
    """A row of each of both tenants in every table. A superuser writes them, who may pass by foreign keys."""
    with connect(server.superuser_url(named_by(database_url))) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("SELECT work.ensure_provider_event_day(%s)", (MOMENT.date(),))
        for table in granted(superuser, "SELECT"):
            for tenant in (MINE, THEIRS):
                insert(superuser, table, any_row(superuser, table, tenant) | EXTRA.get(table, {}))
    return database_url


def test_the_catalogue_is_read_right(database_url: str) -> None:
    with connect(database_url) as connection:
        assert {"read.attempt", "work.queue", "config.connection"} <= set(granted(connection, "SELECT"))
        assert {"work.queue", "config.customer_key"} <= set(granted(connection, "INSERT"))
        assert granted(connection, "SELECT", "v") == VIEWS


def test_a_tenant_sees_its_own_rows_alone(two_tenants: str) -> None:
    with as_api(two_tenants, MINE) as api:
        for table in [*granted(api, "SELECT"), *VIEWS]:
            assert api.execute(on("SELECT tenant_id FROM {}", table)).fetchall() == [(MINE,)], table


def test_nobody_without_a_tenant_sees_anything(two_tenants: str) -> None:
    with as_api(two_tenants, None) as api:
        for table in [*granted(api, "SELECT"), *VIEWS]:
            assert api.execute(on("SELECT tenant_id FROM {}", table)).fetchall() == [], table


def test_the_tenant_ends_with_its_transaction(two_tenants: str) -> None:
    with as_api(two_tenants, MINE) as api:
        api.commit()
        assert api.execute("SELECT * FROM work.queue").fetchall() == []


def test_a_tenant_changes_and_removes_its_own_rows_alone(two_tenants: str) -> None:
    with as_api(two_tenants, MINE) as api:
        for table in granted(api, "UPDATE"):
            assert api.execute(on("UPDATE {} SET tenant_id = tenant_id", table)).rowcount == 1, table
        for table in granted(api, "DELETE"):
            assert api.execute(on("DELETE FROM {}", table)).rowcount == 1, table


def test_a_tenant_cannot_write_a_row_for_another(two_tenants: str) -> None:
    with as_api(two_tenants, MINE) as api:
        for table in granted(api, "INSERT"):
            row = any_row(api, table, THEIRS) | EXTRA.get(table, {})
            with pytest.raises(InsufficientPrivilege, match="row-level security"), api.transaction():
                insert(api, table, row)


def test_a_tenant_cannot_give_its_row_to_another(two_tenants: str) -> None:
    with as_api(two_tenants, MINE) as api:
        for table in granted(api, "UPDATE"):
            with pytest.raises(InsufficientPrivilege, match="row-level security"), api.transaction():
                api.execute(on("UPDATE {} SET tenant_id = %s", table), (THEIRS,))


def test_workers_see_all_tenants(two_tenants: str) -> None:
    with connect(two_tenants, "sendtrail_worker") as worker:
        for table in granted(worker, "SELECT"):
            found = {tenant for (tenant,) in worker.execute(on("SELECT tenant_id FROM {}", table))}
            assert found == {MINE, THEIRS}, table


def test_before_a_tenant_is_known_the_api_finds_the_owner_of_a_key_and_a_connection(database_url: str) -> None:
    with connect(database_url, "sendtrail_owner") as owner:
        insert(owner, "config.tenant", any_row(owner, "config.tenant", MINE))
        key, connection = (any_row(owner, table, MINE) for table in ("config.api_key", "config.connection"))
        insert(owner, "config.api_key", {**key, "secret_hash": b"hash", "scopes": ["read"]})
        insert(owner, "config.connection", connection)
    with as_api(database_url, None) as api:
        owned = api.execute("SELECT tenant_id, scopes FROM config.key_owner(%s)", (b"hash",)).fetchall()
        assert owned == [(MINE, ["read"])]
        assert api.execute("SELECT * FROM config.key_owner(%s)", (b"other",)).fetchall() == []
        sql = "SELECT tenant_id FROM config.connection_by_id(%s)"
        assert api.execute(sql, (connection["connection_id"],)).fetchall() == [(MINE,)]
