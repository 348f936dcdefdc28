"""Brings the new tables from where they stand to a later position: what changed meanwhile is told again, whole."""

from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg import sql as text
from psycopg.sql import Composable, Identifier

from adapters.bootstrap import Installation
from adapters.database.queries import load
from adapters.database.session import Write, statement, write
from consumers.rebuild.plan import Plan, moved
from consumers.rebuild.tables import KEY_USE, Shape, Table, shape
from consumers.telling import Erasures, Telling, whole_streams
from consumers.uncollected import uncollected

SQL = load(__file__)
TOLD_AT_ONCE = 300
"""Communications read whole at a time."""


class CatchingUp:
    """Used in one thread, in one transaction after the other."""

    def __init__(self, installation: Installation) -> None:
        self.keys = installation.keys
        self.erasures = Erasures()
        self._telling = Telling(installation.keys, self.erasures)

    def forward(self, connection: "Connection[Any]", plan: Plan, to: int) -> Plan:
        """In the transaction of `connection`, which must see every event up to `to`."""
        if to <= plan.position:
            return plan
        with uncollected():
            ids = self._changed(connection, plan, to)
            upserts = {table: _upsert(connection, table, shape(connection, table)) for table in plan.tables}
            for start in range(0, len(ids), TOLD_AT_ONCE):
                made = self._telling.rows(whole_streams(connection, ids[start : start + TOLD_AT_ONCE], to))
                write(connection, [Write(sql, table.rows(made)) for table, sql in upserts.items()])
        return moved(connection, plan, to)

    def _changed(self, connection: "Connection[Any]", plan: Plan, to: int) -> list[UUID]:
        self.erasures.read(connection, to)
        if gone := self.erasures.keys(plan.position, to):
            self.keys.forget()
        key_use = Identifier("read", KEY_USE.next if KEY_USE in plan.tables else KEY_USE.name)
        sql = text.SQL(statement(SQL["changed"])).format(key_use=key_use)
        values = {"after": plan.position, "until": to, "keys": gone}
        return [row[0] for row in connection.execute(sql, values).fetchall()]


def waiting(connection: "Connection[Any]", plan: Plan, to: int) -> int:
    """Events that the new tables lack up to there."""
    row = connection.execute(statement(SQL["waiting"]), (plan.position, to)).fetchone()
    return int(row[0]) if row else 0


def _upsert(connection: "Connection[Any]", table: Table, known: Shape) -> str:
    """For rows in the order of the table's columns: each takes the place of the one that was there."""
    others = [column for column in table.columns if column not in known.key]
    assigned = [text.SQL("{0} = excluded.{0}").format(Identifier(column)) for column in others]
    act: Composable = text.SQL("UPDATE SET {}").format(text.SQL(", ").join(assigned)) if others else text.SQL("NOTHING")
    return (
        text.SQL(statement(SQL["upsert"]))
        .format(
            table=Identifier("read", table.next),
            columns=text.SQL(", ").join(map(Identifier, table.columns)),
            arrays=text.SQL(", ").join(text.SQL(statement(f"%b::{known.types[column]}[]")) for column in table.columns),
            key=text.SQL(", ").join(map(Identifier, known.key)),
            act=act,
        )
        .as_string(connection)
    )
