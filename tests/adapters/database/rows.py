"""A row for any table: whatever its required columns take, and the tenant that is asked for."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection
from psycopg.sql import SQL, Identifier, Placeholder
from psycopg.types.json import Jsonb

MOMENT = datetime(2026, 1, 15, 12, tzinfo=UTC)
_REQUIRED = """
    SELECT attname, atttypid::regtype::text FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND attnotnull AND NOT atthasdef AND attidentity = ''
"""


def any_row(connection: Connection[Any], table: str, tenant: UUID) -> dict[str, Any]:
    """The required columns of `table` (schema.name) with a value each; keys are never the same twice."""
    columns = connection.execute(_REQUIRED, (table,)).fetchall()
    return {name: tenant if name == "tenant_id" else _value(kind) for name, kind in columns}


def insert(connection: Connection[Any], table: str, row: dict[str, Any]) -> None:
    columns = SQL(", ").join(map(Identifier, row))
    values = SQL(", ").join(map(Placeholder, row))
    target = Identifier(*table.split("."))
    connection.execute(SQL("INSERT INTO {} ({}) VALUES ({})").format(target, columns, values), row)


def _value(kind: str) -> Any:
    if kind == "uuid":
        return uuid4()
    plain = {"timestamp with time zone": MOMENT, "boolean": False, "bytea": b"x", "jsonb": Jsonb({}), "text[]": []}
    numbers = {"integer": 1, "bigint": 1, "smallint": 1}
    return {**plain, **numbers, "text": uuid4().hex}[kind]
