"""The library's ProjectionRunner as its documentation shows it: one event at a time, in the transaction of its place.

Counted from the end of the first event to the end of the last, so that starting it is no part of the figure, which is
the same in a short run and in a long one.
"""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import Mapper, Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg import sql as text
from psycopg.sql import Identifier

from adapters.database.embedded import EmbeddedServer
from adapters.database.pool import connect
from adapters.database.session import Write, statement, write
from adapters.store.mapper import EventMapper
from consumers.hot import Hot
from consumers.projecting import ATTEMPTS, KEYS, OVERVIEW, PUT_ATTEMPTS, PUT_OVERVIEW, SQL
from projections.engine import Rows, Stream
from tests.bench import histories, library
from tests.bench.measuring import database
from tests.support.installation import installed


class Counting(Projection[Any]):
    """Knows when the first of `last` events was done, and when the last."""

    last: ClassVar[int]
    times: ClassVar[list[float]]
    done: ClassVar[threading.Event]

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.put(domain_event, tracking)
        if tracking.notification_id in (1, self.last):
            self.times.append(time.perf_counter())
        if tracking.notification_id == self.last:
            self.done.set()

    def put(self, happened: Any, tracking: Tracking) -> None:
        raise NotImplementedError


class TinyView(PostgresTrackingRecorder):
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


class Tiny(Counting):
    def put(self, happened: Any, tracking: Tracking) -> None:
        self.view.put(happened, tracking)


def tiny(server: EmbeddedServer, size: int) -> float:
    """Two tiny rows an event: nothing sealed, no JSON, one index. What this runner can do at the very most."""
    count = size // histories.EVENTS
    with database(server) as url:
        with library.application(url) as application:
            for number in range(count):
                application.save(library.delivered_invoice(number))
        return _rate(url, Application, Tiny, TinyView, count * histories.EVENTS)


class Communications(Application[UUID]):
    """Our events in the library's own store, in the form in which ours has them."""

    name = "Application"

    def construct_mapper(self) -> Mapper[UUID]:
        return EventMapper()


class View(PostgresTrackingRecorder):
    """The rows of all read models, by our own statements, in the transaction of the tracking row."""

    def put(self, made: Rows, tracking: Tracking) -> None:
        writes = [
            Write(_into_bench(PUT_OVERVIEW), made.overview, OVERVIEW),
            Write(_into_bench(PUT_ATTEMPTS), made.attempts, ATTEMPTS),
            Write(_into_bench(SQL["put_keys"]), made.keys, KEYS),
        ]
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            write(cursor, writes)


class Same(Counting):
    """Folds with our own code, and keeps what it folded and opened in memory."""

    hot: ClassVar[Hot]

    def put(self, happened: Any, tracking: Tracking) -> None:
        stream = Stream(happened.originator_id, [(tracking.notification_id, happened)])
        changed = self.hot.fold([stream], lambda _: iter(()))
        self.view.put(self.hot.rows(changed), tracking)
        self.hot.remember(changed)


def same(server: EmbeddedServer, size: int, tables: str, look: Callable[[str], None]) -> float:
    """The same rows as ours, into copies of the tables (`tables` makes them) with all their indexes and counts.

    The best that a careful user can do with this runner: our mapper, our fold, our statements, sealed values opened by
    our key ring, nothing read again, no wait for the disk. Left out in its favour: row-level security, and ever
    forgetting what it folded. `look` sees the database afterwards.
    """
    count = size // histories.EVENTS
    with (
        database(server) as url,
        TemporaryDirectory() as folder,
        installed(url, Path(folder), "sendtrail_worker") as installation,
    ):
        _prepare(url, tables)
        with closing(Communications(library.environment(url))) as application:
            key = installation.keys.customer(histories.TENANT, "bench", histories.START)
            for made in histories.told(histories.TENANT, histories.CONNECTION, key, count):
                application.save(*sorted(made, key=lambda one: one.id.int))  # in the order in which ours records them
        projection = type("Same", (Same,), {"hot": Hot(installation.keys)})
        rate = _rate(url, Communications, projection, View, count * histories.EVENTS)
        look(url)
        return rate


def _prepare(url: str, tables: str) -> None:
    with connect(url, autocommit=True) as connection:
        connection.execute(statement(tables))
        name = Identifier(connection.info.dbname)
        connection.execute(text.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(name))


def _into_bench(sql: str) -> str:
    return sql.replace("INTO read.", "INTO bench.")


def _rate(url: str, application: type[Any], projection: type[Counting], view: type[Any], last: int) -> float:
    """Events a second, from the end of the first to the end of the last."""
    counting: Any = type(projection.__name__, (projection,), {"last": last, "times": [], "done": threading.Event()})
    with ProjectionRunner(
        application_class=application, projection_class=counting, view_class=view, env=library.environment(url)
    ) as runner:
        while not counting.done.wait(1):
            runner.run_forever(0)  # says what went wrong, if anything did
    begun, ended = counting.times
    return float((last - 1) / (ended - begun))
