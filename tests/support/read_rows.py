"""Rows of the read models, written as a projector writes them, for tests of what reads them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Connection, sql

from domain.status import LOOK, Status
from projections.docs import searchable
from projections.overview import NEVER_SENT

Row = dict[str, Any]
START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
TENANT, OTHER_TENANT = UUID(int=0xA), UUID(int=0xB)
_WORDS = ("number", "customer", "title", "recipient")
"""Given for the search texts; no columns."""


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def row(place: int, /, **given: Any) -> Row:
    """One row of the overview or the log; both have these columns. Its id and its moment follow from `place`."""
    status = given.pop("status", "delivered")
    words = {word: given.pop(word, None) for word in _WORDS}
    made: Row = {
        "tenant_id": TENANT,
        "id": UUID(int=place),
        "at": at(place),
        "subject_type": "invoice",
        "external_id": f"ext-{place}",
        "category": "invoice",
        "customer_id": None,
        "status": str(status) if status else None,
        "status_group": str(LOOK[Status(status)].group) if status else NEVER_SENT,
        "reason": None,
        "channel": "email" if status else None,
        "shipped_at": at(place) if status else None,
        "ignored": False,
        "position": place,
    } | given
    made["search"] = searchable((words["number"], made["external_id"], words["customer"], words["title"]))
    made["search_recipient"] = searchable((words["recipient"],))
    made["doc"] = doc(made, words["recipient"])
    return made


def doc(made: Row, recipient: str | None = None) -> str:
    """Enough of an answer to tell rows apart, and an address to hide."""
    shown = {"id": made["id"], "status": made["status"], "recipient": recipient, "position": made["position"]}
    return msgspec.json.encode(shown).decode()


def attempt(place: int, /, communication: int = 0, **given: Any) -> Row:
    return row(place, communication_id=UUID(int=communication or place), **given)


def put_communications(connection: "Connection[Any]", rows: Iterable[Row]) -> None:
    """Each row in place of the one of the same id; so also below."""
    _put(connection, "read.communication", {"id": "communication_id", "at": "sorted_at"}, rows)


def put_attempts(connection: "Connection[Any]", rows: Iterable[Row]) -> None:
    _put(connection, "read.attempt", {"id": "attempt_id", "at": "created_at"}, rows)


def project_to(connection: "Connection[Any]", position: int, *, tell: bool = True) -> None:
    """Move the checkpoint and `tell`, as a projector does after its commit."""
    connection.execute(
        "INSERT INTO read.checkpoint SELECT name, %s FROM unnest(ARRAY['attempt_log', 'overview']) AS name"
        " ON CONFLICT (projection) DO UPDATE SET position = excluded.position",
        (position,),
    )
    connection.commit()
    if tell:
        connection.execute("SELECT pg_notify('sendtrail_projected', %s)", (str(position),))
        connection.commit()


def _put(connection: "Connection[Any]", table: str, names: dict[str, str], rows: Iterable[Row]) -> None:
    found = [{names.get(name, name): value for name, value in one.items()} for one in rows]
    if not found:
        return
    columns = sql.SQL(", ").join(map(sql.Identifier, found[0]))
    given = msgspec.json.encode(found).decode()
    values = {"table": sql.SQL(table), "columns": columns, "key": sql.Identifier(names["id"])}
    with connection.transaction():
        gone = [one[names["id"]] for one in found]
        connection.execute(sql.SQL("DELETE FROM {table} WHERE {key} = ANY (%s)").format(**values), (gone,))
        filled = (
            "INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s::json)"
        )
        connection.execute(sql.SQL(filled).format(**values), (given,))
    connection.commit()
