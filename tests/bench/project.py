"""project: events into overview, log and time line, against one SQL statement set and the library's own runner."""

import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner

from adapters.database.embedded import EmbeddedServer
from adapters.database.pool import connect
from adapters.database.queries import load
from adapters.database.session import statement
from consumers.projector import Projector
from tests.bench import histories, library
from tests.bench.measuring import Figure, database, measure
from tests.support.installation import installed

SQL = load(__file__)
PURE = "one SQL statement set"
SLOWER_BY = 30
"""The library's runner gets so many times fewer events: it commits each alone."""


def run(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    contenders = {
        "ours": lambda: _ours(server, size, pure=False),
        PURE: lambda: _ours(server, size, pure=True),
        "eventsourcing's ProjectionRunner": lambda: _library(server, max(size // SLOWER_BY, 60)),
    }
    return measure("project", "events/s", contenders, PURE, rounds)


def _ours(server: EmbeddedServer, size: int, *, pure: bool) -> float:
    """`size` events, stored first; sealed values are opened by ours, and left sealed by plain SQL, which cannot."""
    with (
        database(server) as url,
        tempfile.TemporaryDirectory() as folder,
        installed(url, Path(folder), "sendtrail_worker") as installation,
    ):
        histories.store(installation, uuid4(), uuid4(), size // histories.EVENTS)
        if pure:
            return size / _seconds_of_sql(url)
        begun = time.perf_counter()
        done = Projector(installation.database, installation.keys).run_once()
        return done / (time.perf_counter() - begun)


def _seconds_of_sql(url: str) -> float:
    with connect(url, autocommit=True) as connection:
        connection.execute(statement(SQL["tables"]))
        connection.execute("GRANT USAGE, CREATE ON SCHEMA bench TO sendtrail_owner")
        connection.execute("GRANT ALL ON ALL TABLES IN SCHEMA bench TO sendtrail_owner")
        connection.execute("SET ROLE sendtrail_owner")
        begun = time.perf_counter()
        connection.execute(statement(SQL["pure"]))
        return time.perf_counter() - begun


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
