"""One PostgreSQL server for a test run, and databases on it that cost little, being copies of a migrated one."""

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from psycopg.sql import SQL, Identifier

from adapters.database.embedded import LOGIN, EmbeddedServer
from adapters.database.migrate import migrate
from adapters.database.pool import connect
from tests.support.guard import ends_with_us

TEMPLATE = f"sendtrail_test_template_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
"""Each process of a run that is spread over several has its own."""


class Server(NamedTuple):
    """`admin_url` may create databases; `login_url` is what Sendtrail gets. Both name some database of the server."""

    admin_url: str
    login_url: str

    @property
    def login(self) -> str:
        return urlsplit(self.login_url).username or ""

    def url(self, database: str) -> str:
        return named(self.login_url, database)

    def superuser_url(self, database: str) -> str:
        return named(self.admin_url, database)

    def create(self, database: str, template: str = "template0") -> str:
        """Copies take over what is in the template, but not the rights on the database itself. Returns the new URL."""
        with connect(self.admin_url, autocommit=True) as admin:
            name, owner = Identifier(database), Identifier(self.login)
            admin.execute(SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(name, owner, Identifier(template)))
            if template == TEMPLATE:
                admin.execute(SQL("GRANT CREATE ON DATABASE {} TO sendtrail_owner").format(name))
        return self.url(database)

    def drop(self, database: str) -> None:
        with connect(self.admin_url, autocommit=True) as admin:
            admin.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(database)))


def named(url: str, database: str) -> str:
    """The same URL with another database."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{database}"))


def named_by(url: str) -> str:
    """The database that a URL names."""
    return urlsplit(url).path.lstrip("/")


@contextmanager
def running_server(folder: Path) -> Iterator[Server]:
    """The server that SENDTRAIL_TEST_DATABASE_URL names (a superuser's URL), else an embedded one in `folder`."""
    given = os.environ.get("SENDTRAIL_TEST_DATABASE_URL")
    if given:
        yield Server(given, given)
        return
    # Tests kill processes, never the machine, so nothing is lost by not waiting for its disk.
    with embedded_server(folder, {"fsync": "off", "full_page_writes": "off"}) as server:
        yield Server(server.url("postgres", "postgres"), server.url("postgres", LOGIN))


@contextmanager
def embedded_server(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[EmbeddedServer]:
    """A running server, stopped at the end even when the test run is killed."""
    server = EmbeddedServer(folder, settings)
    pid_file = shlex.quote(str(server.data / "postmaster.pid"))
    with ends_with_us(f"kill -QUIT $(head -n 1 {pid_file})"):
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def migrated_template(server: Server) -> Iterator[str]:
    """The name of a database to copy."""
    server.drop(TEMPLATE)
    migrate(server.create(TEMPLATE))
    yield TEMPLATE
    server.drop(TEMPLATE)


@contextmanager
def fresh_database(server: Server, template: str = "template0") -> Iterator[str]:
    """The URL of a database that is dropped at the end, whoever is still connected."""
    name = f"test_{uuid4().hex[:16]}"
    try:
        yield server.create(name, template)
    finally:
        server.drop(name)
