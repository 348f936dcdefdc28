"""ingest-consumer-two: as ingest-consumer, by two `sendtrail consume` processes that share the log's partitions.

Both wait for the log, which is filled in one transaction, by a connection of the provider for each partition. The raw
insert is that of ingest-consumer: one connection, which leaves the machine's other core to PostgreSQL.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

from adapters.bootstrap import Installation
from adapters.database.arrays import bigints, byteas, moments
from adapters.database.embedded import EmbeddedServer
from adapters.database.queries import load
from adapters.database.session import statement
from adapters.webhook_log import postgres
from adapters.webhook_log.frames import by_partition, partition_of
from adapters.webhook_log.port import LoggedRequest
from tests.bench import histories
from tests.bench.ingest import A_RECORD, RAW, add_connection, newest, one_each, recorded
from tests.bench.ingest_raw import Stored, insert_again, stored
from tests.bench.measuring import Figure, database, measure
from tests.support.eventually import eventually
from tests.support.installation import installed
from tests.support.processes import environment, running

SQL = load(__file__)
CONSUMERS = 2


def run(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    rows: list[Stored] = []

    def ours() -> float:
        with _consuming(server) as (worker, owner, url):
            requests = _requests(worker, owner, size)
            last = newest(worker) + len(requests)
            begun = time.perf_counter()
            _fill(worker, requests)
            took = recorded(worker, last, len(requests)) - begun
            rows[:] = [stored(url)]
            return len(requests) / took

    def raw() -> float:
        with database(server) as url:
            return size / insert_again(url, rows[0])

    return measure("ingest-consumer-two", "webhooks/s", {"ours": ours, RAW: raw}, RAW, rounds)


@contextmanager
def _consuming(server: EmbeddedServer) -> Iterator[tuple[Installation, Installation, str]]:
    """The worker, the owner, and the database; the consumers have shared the partitions."""
    with ExitStack() as stack:
        url, folder = stack.enter_context(database(server)), Path(stack.enter_context(tempfile.TemporaryDirectory()))
        owner = stack.enter_context(installed(url, folder, "sendtrail_owner"))
        worker = stack.enter_context(installed(url, folder, "sendtrail_worker"))
        for number in range(CONSUMERS):
            its = folder / str(number)
            its.mkdir()
            stack.enter_context(running("api.cli", "consume", folder=its, env=environment(url, folder)))
        eventually(lambda: _shares(worker) == [postgres.PARTITIONS // CONSUMERS] * CONSUMERS, within=60)
        yield worker, owner, url


def _shares(worker: Installation) -> list[int]:
    with worker.database.transaction() as connection:
        return [count for (count,) in connection.execute(statement(SQL["shares"])).fetchall()]


def _requests(worker: Installation, owner: Installation, size: int) -> list[LoggedRequest]:
    """About an equal number for each partition."""
    found: dict[int, tuple[UUID, UUID]] = {}
    while len(found) < postgres.PARTITIONS:
        tenant, connection = add_connection(owner, f"bench {len(found)} {time.perf_counter_ns()}")
        found.setdefault(partition_of(connection, postgres.PARTITIONS), (tenant, connection))
    requests: list[LoggedRequest] = []
    for tenant, connection in found.values():
        attempts = histories.store(worker, tenant, connection, size // postgres.PARTITIONS, whole=False)
        requests += [LoggedRequest(connection, request) for request in one_each(attempts)]
    return requests


def _fill(worker: Installation, requests: Sequence[LoggedRequest]) -> None:
    frames: list[tuple[int, bytes]] = []
    for first in range(0, len(requests), A_RECORD):
        parted = by_partition(requests[first : first + A_RECORD], postgres.PARTITIONS)
        frames += [(part, frame) for part, made in parted.items() for frame in made]
    values = (bigints([p for p, _ in frames]), moments([worker.clock()] * len(frames)), byteas([f for _, f in frames]))
    with worker.database.transaction() as connection:
        connection.cursor(binary=True).execute(statement(postgres.SQL["append"]), values)
        connection.execute(statement(postgres.SQL["wake"]))
