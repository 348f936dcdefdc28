"""How each connection fares, shared by all processes: what its last calls brought, and when it last called back."""

import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from adapters.clock import Clock
from adapters.config.cache import Remembered
from adapters.database.queries import load
from adapters.database.session import Database, Write, statement, write
from adapters.providers.port import Connection

SQL = load(__file__)
OFTEN_ENOUGH = timedelta(minutes=1)
"""Between two notes that all is well."""
_SEEN_WITHIN = 1.0
"""Seconds after which a process sees what another wrote."""


class Health(NamedTuple):
    """`open_until` None: it is sent over. `waiting_since`: the first send after the last webhook."""

    failures: int = 0
    openings: int = 0
    open_until: datetime | None = None
    probing: bool = False
    last_ok_at: datetime | None = None
    last_error_at: datetime | None = None
    last_error_code: str | None = None
    waiting_since: datetime | None = None
    last_webhook_at: datetime | None = None
    warnings: tuple[str, ...] = ()


class ConnectionHealth:
    """Needs the worker's role to write; reads in the owner's too. Safe to share between threads."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self.of = Remembered(self._one, _SEEN_WITHIN)

    def several(self, connection_ids: Iterable[UUID]) -> dict[UUID, Health]:
        """As the database has them now; healthy where it has nothing."""
        wanted = list(connection_ids)
        with self.database.transaction() as connection:
            rows = connection.execute(statement(SQL["several"]), (wanted,)).fetchall()
        return {id_: Health() for id_ in wanted} | {row[0]: _health(row[1:]) for row in rows}

    def worked(self, connection: Connection, sent_at: datetime | None) -> None:
        """The provider answered. `sent_at`: when what it has just taken was sent. Mostly costs nothing."""
        known, now = self.of(connection.id), self.clock()
        noted = known.last_ok_at is not None and known.last_ok_at <= now < known.last_ok_at + OFTEN_ENOUGH
        waits = known.waiting_since is not None or sent_at is None
        if noted and waits and known.failures == 0 and known.open_until is None:
            return
        self._run("worked", connection, at=now, sent_at=sent_at)

    def failed(self, connection: Connection, code: str) -> Health:
        """The provider could not be reached or refused us; how it fares now."""
        (row,) = self._run("failed", connection, at=self.clock(), code=code)
        return _health(row)

    def open(self, connection: Connection, seen: datetime | None, until: datetime) -> None:
        """Send nothing over it until then, unless somebody has decided that since `open_until` was `seen`."""
        self._run("open", connection, seen=seen, until=until)

    def probe(self, connection: Connection, seen: datetime, until: datetime) -> bool:
        """Whether the caller is the one that may try a connection whose pause ended at `seen`."""
        with self.database.transaction() as session:
            values = {"connection": connection.id, "seen": seen, "until": until}
            taken = session.execute(statement(SQL["probe"]), values).rowcount == 1
        self.of.forget()
        return taken

    def called_back(self, last: Mapping[UUID, tuple[UUID, datetime]]) -> None:
        """When the last webhook came: (tenant, moment) by connection."""
        rows = [(id_, tenant, at) for id_, (tenant, at) in sorted(last.items())]
        with self.database.transaction() as session:
            write(session, [Write(SQL["called_back"], rows)])

    def warn(self, warnings: Mapping[UUID, tuple[UUID, tuple[str, ...]]]) -> None:
        """What a person should know: (tenant, codes) by connection."""
        rows = [(id_, tenant, "{" + ",".join(codes) + "}") for id_, (tenant, codes) in sorted(warnings.items())]
        with self.database.transaction() as session:
            write(session, [Write(SQL["warn"], rows)])

    def connection_ids(self) -> list[UUID]:
        """Of all tenants."""
        with self.database.transaction() as session:
            return [id_ for (id_,) in session.execute(statement(SQL["connections"]))]

    def _one(self, connection_id: UUID) -> Health:
        with self.database.transaction() as session:
            row = session.execute(statement(SQL["one"]), (connection_id,)).fetchone()
        return _health(row) if row else Health()

    def _run(self, name: str, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
        given = {"connection": connection.id, "tenant": connection.tenant_id, **values}
        with self.database.transaction() as session:
            cursor = session.execute(statement(SQL[name]), given)
            rows = cursor.fetchall() if cursor.description else []
        self.of.forget()
        return rows


def _health(row: tuple[Any, ...]) -> Health:
    return Health._make([*row[:-1], tuple(row[-1])])


class Heard:
    """Which connections called back, gathered and written once a minute: a webhook costs no write of its own."""

    def __init__(self, health: ConnectionHealth) -> None:
        self.health = health
        self._last: dict[UUID, tuple[UUID, datetime]] = {}
        self._due_at = 0.0

    def note(self, connection: Connection, at: datetime) -> None:
        known = self._last.get(connection.id)
        self._last[connection.id] = (connection.tenant_id, max(at, known[1]) if known else at)

    def write_when_due(self) -> None:
        if self._last and time.monotonic() >= self._due_at:
            self.write()

    def write(self) -> None:
        self._due_at = time.monotonic() + OFTEN_ENOUGH.total_seconds()
        if self._last:
            self.health.called_back(self._last)
            self._last = {}
