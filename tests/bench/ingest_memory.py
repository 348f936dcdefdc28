"""memory-consumer: what a webhook consumer's process needs while it eats a backlog; a larger one does not need more."""

from pathlib import Path

from adapters.database.embedded import EmbeddedServer
from adapters.webhook_log.opening import open_log, open_reader
from consumers.webhooks import WebhookConsumer
from tests.bench import ingest, memory
from tests.bench.measuring import Figure, measure
from tests.support.installation import installed

LARGE = 4
"""The large backlog, as a multiple of the bench's size. Either holds more than the consumer remembers."""


def run(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    contenders = {
        "ours": lambda: _peak(server, size * LARGE),
        f"{size:,} instead of {size * LARGE:,} webhooks": lambda: _peak(server, size),
        memory.LIMIT: lambda: memory.LIMIT_MB,
    }
    return measure("memory-consumer", "MB", contenders, memory.LIMIT, rounds)


def _peak(server: EmbeddedServer, size: int) -> float:
    with ingest.backlog(server, size) as (worker, url):
        return memory.peak(consume, url, str(worker.settings.data_dir))


def consume(url: str, folder: str) -> None:
    with installed(url, Path(folder), "sendtrail_worker") as worker:
        positions = worker.communications.recorder.positions
        log, reader = open_log(worker.settings, worker.database, worker.clock), open_reader(worker.settings, positions)
        consumer = WebhookConsumer(worker, reader)
        while sum(log.lag(positions).values()):
            consumer.step(0.5)
        reader.close()
