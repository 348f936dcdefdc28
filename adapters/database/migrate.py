"""Brings a database to the newest schema: the numbered .sql files, in order, each once and in one transaction.

The login user needs to be the database's owner with CREATEROLE, or a superuser; or somebody has made the roles before.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from psycopg import Connection

from adapters.database.pool import connect
from adapters.database.session import statement

FOLDER = Path(__file__).parent.parent / "migrations"
_LOCK = 7261
_LEDGER = """
    CREATE SCHEMA IF NOT EXISTS sendtrail;
    CREATE TABLE IF NOT EXISTS sendtrail.migration (
        name text PRIMARY KEY,
        sha256 text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
"""


class MigrationError(Exception):
    """The database and the migration files do not belong together."""


def migrate(url: str, folder: Path = FOLDER, begins: Callable[[str], object] = lambda _: None) -> list[str]:
    """Apply what is missing; the names of the files applied now. Concurrent callers wait for each other.

    `begins` is told each name before it is applied: with millions of rows one may take minutes.
    Raises MigrationError, before anything is changed, when an applied file is gone or differs from what was applied;
    psycopg.Error when a file fails, which leaves the files before it applied and nothing of itself.
    """
    files = {path.name: path.read_text() for path in sorted(folder.glob("[0-9]*.sql"))}
    with connect(url, autocommit=True, application_name="sendtrail migrate") as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        connection.execute(statement((folder / "roles.sql").read_text()))
        connection.execute("SET ROLE sendtrail_owner")
        applied = _applied(connection)
        _compare(applied, files)
        missing = [name for name in files if name not in applied]
        for name in missing:
            begins(name)
            _apply(connection, name, files[name])
        return missing


def _applied(connection: Connection[Any]) -> dict[str, str]:
    """Name to SHA-256 of every file that this database has had."""
    with connection.transaction():
        connection.execute(_LEDGER)
    return dict(connection.execute("SELECT name, sha256 FROM sendtrail.migration").fetchall())


def _compare(applied: Mapping[str, str], files: Mapping[str, str]) -> None:
    unknown = sorted(applied.keys() - files.keys())
    if unknown:
        raise MigrationError(f"the database has migrations that this release does not know: {', '.join(unknown)}")
    changed = sorted(name for name, digest in applied.items() if _digest(files[name]) != digest)
    if changed:
        raise MigrationError(
            f"changed since they were applied: {', '.join(changed)}; write a new numbered file instead"
        )
    late = sorted(name for name in files.keys() - applied.keys() if name < max(applied, default=""))
    if late:
        raise MigrationError(f"numbered below what is applied already: {', '.join(late)}")


def _apply(connection: Connection[Any], name: str, sql: str) -> None:
    with connection.transaction():
        connection.execute(statement(sql))
        connection.execute("INSERT INTO sendtrail.migration (name, sha256) VALUES (%s, %s)", (name, _digest(sql)))


def _digest(sql: str) -> str:
    return hashlib.sha256(sql.encode()).hexdigest()
