"""Interleaved rounds on one real, durable PostgreSQL, and how a figure is printed: as a ratio within one run."""

import json
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

from psycopg.sql import SQL, Identifier
from rich.console import Console
from rich.table import Table

from adapters.database.embedded import EmbeddedServer
from adapters.database.migrate import migrate
from adapters.database.pool import connect
from tests.bench.spending import Each, Rate

console = Console()
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "4GB", "synchronous_commit": "on", "fsync": "on"}
Contender = Callable[[], float]
"""Does its work once on a database of its own, and returns how many a second; a Rate also tells processor times."""


class Told(Protocol):
    """What a bench found, for a person and for a program."""

    def line(self) -> str: ...
    def table(self) -> Table: ...


class Skipped(Exception):  # noqa: N818 - it is no error
    """What this bench needs is not here; the text says what."""


class Figure(NamedTuple):
    """`ours` over each contender in the same run, median over median."""

    name: str
    unit: str
    rates: Mapping[str, list[float]]
    limit: str

    def line(self) -> str:
        """The JSON line: the first contender is ours, `limit` the raw limit it is held against."""
        ours, limit = self._median("ours"), self._median(self.limit)
        others = {name: round(ours / self._median(name), 2) for name in self.rates if name not in ("ours", self.limit)}
        told: dict[str, Any] = {
            "name": self.name, "value": round(ours), "unit": self.unit, "limit": round(limit),
            "ratio": round(ours / limit, 3), "runs": len(self.rates["ours"]), "median of": "rounds", "times": others,
        }  # fmt: skip
        if each := self.each("ours"):
            told["processor us"] = {"python": round(each.python, 1), "postgresql": round(each.postgresql, 1)}
        return json.dumps(told)

    def table(self) -> Table:
        """Processor time: of our process, and of PostgreSQL."""
        columns = ("", self.unit, "least", "most", "ours is", "processor us")
        shown = Table(*columns, title=self.name, title_justify="left", box=None)
        for name, found in self.rates.items():
            ratio = self._median("ours") / self._median(name)
            figures = (f"{self._median(name):,.0f}", f"{min(found):,.0f}", f"{max(found):,.0f}")
            taken = " + ".join(f"{each:.1f}" for each in self.each(name) or ())
            shown.add_row(name, *figures, "" if name == "ours" else f"{ratio:.2f} x", taken)
        return shown

    def each(self, name: str) -> Each | None:
        """Processor time of one item, where it was looked at."""
        found = [rate.each for rate in self.rates[name] if isinstance(rate, Rate)]
        return Each(*map(statistics.median, zip(*found, strict=True))) if found else None

    def _median(self, name: str) -> float:
        return statistics.median(self.rates[name])


def measure(name: str, unit: str, contenders: Mapping[str, Contender], limit: str, rounds: int) -> Figure:
    """Each contender once a round, in turn, so that a machine that slows down slows all of them."""
    rates: dict[str, list[float]] = {contender: [] for contender in contenders}
    with console.status(name) as status:
        for number in range(1, rounds + 1):
            for contender, run in contenders.items():
                status.update(f"{name}: round {number} of {rounds}, {contender}")
                rates[contender].append(run())
    return Figure(name, unit, rates, limit)


@contextmanager
def durable_server() -> Iterator[EmbeddedServer]:
    """A real server with its durability on, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="sendtrail-bench-") as folder:
        server = EmbeddedServer(Path(folder) / "postgres", SETTINGS)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def database(server: EmbeddedServer) -> Iterator[str]:
    """A migrated database of its own; its URL."""
    name = f"bench_{uuid4().hex[:10]}"
    with connect(server.url("postgres", "postgres"), autocommit=True) as admin:
        admin.execute(SQL("CREATE DATABASE {} OWNER sendtrail").format(Identifier(name)))
    try:
        migrate(server.url(name))
        yield server.url(name)
    finally:
        with connect(server.url("postgres", "postgres"), autocommit=True) as admin:
            admin.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
