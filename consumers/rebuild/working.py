"""Does the jobs of a rebuild, one after the other, beside others who do the same; a job is done whole or not at all."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg import sql as text
from psycopg.sql import Identifier

from adapters.database.queries import load
from adapters.database.session import Database, statement
from adapters.keys.ring import KeyRing
from adapters.store.reader import Row
from consumers.rebuild.plan import Plan
from consumers.rebuild.tables import Shape, Table, shape
from consumers.telling import Erasures, Telling
from consumers.uncollected import uncollected
from projections.engine import Rows

SQL = load(__file__)
FETCHED = 2000
TOLD_AT_ONCE = 5000
"""Events in memory, unless one communication has more."""
PAUSE = 0.05
"""Seconds between looks for work while others have the last of it."""


POOL_SIZE = 3
"""Connections that it needs."""


class Working:
    """In the owner's role."""

    def __init__(self, database: Database, keys: KeyRing, plan: Plan) -> None:
        self.database = database
        self.plan = plan
        erasures = Erasures()
        keys.forget()
        with self.database.transaction() as connection:
            erasures.read(connection, plan.head)
            self._shapes = {table: shape(connection, table) for table in plan.tables}
        self._telling = Telling(keys, erasures)

    def run(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Until nothing is left to do. `meanwhile` is called after each job, and while others have the last of them."""
        while (found := self._one()) is not None:
            meanwhile()
            if not found:
                time.sleep(PAUSE)

    def _one(self) -> bool | None:
        """Do one job. False where others have all that can be done now, None where all is done."""
        with uncollected(unseen=True), self.database.transaction() as connection:
            job = connection.execute(statement(SQL["claim"]), {"id": self.plan.id}).fetchone()
            if job is None:
                left = connection.execute(statement(SQL["left"]), (self.plan.id,)).fetchone()
                return None if left is None else False
            number, first, last, sql = job
            connection.execute(statement(SQL["session"]))
            events = self._fill(connection, first, last) if sql is None else self._carry_out(connection, sql)
            connection.execute(statement(SQL["done"]), (events, self.plan.id, number))
        return True

    def _carry_out(self, connection: "Connection[Any]", sql: str) -> int:
        connection.execute(statement(sql))
        return 0

    def _fill(self, connection: "Connection[Any]", first: UUID, last: UUID) -> int:
        """The rows of these communications; returns how many events they were told from."""
        count = 0
        for streams in self._whole_streams(connection, first, last):
            count += len(streams)
            made = self._telling.rows(streams)
            for table, known in self._shapes.items():
                _copy(connection, table, known, made)
        return count

    def _whole_streams(self, connection: "Connection[Any]", first: UUID, last: UUID) -> Iterator[list[Row]]:
        waiting: list[Row] = []
        with connection.cursor("streams", binary=True) as cursor:
            cursor.execute(statement(SQL["streams"]), (first, last, self.plan.head))
            while fetched := cursor.fetchmany(FETCHED):
                waiting += fetched
                if len(waiting) >= TOLD_AT_ONCE and (whole := _last_begins(waiting)):
                    yield waiting[:whole]
                    del waiting[:whole]
        if waiting:
            yield waiting


def _last_begins(streams: list[Row]) -> int:
    """Where the last stream, which may go on, begins."""
    last, place = streams[-1][1], len(streams)
    while place and streams[place - 1][1] == last:
        place -= 1
    return place


def _copy(connection: "Connection[Any]", table: Table, known: Shape, made: Rows) -> None:
    """In binary, as text would have to be escaped here and read there."""
    if not (rows := table.rows(made)):
        return
    columns = text.SQL(", ").join(map(Identifier, table.columns))
    into = text.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(Identifier("read", table.next), columns)
    with connection.cursor() as cursor, cursor.copy(into) as copy:
        copy.set_types([known.types[column] for column in table.columns])
        for row in rows:
            copy.write_row(row)
