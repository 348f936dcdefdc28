"""Compares the live tables with the new ones, row for row at one position, while everybody goes on working."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg import sql as text
from psycopg.sql import Composed, Identifier, Literal

from adapters.database.queries import load
from adapters.database.session import Database, statement
from consumers.parts import parting
from consumers.rebuild.catching_up import CatchingUp
from consumers.rebuild.checkpoints import standing
from consumers.rebuild.errors import RebuildError
from consumers.rebuild.plan import Plan
from consumers.rebuild.tables import Table, shape

SQL = load(__file__)
SHOWN = 5
"""Rows of each table that are named."""


class Odd(NamedTuple):
    """A row of the live table by its key; `how` is lacks, is too many, or differs in `columns`. Never a value."""

    key: Sequence[str]
    how: str
    columns: Sequence[str]


class Difference(NamedTuple):
    """Between one live table and the new one, which has `rows` rows."""

    table: str
    rows: int
    lacking: int = 0
    too_many: int = 0
    differing: int = 0
    first: Sequence[Odd] = ()

    @property
    def any(self) -> bool:
        return bool(self.lacking or self.too_many or self.differing)


class Compared(NamedTuple):
    """`left_out`: communications of customers erased just now, whose live rows wait for the projector."""

    position: int
    differences: Sequence[Difference]
    left_out: int

    @property
    def same(self) -> bool:
        return not any(difference.any for difference in self.differences)


def compare(database: Database, plan: Plan, catching_up: CatchingUp) -> tuple[Plan, Compared | None]:
    """Both as they are in one snapshot, to whose checkpoint the new tables are brought first.

    None where the projector is at a backlog in parts: then live rows may be ahead of the checkpoint.
    """
    with database.transaction() as connection:
        connection.execute(statement(SQL["same_moment"]))
        if parting.standing(connection):
            return plan, None
        position = standing(connection)
        if position is None:
            raise RebuildError("the read models stand at different places: there is nothing to compare with")
        if position < plan.position:
            behind = f"the live tables stand at {position}, before the new ones at {plan.position}"
            raise RebuildError(f"{behind}: let `sendtrail project` catch up")
        plan = catching_up.forward(connection, plan, position)
        left_out = _erased_later(database, position)
        found = [_difference(connection, table, left_out) for table in plan.tables]
    return plan, Compared(position, found, len(left_out))


def _erased_later(database: Database, position: int) -> list[UUID]:
    """Asked outside the snapshot: their keys are gone already, however long ago the snapshot was taken."""
    with database.transaction() as connection:
        return [row[0] for row in connection.execute(statement(SQL["erased_later"]), (position,)).fetchall()]


def _difference(connection: "Connection[Any]", table: Table, left_out: list[UUID]) -> Difference:
    count = connection.execute(text.SQL(statement(SQL["rows"])).format(next=Identifier("read", table.next))).fetchone()
    rows = int(count[0]) if count else 0
    values = {"left_out": left_out, "few": SHOWN}
    found = connection.execute(_comparison(connection, table), values).fetchall()
    if not found:
        return Difference(table.name, rows)
    lacking, too_many, in_all = found[0][:3]
    first = [Odd(key, how, columns) for *_, key, how, columns in found]
    return Difference(table.name, rows, lacking, too_many, in_all - lacking - too_many, first)


def _comparison(connection: "Connection[Any]", table: Table) -> Composed:
    known = shape(connection, table)
    pairs = [(column, Identifier("l", column), Identifier("n", column)) for column in table.columns]
    case = text.SQL("CASE WHEN {} IS DISTINCT FROM {} THEN {} END")
    differing = [case.format(live, new, Literal(column)) for column, live, new in pairs]
    comma = text.SQL(", ")
    return text.SQL(statement(SQL["compare"])).format(
        live=Identifier("read", table.name),
        next=Identifier("read", table.next),
        key=comma.join(map(Identifier, known.key)),
        keys=comma.join(text.SQL("{}::text").format(Identifier(column)) for column in known.key),
        live_lacks=text.SQL("l.{} IS NULL").format(Identifier(known.key[0])),
        next_lacks=text.SQL("n.{} IS NULL").format(Identifier(known.key[0])),
        differing=comma.join(differing),
        live_columns=comma.join(live for _, live, _ in pairs),
        next_columns=comma.join(new for _, _, new in pairs),
    )
