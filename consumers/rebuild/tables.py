"""Which tables a projection is made of, and the tables that are built beside them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from psycopg import Connection

from adapters.database.queries import load
from adapters.database.session import statement
from consumers.projecting import NAMES
from projections import attempt_log, overview
from projections.engine import KeyUse, Rows

SQL = load(__file__)


class Table(NamedTuple):
    """One table of schema `read`, and which rows of a batch are its own: tuples in the order of `columns`."""

    name: str
    columns: Sequence[str]
    rows: Callable[[Rows], Sequence[tuple[Any, ...]]]

    @property
    def next(self) -> str:
        """The name of the one that is built beside it."""
        return f"{self.name}__next"


KEY_USE = Table("key_use", KeyUse._fields, attrgetter("keys"))
OF_PROJECTION: Mapping[str, Sequence[Table]] = {
    "overview": [Table("communication", overview.Row._fields, attrgetter("overview"))],
    "attempt_log": [Table("attempt", attempt_log.Row._fields, attrgetter("attempts"))],
}


def tables_of(projections: Iterable[str]) -> list[Table]:
    """In the order in which readers read; with what the projector keeps for itself where all are built."""
    chosen = set(projections)
    found = [table for name, tables in OF_PROJECTION.items() if name in chosen for table in tables]
    return [KEY_USE, *found] if chosen == set(NAMES) else found


class Shape(NamedTuple):
    """A table's columns with their types, and the columns of its primary key, as the database knows them."""

    types: Mapping[str, str]
    key: Sequence[str]


def shape(connection: "Connection[Any]", table: Table) -> Shape:
    """Raises AssertionError where the rows that we make are not those of the table."""
    found = connection.execute(statement(SQL["columns"]), (table.name,)).fetchall()
    types = {name: kind for name, kind, _ in found}
    assert types.keys() == set(table.columns), f"read.{table.name} has other columns than its rows"
    keys = sorted((place, name) for name, _, place in found if place is not None)
    return Shape(types, [name for _, name in keys])
