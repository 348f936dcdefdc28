"""What a rebuild has to do and has done, kept in the database: whoever comes after a kill goes on from there."""

import hashlib
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from psycopg import Connection

import domain
import projections
from adapters.database.migrate import FOLDER
from adapters.database.queries import load
from adapters.database.session import Database, Write, statement, write
from consumers.projecting import NAMES
from consumers.rebuild import twins
from consumers.rebuild.tables import Table, tables_of

SQL = load(__file__)
EVENTS_A_JOB = 5000
MOST_JOBS = 100_000


class Plan(NamedTuple):
    """`head`: the ranges hold all events up to here. `position`: where the new tables stand once all jobs are done."""

    id: UUID
    program: str
    projections: Sequence[str]
    head: int
    position: int
    started_at: Any

    @property
    def tables(self) -> list[Table]:
        return tables_of(self.projections)

    @property
    def whole(self) -> bool:
        """All projections, so also what the projector keeps for itself."""
        return list(self.projections) == NAMES


class Progress(NamedTuple):
    """`events` are those of the ranges done so far."""

    jobs: int
    done: int
    events: int
    indexes: int
    indexes_done: int


def open_plan(database: Database) -> Plan | None:
    """The one that was begun and not ended."""
    with database.transaction() as connection:
        found = connection.execute(statement(SQL["open"])).fetchone()
    return Plan(*found) if found else None


def begin(database: Database, chosen: Sequence[str], head: int, processes: int) -> Plan:
    """New tables, and the jobs that fill them, in place of whatever was begun before."""
    plan_id, names = uuid4(), [name for name in NAMES if name in chosen]
    with database.transaction() as connection:
        _forget(connection)
        connection.execute(statement(SQL["begin"]), (plan_id, program(), names, head, head))
        tables = tables_of(names)
        twins.make(connection, tables)
        ranges = _ranges(max(processes, min(MOST_JOBS, head // EVENTS_A_JOB)))
        jobs = [(plan_id, number, *edges) for number, edges in enumerate(ranges)]
        indexes = enumerate(twins.index_statements(connection, tables), start=len(ranges))
        later = [(plan_id, number, sql) for number, sql in indexes]
        write(connection, [Write(SQL["ranges"], jobs), Write(SQL["statements"], later)])
        row = connection.execute(statement(SQL["open"])).fetchone()
    assert row is not None, "just begun"
    return Plan(*row)


def progress(database: Database, plan: Plan) -> Progress:
    with database.transaction() as connection:
        row = connection.execute(statement(SQL["progress"]), (plan.id,)).fetchone()
    assert row is not None, "counts always answer"
    return Progress(*row)


def moved(connection: "Connection[Any]", plan: Plan, to: int) -> Plan:
    """The new tables stand at `to`, in this transaction."""
    connection.execute(statement(SQL["moved"]), (to, plan.id))
    return plan._replace(position=to)


def end(connection: "Connection[Any]") -> None:
    connection.execute(statement(SQL["end"]))


def give_up(database: Database) -> None:
    """Nothing is left of it."""
    with database.transaction() as connection:
        _forget(connection)


@cache
def program() -> str:
    """The same for the same rules and the same schema."""
    folders = [Path(module.__path__[0]) for module in (domain, projections)]
    paths = [path for folder in folders for path in sorted(folder.rglob("*.py"))] + sorted(FOLDER.glob("[0-9]*.sql"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


def _forget(connection: "Connection[Any]") -> None:
    end(connection)
    twins.drop(connection)


def _ranges(count: int) -> list[tuple[UUID, UUID]]:
    edges = [n * 2**128 // count for n in range(count + 1)]
    return [(UUID(int=low), UUID(int=high - 1)) for low, high in pairwise(edges)]
