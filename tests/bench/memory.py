"""memory: what a projector's process needs while it eats a backlog, and that a larger one does not need more."""

import multiprocessing
import tempfile
from pathlib import Path
from uuid import UUID

from adapters.database.embedded import EmbeddedServer
from consumers.projector import Projector
from tests.bench import histories
from tests.bench.measuring import Figure, database, measure
from tests.support.installation import installed

TENANT, CONNECTION = UUID(int=0xA), UUID(int=0xC)
LIMIT, LIMIT_MB = "the limit", 300.0
SMALL, LARGE = 10, 40
"""Backlogs, as multiples of the bench's size: both hold more than the projector remembers at its default."""


def run(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    """Peak resident memory of a process that does nothing else; the last column shows whether it grows."""
    contenders = {
        "ours": lambda: _peak(server, size * LARGE),
        f"{size * SMALL:,} instead of {size * LARGE:,} events": lambda: _peak(server, size * SMALL),
        LIMIT: lambda: LIMIT_MB,
    }
    return measure("memory", "MB", contenders, LIMIT, rounds)


def _peak(server: EmbeddedServer, size: int) -> float:
    with database(server) as url, tempfile.TemporaryDirectory() as folder:
        with installed(url, Path(folder), "sendtrail_worker") as installation:
            histories.store(installation, TENANT, CONNECTION, size // histories.EVENTS)
        with multiprocessing.get_context("spawn").Pool(1) as process:
            return process.apply(_eat, (url, folder))


def _eat(url: str, folder: str) -> float:
    """MB. Not from getrusage, which answers the parent's peak where that is higher."""
    with installed(url, Path(folder), "sendtrail_worker") as installation:
        Projector(installation.database, installation.keys).run_once()
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
