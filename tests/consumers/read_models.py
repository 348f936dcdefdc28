"""What tests of the projector share: a store to write histories to, and the read tables as they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.domain import Aggregate
from psycopg import Connection

from adapters.database.pool import connect, sync_pool
from adapters.database.session import Database
from adapters.keys.master import MasterKey
from adapters.keys.ring import CustomerKey, KeyRing
from adapters.store.communications import Communications
from consumers.projector import Projector
from domain.customer import Customer
from domain.values import Personal
from tests.projections.told import at

TABLES = {
    "checkpoint": "projection",
    "key_use": "key_id, communication_id",
    "communication": "communication_id",
    "attempt": "attempt_id",
}
Rows = dict[str, list[tuple[Any, ...]]]


class ReadModels:
    """One installation's events and read tables, seen as a worker."""

    def __init__(self, url: str, database: Database) -> None:
        self.url = url
        self.database = database
        self.keys = self.new_keys()
        self.store = Communications(database)
        self.tenant = uuid4()
        self._living: dict[tuple[UUID, int], CustomerKey] = {}

    def new_keys(self) -> KeyRing:
        """A key ring as another process has it."""
        return KeyRing(self.database, MasterKey(b"k" * 32))

    def projector(self) -> Projector:
        return Projector(self.database, self.new_keys())

    def key(self, customer: int = 0) -> CustomerKey:
        """The customer's living key."""
        known = self._living.get((self.tenant, customer))
        if known is None:
            known = self.keys.customer(self.tenant, f"customer:c-{customer}", at(0))
            self._living[self.tenant, customer] = known
        return known

    def seal(self, customer: int, text: str) -> Personal:
        return self.key(customer).seal(text)

    def record(self, *aggregates: Aggregate) -> None:
        self.store.record(aggregates, tenant=self.tenant)

    def erase(self, customer: Customer, key_ids: list[UUID], minute: float = 60) -> None:
        """As the API does it: the event and the destruction in one transaction."""
        self._living.clear()
        customer.erase([str(key) for key in key_ids], None, at(minute))
        self.store.record([customer], tenant=self.tenant, writes=[KeyRing.destruction(key_ids, at(minute))])

    def rows(self) -> Rows:
        found: Rows = {}
        with self.database.transaction() as connection:
            for table, key in TABLES.items():
                found[table] = connection.execute(f"SELECT * FROM read.{table} ORDER BY {key}").fetchall()
        return found

    def empty(self) -> None:
        """No row at all, for a projector to make all of them again, as it first made them."""
        with self.database.transaction() as connection:
            connection.execute("UPDATE read.checkpoint SET position = 0")
            for table in TABLES.keys() - {"checkpoint"}:
                connection.execute(f"DELETE FROM read.{table}")

    def one(self, sql: str, *values: Any) -> Any:
        """The first column of the first row."""
        with self.database.transaction() as connection:
            row = connection.execute(sql, values).fetchone()
        return row[0] if row else None

    def change(self, *statements: str) -> None:
        """What nobody but a person at the database does."""
        with connect(self.url, "sendtrail_owner") as connection:
            for sql in statements:
                connection.execute(sql)

    def counted(self) -> dict[str, int]:
        """What a test's own triggers keep."""
        with connect(self.url, "sendtrail_owner") as connection:
            return dict(connection.execute("SELECT listed, number FROM read.tally").fetchall())

    @contextmanager
    def holding(self, lock: int) -> Iterator[None]:
        """An advisory lock that somebody else would need."""
        with self.reading() as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (lock,))
            yield

    def appended(self, connection: "Connection[Any]", aggregate: Any) -> tuple[Any, int]:
        """The aggregate, whose new events are in the connection's open transaction, and the position of the last."""
        stored = [self.store.mapper.to_stored_event(event) for event in aggregate.collect_events()]
        rows = [(e.originator_id, e.originator_version, e.topic, e.state) for e in stored]
        columns = [list(column) for column in zip(*rows, strict=True)]
        sql = "SELECT events.append(%b::uuid[], %b::uuid[], %b::int8[], %b::text[], %b::bytea[])"
        positions = connection.execute(sql, ([self.tenant] * len(stored), *columns)).fetchall()
        return aggregate, positions[-1][0]

    def reading(self) -> Connection[Any]:
        """A worker's connection in autocommit, outside the pool; closed at the end of its `with` block."""
        return connect(self.url, "sendtrail_worker", autocommit=True, application_name="reading")

    def sessions(self, where: str) -> int:
        """How many there are that a condition on pg_stat_activity names."""
        with connect(self.url, autocommit=True) as connection:
            sql = f"SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND {where}"
            return len(connection.execute(sql).fetchall())

    def kill(self, where: str) -> int:
        """End the sessions that a condition on pg_stat_activity names; returns how many."""
        with connect(self.url, autocommit=True) as connection:
            others = f"FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND {where}"
            return len(connection.execute(f"SELECT pg_terminate_backend(pid, 10000) {others}").fetchall())


@contextmanager
def read_models(url: str, pool_size: int = 20) -> Iterator[ReadModels]:
    with sync_pool(url, "sendtrail_worker", max_size=pool_size) as pool:
        yield ReadModels(url, Database(pool, per_tenant=False))
