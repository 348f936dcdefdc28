"""`make bench-data N=1000000`: a store of any size, in which every row is what the real code would have made."""

import multiprocessing
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import typer
from psycopg import Connection
from rich.progress import Progress, TimeElapsedColumn

from adapters.database.embedded import EmbeddedServer
from adapters.database.migrate import migrate
from adapters.database.pool import connect
from adapters.database.queries import load
from adapters.database.session import statement
from consumers.projecting import NAMES
from domain.identity import communication_id
from domain.values import SubjectType
from projections import digits
from tests.bench.measuring import SETTINGS, console
from tests.bench.stories import Template, kinds, template
from tests.support.installation import installed

SQL = load(__file__)
TENANTS = {"acme": 60, "borealis": 25, "corvid": 12, "dune": 3}
"""Names, and their shares of all rows."""
TYPES = (SubjectType.INVOICE, SubjectType.INVOICE, SubjectType.INVOICE, SubjectType.CREDIT_NOTE, SubjectType.REMINDER)
CATEGORIES = ("rent", "services", "services", "goods", "goods", "goods", "goods", "energy")
CUSTOMERS, KEYS = 20_000, 40
DAYS, LATELY = 730, 2
CHUNK = 10_000
LOADING = SETTINGS | {
    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_wal_size": "2GB",
    "wal_level": "minimal", "max_wal_senders": "0", "autovacuum": "off", "maintenance_work_mem": "1GB",
}  # fmt: skip
TABLES = ["read.communication", "read.attempt", "events.event"]


class Told(NamedTuple):
    template: Template
    tenant: UUID
    weight: float
    when: str


class Chunk(NamedTuple):
    """Communications one after another in time, from `begun` on, `apart` seconds between them."""

    picks: list[int]
    first: int
    position: int
    begun: datetime
    apart: float


def main(
    rows: Annotated[int, typer.Option(help="Attempts.")] = 1_000_000,
    folder: Annotated[Path, typer.Option(help="Where the database goes.")] = Path(".cache/bench-data"),
    events: Annotated[bool, typer.Option(help="The event store too.")] = True,
) -> None:
    """Fill a new embedded PostgreSQL. 10 million attempts take a quarter of an hour and 40 GB; with events, 65 GB."""
    server = EmbeddedServer(folder / "postgres", LOADING)
    server.start()
    try:
        fill(server.url(), folder, rows, events=events)
    finally:
        server.stop()
    console.print(f"In {folder}. Measure on it: make bench NAME=lists DATA={folder}")


def fill(url: str, folder: Path, rows: int, *, events: bool) -> None:
    """`url` is a server's database that holds nothing yet."""
    migrate(url)
    told = _stories(url, folder)
    with Progress(*Progress.get_default_columns(), TimeElapsedColumn(), console=console) as progress:
        with _bare(url, progress):
            last = _load(url, told, rows, progress, events=events)
        with connect(url, "sendtrail_worker") as worker:
            worker.execute(statement(SQL["checkpoint"]), {"position": last, "names": NAMES})
        with connect(url, "sendtrail_owner", autocommit=True) as owner:
            owner.execute(statement(SQL["go_on_after"]), {"position": last})
            for name in ("attempt", "communication"):
                owner.execute("SELECT read.recount_facets(%s, %s)", (name, f"read.{name}"))
            for table in (*TABLES, "read.facet"):
                owner.execute(statement(f"VACUUM ANALYZE {table}"))


def _stories(url: str, folder: Path) -> list[Told]:
    """Every kind for every tenant and type, each about a customer of its own; the keys that seal it are few."""
    found, number, at = [], 0, datetime.now(UTC)
    with installed(url, folder, "sendtrail_owner") as owner:
        tenants = {owner.tenants.add(name, at).id: share for name, share in TENANTS.items()}
    with installed(url, folder, "sendtrail_worker") as installation:
        for tenant, share in tenants.items():
            keys = [installation.keys.customer(tenant, f"c-{n}", at) for n in range(KEYS)]
            for kind in kinds():
                for subject_type in TYPES:
                    number += 1
                    made = template(tenant, subject_type, keys[number % KEYS], number, kind.words)
                    found.append(Told(made, tenant, share * kind.weight, kind.when))
    return found


