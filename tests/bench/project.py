"""project: events into overview and log, against one SQL statement set and the library's own runner."""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner

from adapters.bootstrap import Installation
from adapters.database.embedded import EmbeddedServer
from adapters.database.pool import connect
from adapters.database.queries import load
from adapters.database.session import statement
from consumers.projector import Projector
from tests.bench import histories, library
from tests.bench.measuring import Figure, database, measure
from tests.support.installation import installed

SQL = load(__file__)
TENANT, CONNECTION = UUID(int=0xA), UUID(int=0xC)
PURE = "one SQL statement set"
SLOWER_BY = 30
"""The library's runner gets so many times fewer events: it commits each alone."""


def run(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    """Raises AssertionError where ours and the statement set did not make the same rows."""
    made: set[Any] = set()
    contenders = {
        "ours": lambda: _ours(server, size, made),
        PURE: lambda: pure(server, size, made),
        "eventsourcing's ProjectionRunner": lambda: _library(server, max(size // SLOWER_BY, 60)),
    }
    figure = measure("project", "events/s", contenders, PURE, rounds)
    assert len(made) == 1, "ours and plain SQL made different rows"
    return figure


def _ours(server: EmbeddedServer, size: int, made: set[Any]) -> float:
    """The worker as it runs: row-level security, sealed values opened, states kept to go on from, checkpoint moved."""
    with filled(server, size, unsealed=False) as (url, installation):
        begun = time.perf_counter()
        done = Projector(installation.database, installation.keys).run_once()
        seconds = time.perf_counter() - begun
        made.add(rows(url, "read"))
        return done / seconds


def pure(server: EmbeddedServer, size: int, made: set[Any]) -> float:
    """The same rows into copies of the tables with all their indexes and counts, by the tables' owner.

    It does not wait for the disk either. Left out in its favour: it opens nothing (its events hold plain values), keeps
    no state from which a later event could be folded, knows no other history than these, and takes all at once.
    """
    with filled(server, size, unsealed=True) as (url, _), connect(url, autocommit=True) as connection:
        connection.execute(statement(SQL["tables"]))
        connection.execute("SET ROLE sendtrail_owner")
        connection.execute("SET synchronous_commit = off")
        begun = time.perf_counter()
        connection.execute(statement(SQL["pure"]))
        seconds = time.perf_counter() - begun
        made.add(rows(url, "bench"))
        return size // histories.EVENTS * histories.EVENTS / seconds


@contextmanager
def filled(server: EmbeddedServer, size: int, *, unsealed: bool) -> Iterator[tuple[str, Installation]]:
    """A store of its own with about `size` events, and nothing projected."""
    with (
        database(server) as url,
        tempfile.TemporaryDirectory() as folder,
        installed(url, Path(folder), "sendtrail_worker") as installation,
    ):
        histories.store(installation, TENANT, CONNECTION, size // histories.EVENTS, unsealed=unsealed)
        yield url, installation


def rows(url: str, schema: str) -> Any:
    """What tells the rows of two databases apart, whatever the spaces in their JSON."""
    with connect(url, "sendtrail_owner") as connection:
        return connection.execute(statement(SQL["rows"].format(schema=schema))).fetchone()


class View(PostgresTrackingRecorder):
    """One row an invoice and one an event, in the transaction of the tracking row."""

    def create_table(self) -> None:
        super().create_table()
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS plain_overview (id uuid PRIMARY KEY, status text)")
            cursor.execute("CREATE TABLE IF NOT EXISTS plain_log (id uuid, version bigint, kind text)")

    def put(self, happened: Any, tracking: Tracking) -> None:
        upsert = "INSERT INTO plain_overview VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET status = excluded.status"
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(upsert, (happened.originator_id, getattr(happened, "status", "new")))
            row = (happened.originator_id, happened.originator_version, type(happened).__name__)
            cursor.execute("INSERT INTO plain_log VALUES (%s, %s, %s)", row)


class PlainProjection(Projection[View]):
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.put(domain_event, tracking)


def _library(server: EmbeddedServer, size: int) -> float:
    count = size // histories.EVENTS
    with database(server) as url:
        env = library.environment(url)
        with library.application(url) as application:
            for number in range(count):
                application.save(library.delivered_invoice(number))
        begun = time.perf_counter()
        with ProjectionRunner(
            application_class=type(application), projection_class=PlainProjection, view_class=View, env=env
        ) as runner:
            pause = threading.Event()
            while (runner.view.max_tracking_id("Application") or 0) < count * histories.EVENTS:
                pause.wait(0.02)
        return count * histories.EVENTS / (time.perf_counter() - begun)
