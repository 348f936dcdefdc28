"""ingest-consumer: webhooks from a filled log to recorded events, against a raw batched insert of the same rows."""

import tempfile
import threading
import time
from pathlib import Path
from uuid import UUID, uuid4

import msgspec

from adapters.bootstrap import Installation
from adapters.database.embedded import EmbeddedServer
from adapters.database.pool import connect
from adapters.database.queries import load
from adapters.database.session import statement
from adapters.providers.port import RawRequest
from adapters.webhook_log.opening import open_log, open_reader
from adapters.webhook_log.port import LoggedRequest
from consumers.webhooks import WebhookConsumer
from domain.values import Channel
from tests.bench import histories
from tests.bench.measuring import Figure, database, measure
from tests.support.installation import installed

SQL = load(__file__)
RAW = "raw batched insert of the same rows"
BATCH = 500


def run(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    contenders = {"ours": lambda: _ours(server, size), RAW: lambda: _raw(server, size)}
    return measure("ingest-consumer", "webhooks/s", contenders, RAW, rounds)


def _ours(server: EmbeddedServer, size: int) -> float:
    """One event a webhook, each about an attempt of its own: dedupe, correlation, sealing and version check too."""
    with database(server) as url, tempfile.TemporaryDirectory() as folder:
        with installed(url, Path(folder), "sendtrail_owner") as owner:
            tenant = owner.tenants.add("bench", histories.START).id
            connection = owner.connections.add(
                tenant, "mail", "sendgrid", Channel.EMAIL, histories.START, settings={}, secrets={"public_key": "-"}
            ).id
        with installed(url, Path(folder), "sendtrail_worker") as worker:
            ids = histories.store(worker, tenant, connection, size, whole=False)
            _fill(worker, connection, ids)
            return size / _seconds_to_consume(worker, size)


def _fill(worker: Installation, connection: UUID, ids: list[str]) -> None:
    log = open_log(worker.settings, worker.database, worker.clock)
    found = [LoggedRequest(connection, _webhook(attempt_id)) for attempt_id in ids]
    for first in range(0, len(found), BATCH):
        log.append(found[first : first + BATCH])
    log.close()


def _webhook(attempt_id: str) -> RawRequest:
    element = {
        "event": "delivered", "email": "ap@payer.example", "timestamp": 1768467600, "sg_event_id": attempt_id,
        "sg_message_id": f"{attempt_id}.recvd-1", "attempt_id": attempt_id, "response": "250 OK",
    }  # fmt: skip
    headers = {"content-type": "application/json"}
    return RawRequest("https://x.example/v1/webhooks/c", headers, msgspec.json.encode([element]), histories.START)


def _seconds_to_consume(worker: Installation, size: int) -> float:
    """Until every report is an event; the consumer runs in a thread, as in its process."""
    stop = threading.Event()
    reader = open_reader(worker.settings, worker.communications.recorder.positions)
    thread = threading.Thread(target=WebhookConsumer(worker, reader).run, args=(stop,))
    begun = time.perf_counter()
    thread.start()
    pause = threading.Event()
    while _reported(worker) < size:
        pause.wait(0.02)
    took = time.perf_counter() - begun
    stop.set()
    thread.join()
    reader.close()
    return took


def _reported(worker: Installation) -> int:
    with worker.database.transaction() as connection:
        row = connection.execute(
            "SELECT count(*) FROM events.event WHERE topic = 'InvoiceCommunication.StatusReported'"
        ).fetchone()
    return int(row[0]) if row else 0


def _raw(server: EmbeddedServer, size: int) -> float:
    """The event rows and the raw requests, 1,000 a transaction: no reading, no checking, no thinking."""
    state = msgspec.json.encode(
        {"timestamp": "2026-01-15T09:00:00Z", "report": {"report_id": "x" * 60, "pad": "y" * 300}}
    )
    body = b"z" * 250
    with database(server) as url, connect(url, autocommit=True) as connection:
        connection.execute(statement(SQL["tables"]))
        begun = time.perf_counter()
        for first in range(0, size, 1000):
            numbers = range(first, min(first + 1000, size))
            count = len(numbers)
            ids = [uuid4() for _ in numbers]
            with connection.transaction():
                events = (ids, ids, [1] * count, ["InvoiceCommunication.StatusReported"] * count, [state] * count)
                connection.execute(statement(SQL["events"]), events)
                rows = ([histories.START] * count, ["log"] * count, list(numbers), [0] * count, [body] * count)
                connection.execute(statement(SQL["raw"]), rows)
        return size / (time.perf_counter() - begun)
