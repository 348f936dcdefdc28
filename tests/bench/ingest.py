"""ingest-consumer: webhooks from a filled log to recorded events, against a raw batched insert of the same rows.

Ours reads and decodes the log, finds the attempts, reads their events, drops what is known already, checks versions,
seals the provider's words and moves the log's position. The raw insert does none of that: see `ingest_raw`.
"""

import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec

from adapters.bootstrap import Installation
from adapters.database.embedded import EmbeddedServer
from adapters.database.pool import connect
from adapters.database.session import statement
from adapters.providers.port import RawRequest
from adapters.webhook_log.opening import open_log, open_reader, prepare_log
from adapters.webhook_log.port import LoggedRequest
from consumers.webhooks import WebhookConsumer
from domain.values import Channel
from tests.bench import histories
from tests.bench.ingest_raw import Stored, insert_again, stored
from tests.bench.measuring import Figure, database, measure
from tests.bench.spending import Rate, Spending
from tests.support.installation import installed
from tests.support.kafka_service import running_kafka
from tests.support.webhook_log import put

RAW = "raw batched insert of the same rows"
A_RECORD = 20
"""Requests that the intake merged into one record of the log."""
WARM = 40
"""Webhooks that are taken in before anything is measured."""
WORDS = ("processed", "delivered", "open")
MOST_AT_ONCE = 10
"""Events that a provider puts into one request."""
LAST = "SELECT max(notification_id) FROM events.event"
UNTIL = """DO $$ BEGIN
    WHILE (SELECT max(notification_id) FROM events.event) < {last} LOOP PERFORM pg_sleep(0.002); END LOOP;
END $$"""
REPORTED = "SELECT count(*) FROM events.event WHERE topic = 'InvoiceCommunication.StatusReported'"
Requests = Callable[[Sequence[str]], list[RawRequest]]


