"""project: events into overview and log, against one SQL statement set and the library's own runner.

Also ours with events in which nothing is sealed: what sealing costs the read models.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any

from adapters.bootstrap import Installation
from adapters.database.embedded import EmbeddedServer
from adapters.database.pool import connect
from adapters.database.queries import load
from adapters.database.session import statement
from adapters.keys.ring import KeyRing
from consumers.projector import Projector
from domain.values import Personal
from tests.bench import histories, runner
from tests.bench.measuring import Figure, database, measure
from tests.bench.spending import Spending
from tests.support.installation import installed

SQL = load(__file__)
PURE = "one SQL statement set"
SLOWER_BY = 20
"""The library's runner gets so many times fewer events: it commits each alone."""


def run(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    """Raises AssertionError where not all made the same rows."""
    made: set[Any] = set()
    few, made_of_few = max(size // SLOWER_BY, 600), set[Any]()
    pure(server, few, made_of_few)
    contenders = {
        "ours": lambda: _ours(server, size, made),
        "ours, nothing sealed": lambda: _ours(server, size, made, unsealed=True),
        PURE: lambda: pure(server, size, made),
        "eventsourcing's ProjectionRunner, the same rows": lambda: runner.same(
            server, few, SQL["tables"], lambda url: made_of_few.add(rows(url, "bench"))
        ),
        "eventsourcing's ProjectionRunner, two tiny rows": lambda: runner.tiny(server, few),
    }
    figure = measure("project", "events/s", contenders, PURE, rounds)
    assert len(made) == 1, "ours and plain SQL made different rows"
    assert len(made_of_few) == 1, "the library's runner and plain SQL made different rows"
    return figure


class Opened(KeyRing):
    """For events that `histories.Unsealed` made: their values are in clear, and there is nothing to open."""

    def opening(self, *_: Any) -> Callable[[Personal], str]:
        return attrgetter("sealed")


def _ours(server: EmbeddedServer, size: int, made: set[Any], *, unsealed: bool = False) -> float:
    """The worker as it runs: row-level security, sealed values opened, states kept to go on from, checkpoint moved."""
    with filled(server, size, unsealed=unsealed) as (url, installation):
        keys = Opened(installation.database, installation.master) if unsealed else installation.keys
        with Spending(server) as spending:
            done = Projector(installation.database, keys).run_once()
        made.add(rows(url, "read"))
        return spending.rate(done)


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
def filled(
    server: EmbeddedServer, size: int, *, unsealed: bool, apart: bool = False
) -> Iterator[tuple[str, Installation]]:
    """A store of its own with about `size` events, and nothing projected. `apart`: those of one history far apart."""
    with (
        database(server) as url,
        tempfile.TemporaryDirectory() as folder,
        installed(url, Path(folder), "sendtrail_worker") as installation,
    ):
        told = (installation, histories.TENANT, histories.CONNECTION, size // histories.EVENTS)
        if apart:
            histories.store_apart(*told)
        else:
            histories.store(*told, unsealed=unsealed)
        yield url, installation


def rows(url: str, schema: str) -> Any:
    """What tells the rows of two databases apart, whatever the spaces in their JSON."""
    with connect(url, "sendtrail_owner") as connection:
        return connection.execute(statement(SQL["rows"].format(schema=schema))).fetchone()
