"""memory: the most memory that a process needs in front of a backlog, and that a larger one does not need more.

The projector alone and in parts, the processes of a rebuild, and the audit export; the consumer is in ingest_memory.
"""

import multiprocessing
import resource
import tempfile
from collections import deque
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from uuid import UUID

from adapters.database.embedded import EmbeddedServer
from adapters.store.reader import settled_head
from adapters.store.replay import stored
from consumers.parts.leading import Crew
from consumers.projector import Projector
from consumers.rebuild.rebuilding import Rebuilding
from consumers.workers import access
from tests.bench import histories
from tests.bench.measuring import Figure, database, measure
from tests.support.installation import installed

TENANT, CONNECTION = UUID(int=0xA), UUID(int=0xC)
LIMIT, LIMIT_MB = "the limit", 300.0
SMALL, LARGE = 10, 40
"""Backlogs, as multiples of the bench's size: both hold more than the projector remembers at its default."""
Eat = Callable[[str, str], None]
"""Told the database and the data folder, eats the backlog."""


def run(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    return _figure("memory", server, rounds, size, project)


def run_partitions(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    """Of its two processes the larger."""
    return _figure("memory-partitions", server, rounds, size, project_in_parts)


def run_rebuild(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    """Of its two processes the larger."""
    return _figure("memory-rebuild", server, rounds, size, rebuild)


def run_export(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    return _figure("memory-export", server, rounds, size, export)


def project(url: str, folder: str) -> None:
    with installed(url, Path(folder), "sendtrail_worker") as installation:
        Projector(installation.database, installation.keys).run_once()


def project_in_parts(url: str, folder: str) -> None:
    with installed(url, Path(folder), "sendtrail_worker") as installation:
        Projector(installation.database, installation.keys, Crew(2, access(installation.settings))).run_once()


def rebuild(url: str, folder: str) -> None:
    with installed(url, Path(folder), "sendtrail_owner") as owner:
        Rebuilding(owner, processes=2).rebuild()


def export(url: str, folder: str) -> None:
    """As `sendtrail audit export` reads, without its file."""
    with installed(url, Path(folder), "sendtrail_worker") as installation:
        with installation.database.pool.connection() as connection:
            connection.set_autocommit(True)
            deque(stored(connection, settled_head(connection)), maxlen=0)
            connection.set_autocommit(False)


def peak(eat: Eat, url: str, folder: str) -> float:
    """Peak resident memory, in MB, of a process of its own that does nothing else, or of a larger one that it began."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(_eaten, eat, url, folder).result()


def _eaten(eat: Eat, url: str, folder: str) -> float:
    """Its own not from getrusage, which answers the parent's peak where that is higher."""
    eat(url, folder)
    lines = Path("/proc/self/status").read_text().splitlines()
    own = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def _figure(name: str, server: EmbeddedServer, rounds: int, size: int, eat: Eat) -> Figure:
    contenders = {
        "ours": lambda: _peak(server, size * LARGE, eat),
        f"{size * SMALL:,} instead of {size * LARGE:,} events": lambda: _peak(server, size * SMALL, eat),
        LIMIT: lambda: LIMIT_MB,
    }
    return measure(name, "MB", contenders, LIMIT, rounds)


def _peak(server: EmbeddedServer, size: int, eat: Eat) -> float:
    with database(server) as url, tempfile.TemporaryDirectory() as folder:
        with installed(url, Path(folder), "sendtrail_worker") as installation:
            histories.store(installation, TENANT, CONNECTION, size // histories.EVENTS)
        return peak(eat, url, folder)
