"""memory-consumer: what a webhook consumer's process needs while it eats a backlog; a larger one does not need more."""

import multiprocessing
from pathlib import Path

from adapters.database.embedded import EmbeddedServer
from adapters.webhook_log.opening import open_log, open_reader
from consumers.webhooks import WebhookConsumer
from tests.bench import ingest
from tests.bench.measuring import Figure, measure
from tests.support.installation import installed

LIMIT, LIMIT_MB = "the limit", 300.0
LARGE = 4
"""The large backlog, as a multiple of the bench's size. Either holds more than the consumer remembers."""


def run(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    """Peak resident memory of a process that does nothing else."""
    contenders = {
        "ours": lambda: _peak(server, size * LARGE),
        f"{size:,} instead of {size * LARGE:,} webhooks": lambda: _peak(server, size),
        LIMIT: lambda: LIMIT_MB,
    }
    return measure("memory-consumer", "MB", contenders, LIMIT, rounds)


def _peak(server: EmbeddedServer, size: int) -> float:
    with ingest.backlog(server, size) as (worker, url):
        with multiprocessing.get_context("spawn").Pool(1) as process:
            return process.apply(_eat, (url, worker.settings.data_dir))


def _eat(url: str, folder: Path) -> float:
    """MB. Not from getrusage, which answers the parent's peak where that is higher."""
    with installed(url, folder, "sendtrail_worker") as worker:
        positions = worker.communications.recorder.positions
        log, reader = open_log(worker.settings, worker.database, worker.clock), open_reader(worker.settings, positions)
        consumer = WebhookConsumer(worker, reader)
        while sum(log.lag(positions).values()):
            consumer.step(0.5)
        reader.close()
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