@contextmanager
def _bare(url: str, progress: Progress) -> Iterator[None]:
    """Without indexes and triggers, which are made again afterwards."""
    with connect(url, "sendtrail_owner", autocommit=True) as owner:
        indexes = owner.execute(statement(SQL["indexes"]), {"tables": TABLES}).fetchall()
        for drop, _ in indexes:
            owner.execute(drop)
        for table in TABLES:
            owner.execute(statement(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        yield
        for _, make in progress.track(indexes, description="indexes"):
            owner.execute(make)
        for table in TABLES:
            owner.execute(statement(f"ALTER TABLE {table} ENABLE TRIGGER USER"))


def _load(url: str, told: list[Told], rows: int, progress: Progress, *, events: bool) -> int:
    """Returns the position of the last event."""
    bar, position = progress.add_task("rows", total=rows), 0
    # Started as copies of this process: they have the templates already.
    fork = multiprocessing.get_context("fork")
    with fork.Pool(min(os.cpu_count() or 1, 4), _Loading.begin, (url, told, events)) as pool:
        for written, reached in pool.imap(_Loading.write, _chunks(told, rows)):
            progress.advance(bar, written)
            position = reached
    progress.update(bar, completed=rows)
    return position


def _chunks(told: list[Told], rows: int) -> Iterator[Chunk]:
    """In the order of time: an import in the beginning, and lately what is not over yet."""
    attempts = sum(t.weight * len(t.template.attempts) for t in told if not t.when) / sum(
        t.weight for t in told if not t.when
    )
    total = int(rows / attempts) + 1
    start, apart = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=DAYS), DAYS * 86400 / total
    chance, position = random.Random(7), 1
    weights = {when: list(accumulate(_weights(told, when))) for when in ("", "old", "new")}
    for first in range(0, total, CHUNK):
        size, begun = min(CHUNK, total - first), start + timedelta(seconds=first * apart)
        lately = first + size > total * (1 - LATELY / DAYS)
        when = "new" if lately else "old" if first * 20 // total in (2, 11) else ""
        picks = chance.choices(range(len(told)), cum_weights=weights[when], k=size)
        yield Chunk(picks, first, position, begun, apart)
        position += sum(len(told[pick].template.events) for pick in picks)


def _weights(told: list[Told], when: str) -> list[float]:
    """Of everything else there is something at any time."""
    return [t.weight * (5 if t.when == "old" else 1) if t.when in ("", when) else 0 for t in told]


class _Loading:
    """In each process of the pool: one connection, and the templates."""

    connection: "Connection[Any]"
    told: list[Told]
    events: bool

    @classmethod
    def begin(cls, url: str, told: list[Told], events: bool) -> None:
        cls.connection, cls.told, cls.events = connect(url, "sendtrail_owner"), told, events

    @classmethod
    def write(cls, chunk: Chunk) -> tuple[int, int]:
        """How many attempts it wrote, and the last position."""
        lines: tuple[list[bytes], list[bytes], list[bytes]] = ([], [], [])
        chance, position = random.Random(chunk.first), chunk.position
        for n, pick in enumerate(chunk.picks):
            one, at = cls.told[pick], chunk.begun + timedelta(seconds=(n + chance.random()) * chunk.apart)
            values = _values(one, chunk.first + n, at, position, chance)
            lines[0].append(one.template.communication % values)
            lines[1].extend([line % values for line in one.template.attempts])
            if cls.events:
                lines[2].extend([line % values for line in one.template.events])
            position += len(one.template.events)
        with cls.connection.transaction(), cls.connection.cursor() as cursor:
            for name, part in zip(("copy_communications", "copy_attempts", "copy_events"), lines, strict=True):
                with cursor.copy(statement(SQL[name])) as copy:
                    copy.write(b"".join(part))
        return len(lines[1]), position - 1


def _values(one: Told, number: int, at: datetime, position: int, chance: random.Random) -> dict[bytes, bytes]:
    made, external = one.template, f"doc-{number}"
    values = {
        b"c": str(communication_id(one.tenant, made.subject_type, external)).encode(),
        b"external": external.encode(),
        b"number": b"%d-%08d" % (at.year, number),
        # A few customers get much, most get little.
        b"letters": " ".join(digits.told(f"{at.year}-{number:08} {external}")).encode(),
        b"customer": b"c-%d" % (chance.random() ** 3 * CUSTOMERS),
        b"category": chance.choice(CATEGORIES).encode(),
    }
    for n in range(len(made.attempts)):
        values[b"a%d" % n] = str(UUID(int=chance.getrandbits(128), version=4)).encode()
    for n in range(1, len(made.events) + 1):
        values[b"p%d" % n] = b"%d" % (position + n - 1)
    for name, offset in made.offsets.items():
        values[name.encode()] = (at + timedelta(seconds=offset)).isoformat().encode() + b"Z"
    return values


if __name__ == "__main__":
    typer.run(main)
