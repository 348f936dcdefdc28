"""Tables beside the live ones, made of the catalogue: the same columns, indexes, policies, rights and triggers.

Nothing is listed here that a migration could add and somebody forget.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier

from adapters.database.queries import load
from adapters.database.session import statement
from consumers.rebuild.tables import Table

SQL_OF = load(__file__)


def make(connection: "Connection[Any]", tables: Iterable[Table]) -> None:
    """Empty, without indexes, rights and triggers."""
    for table in tables:
        _execute(connection, [sql for (sql,) in _ask(connection, "twin", table)])


def index_statements(connection: "Connection[Any]", tables: Iterable[Table]) -> list[str]:
    return [sql for table in tables for _, sql in _ask(connection, "indexes", table)]


def drop(connection: "Connection[Any]") -> None:
    """Whatever a rebuild has left."""
    sql = "SELECT relname FROM pg_class WHERE relnamespace = 'read'::regnamespace AND relkind = 'r' AND relname LIKE %s"
    for (name,) in connection.execute(sql, (r"%\_\_next",)).fetchall():
        connection.execute(SQL("DROP TABLE read.{}").format(Identifier(name)))


def lock(connection: "Connection[Any]", tables: Sequence[Table]) -> None:
    """Nobody else reads or writes the live ones from here on. In the order in which readers come: a view first.

    Raises psycopg.errors.LockNotAvailable, DeadlockDetected.
    """
    for schema, name, _ in _views(connection, tables):
        connection.execute(SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(Identifier(schema, name)))
    for table in tables:
        connection.execute(SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(_live(table)))


def recount(connection: "Connection[Any]", tables: Iterable[Table]) -> None:
    """What triggers keep of the live rows becomes what they would have kept of the new ones, which have no trigger yet.

    Needs whoever writes to be held off; readers need not be.
    """
    for (function,) in connection.execute(statement(SQL_OF["recounts"])).fetchall():
        sql = SQL("SELECT {}(%s, %s::regclass)").format(Identifier("read", function))
        for table in tables:
            connection.execute(sql, (table.name, f"read.{table.next}"))


def exchange(connection: "Connection[Any]", tables: Sequence[Table]) -> None:
    """The new ones take the places of the live ones, which are dropped. Needs the lock."""
    views = [sql for _, _, sql in _views(connection, tables)]
    later = [_rest(connection, table) for table in tables]
    for table in tables:
        old = Identifier("read", f"{table.name}__old")
        connection.execute(SQL("ALTER TABLE {} RENAME TO {}").format(_live(table), Identifier(f"{table.name}__old")))
        rename = SQL("ALTER TABLE {} RENAME TO {}").format(Identifier("read", table.next), Identifier(table.name))
        connection.execute(rename)
        views.append(SQL("DROP TABLE {}").format(old).as_string(connection))
    _execute(connection, views)
    for statements in later:
        _execute(connection, statements)


def _rest(connection: "Connection[Any]", table: Table) -> list[str]:
    """What a new table gets under its final name."""
    constraints = dict(_ask(connection, "constraints", table))
    indexes = [name for name, _ in _ask(connection, "indexes", table)]
    renamed = [_rename_index(name).as_string(connection) for name in indexes if name not in constraints]
    grants, triggers = _ask(connection, "grants", table), _ask(connection, "triggers", table)
    return [*constraints.values(), *renamed, *(sql for (sql,) in grants), *(sql for (sql,) in triggers)]


def _rename_index(name: str) -> Composed:
    return SQL("ALTER INDEX {} RENAME TO {}").format(Identifier("read", f"{name}__next"), Identifier(name))


def _views(connection: "Connection[Any]", tables: Sequence[Table]) -> list[tuple[Any, ...]]:
    values = {"live": [f"read.{table.name}" for table in tables]}
    return connection.execute(statement(SQL_OF["views"]), values).fetchall()


def _ask(connection: "Connection[Any]", name: str, table: Table) -> list[tuple[Any, ...]]:
    values = {"live": f"read.{table.name}", "name": table.name, "next": table.next}
    return connection.execute(statement(SQL_OF[name]), values).fetchall()


def _execute(connection: "Connection[Any]", statements: Iterable[str]) -> None:
    for sql in statements:
        connection.execute(statement(sql))


def _live(table: Table) -> Identifier:
    return Identifier("read", table.name)