def run(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    """The log in PostgreSQL; one event a webhook, each about an attempt of its own."""
    return _figure("ingest-consumer", "webhooks/s", server, rounds, size)


def run_several(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    """As providers do: three events about each attempt, 1 to 10 events a request, in mixed order."""
    return _figure("ingest-consumer-several", "events/s", server, rounds, size, requests=several)


def run_kafka(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    """The log in a real Apache Kafka, read by librdkafka."""
    with tempfile.TemporaryDirectory(prefix="sendtrail-kafka-") as folder, running_kafka(Path(folder)) as kafka:
        return _figure("ingest-consumer-kafka", "webhooks/s", server, rounds, size, kafka=kafka.bootstrap)


def one_each(attempts: Sequence[str]) -> list[RawRequest]:
    return [_request([_event("delivered", number, attempt)]) for number, attempt in enumerate(attempts)]


def several(attempts: Sequence[str]) -> list[RawRequest]:
    """Three events for every third of the attempts: as many events as there are attempts."""
    chance, chosen = random.Random(7), range(0, len(attempts), len(WORDS))
    events = [
        (number + chance.random() * 600, _event(word, number, attempts[number])) for number in chosen for word in WORDS
    ]
    told = [event for _, event in sorted(events, key=lambda e: e[0])]
    return [_request(told[first:last]) for first, last in _cuts(len(told), chance)]


def filled(worker: Installation, connection: UUID, requests: Sequence[RawRequest]) -> None:
    """Put the requests into the log."""
    log = open_log(worker.settings, worker.database, worker.clock)
    for first in range(0, len(requests), A_RECORD):
        put(log, [LoggedRequest(connection, request) for request in requests[first : first + A_RECORD]])
    log.close()


def add_connection(owner: Installation, name: str = "bench") -> tuple[UUID, UUID]:
    """A tenant and its connection, which counts opens."""
    tenant = owner.tenants.add(name, histories.START).id
    made = owner.connections.add(
        tenant, "mail", "sendgrid", Channel.EMAIL, histories.START, settings={}, secrets={"public_key": "-"},
        open_tracking=True,
    )  # fmt: skip
    return tenant, made.id


def _figure(
    name: str,
    unit: str,
    server: EmbeddedServer,
    rounds: int,
    size: int,
    *,
    requests: Requests = one_each,
    kafka: str = "",
) -> Figure:
    rows: list[Stored] = []

    def ours() -> float:
        with backlog(server, size, requests, kafka) as (worker, url):
            with Spending(server) as spending:
                took = _seconds_to_consume(worker, size, WARM)
            rows[:] = [stored(url)]
            return Rate.of(size, took, spending.taken)

    def raw() -> float:
        with database(server) as url:
            return len(rows[0].events) / insert_again(url, rows[0])

    return measure(name, unit, {"ours": ours, RAW: raw}, RAW, rounds)


@contextmanager
def backlog(
    server: EmbeddedServer, size: int, requests: Requests = one_each, kafka: str = ""
) -> Iterator[tuple[Installation, str]]:
    """A worker in front of a filled log, with `size` attempts that wait for their events; and its database.

    It has taken in a few before, as a process that runs for long has: its connections know what they are asked.
    """
    with database(server) as url, tempfile.TemporaryDirectory() as folder:
        with installed(url, Path(folder), "sendtrail_owner") as owner:
            tenant, connection = add_connection(owner)
        with installed(url, Path(folder), "sendtrail_worker") as worker:
            given = {"kafka": kafka, "webhook_topic": f"bench-{uuid4().hex[:12]}"}
            worker.settings = worker.settings.model_copy(update=given)
            prepare_log(worker.settings)
            attempts = histories.store(worker, tenant, connection, WARM + size, whole=False)
            filled(worker, connection, one_each(attempts[:WARM]))
            _seconds_to_consume(worker, WARM)
            filled(worker, connection, requests(attempts[WARM:]))
            yield worker, url


def _event(word: str, number: int, attempt: str) -> dict[str, Any]:
    """As SendGrid tells it, with the address that it was sent to."""
    return {
        "event": word, "email": histories.address(number), "timestamp": 1768467600 + WORDS.index(word),
        "sg_event_id": f"{word}-{attempt}", "sg_message_id": f"m-{attempt}.recvd-5b8d7c9f4-x2x9k-1-65A4F1D0-2F.0",
        "attempt_id": attempt, "smtp-id": f"<{attempt}@geopod-ismtpd-1>", "response": "250 2.0.0 OK 1768467600",
    }  # fmt: skip


def _request(events: Sequence[dict[str, Any]]) -> RawRequest:
    """Received just now, as a webhook is."""
    return RawRequest(
        "https://billing.example.com/v1/webhooks/7d2c1a9e-5f0b-4f5e-9a53-0f6d1f8f1c11",
        {
            "host": "billing.example.com", "user-agent": "SendGrid Event API", "content-type": "application/json",
            "x-twilio-email-event-webhook-signature": "MEUCIQDx" + "a" * 88, "accept-encoding": "gzip",
            "x-twilio-email-event-webhook-timestamp": "1768467600", "x-forwarded-for": "167.89.118.63",
        },
        msgspec.json.encode(events), datetime.now(UTC),
    )  # fmt: skip


def _cuts(count: int, chance: random.Random) -> Iterator[tuple[int, int]]:
    first = 0
    while first < count:
        last = min(first + chance.randint(1, MOST_AT_ONCE), count)
        yield first, last
        first = last


def _seconds_to_consume(worker: Installation, size: int, before: int = 0) -> float:
    """Until every report is an event, beside `before` that are; the consumer runs in a thread, as in its process.

    From when it has its share of the partitions and asks where to begin: that it has to join the others first, which
    takes three seconds with a new Kafka, is no part of how fast it is.
    """
    stop, last, begun = threading.Event(), newest(worker) + size, list[float]()

    def positions(names: Sequence[str]) -> Mapping[str, int]:
        begun.append(time.perf_counter())
        return worker.communications.recorder.positions(names)

    reader = open_reader(worker.settings, positions)
    thread = threading.Thread(target=WebhookConsumer(worker, reader).run, args=(stop,))
    thread.start()
    try:
        return recorded(worker, last, before + size) - begun[0]
    finally:
        stop.set()
        thread.join()
        reader.close()


def newest(worker: Installation) -> int:
    """The position of the last event."""
    return _one(worker, LAST)


def recorded(worker: Installation, last: int, size: int) -> float:
    """When (by the clock of `time.perf_counter`) `size` reports were events, the last of them at position `last`.

    PostgreSQL waits for that, on a connection that is nobody else's: a thread that asks a hundred times a second takes
    the interpreter from the consumer.
    """
    while True:
        with connect(worker.settings.database_url, "sendtrail_worker", autocommit=True) as connection:
            connection.execute(statement(UNTIL.format(last=last)))
        at = time.perf_counter()
        if _one(worker, REPORTED) >= size:
            return at
        threading.Event().wait(0.01)


def _one(worker: Installation, sql: str) -> int:
    with worker.database.transaction() as connection:
        row = connection.execute(statement(sql)).fetchone()
    return int(row[0]) if row else 0
