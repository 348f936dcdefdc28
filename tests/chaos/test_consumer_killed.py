"""kill -9 of webhook consumers while webhooks pour in: each is recorded once, whoever was killed when."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.clock import FileClock
from adapters.webhook_log.kafka import KafkaLog
from adapters.webhook_log.kafka_client import KafkaSettings
from adapters.webhook_log.kafka_topic import ensure_topic
from adapters.webhook_log.port import WebhookLog
from domain.status import Status
from tests.consumers.hooks import Hooks, Sent, add_sendgrid, hooks
from tests.support.eventually import eventually
from tests.support.guard import ends_with_us
from tests.support.installation import MASTER_KEY, START

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
ATTEMPTS = 150
WORDS = ("processed", "deferred", "delivered")
TIMES = 2
"""How often each webhook comes."""
REQUESTS = ATTEMPTS * len(WORDS) * TIMES


@contextmanager
def consumer(world: Hooks, folder: Path, kafka: KafkaSettings | None) -> Iterator[subprocess.Popen[bytes]]:
    """A `sendtrail consume` of its own; killed at the end of the block, if not before."""
    given = {"DATABASE_URL": world.url, "DATA_DIR": str(folder), "MASTER_KEY": MASTER_KEY}
    given["CLOCK_FILE"] = str(folder / "clock")
    if kafka:
        given |= {"KAFKA": kafka.servers, "WEBHOOK_TOPIC": kafka.topic}
    environment = os.environ | {f"SENDTRAIL_{name}": value for name, value in given.items()}
    with (folder / "consume.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "api.cli", "consume"], env=environment, stderr=log)
    with ends_with_us(f"kill -KILL {process.pid}"):
        try:
            yield process
        finally:
            process.kill()
            process.wait()


class Pouring(threading.Thread):
    """All webhooks in a random order, one record each; the last tenth once `rest` is set."""

    def __init__(self, world: Hooks, log: WebhookLog) -> None:
        super().__init__()
        self.world, self.log, self.rest = world, log, threading.Event()
        connections = [add_sendgrid(world.owner, world.tenant, f"c{n}", default=False) for n in range(5)]
        chosen = [connections[n % 5] for n in range(ATTEMPTS)]
        self.sent = [world.sent(connection=connection) for connection in chosen]
        pairs = zip(chosen, self.sent, strict=True)
        self.hooked = [(connection, [one.event(word)]) for connection, one in pairs for word in WORDS] * TIMES
        random.Random(11).shuffle(self.hooked)

    def run(self) -> None:
        for number, (connection, body) in enumerate(self.hooked):
            if number == REQUESTS * 9 // 10:
                self.rest.wait()
            self.world.put_into(self.log, body, connection=connection)


def assert_each_once(world: Hooks, sent: list[Sent]) -> None:
    assert world.count("work.provider_event") == REQUESTS
    assert world.count("work.parked_report") == world.count("work.dead_letter") == 0
    assert [world.reports(one) for one in sent] == [len(WORDS)] * ATTEMPTS
    assert {world.attempt(one).outcome().status for one in sent} == {Status.DELIVERED}


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Hooks]:
    FileClock(tmp_path / "clock").set(START)
    with hooks(database_url, tmp_path) as found:
        yield found


def run_through(world: Hooks, folder: Path, log: WebhookLog, kafka: KafkaSettings | None, kills: int) -> None:
    pouring = Pouring(world, log)
    pouring.start()
    chance = random.Random(5)
    try:
        for n in range(kills):
            enough = chance.randint(REQUESTS * n // (2 * kills), REQUESTS * (n + 1) // (2 * kills))
            with consumer(world, folder, kafka) as first, consumer(world, folder, kafka):
                eventually(partial(recorded, world, enough), within=60)
                first.send_signal(signal.SIGKILL)
        with consumer(world, folder, kafka) as last:
            pouring.rest.set()
            eventually(partial(recorded, world, REQUESTS), within=120)
            last.terminate()
            assert last.wait(30) == 0, (folder / "consume.log").read_text()[-3000:]
    finally:
        pouring.rest.set()
        pouring.join()
    assert sum(log.lag(world.worker.communications.recorder.positions).values()) == 0
    assert_each_once(world, pouring.sent)


def recorded(world: Hooks, requests: int) -> bool:
    return world.count("work.provider_event") >= requests


def test_on_postgresql(world: Hooks, tmp_path: Path) -> None:
    run_through(world, tmp_path, world.log, None, kills=5)


@pytest.mark.real_kafka
def test_on_kafka(world: Hooks, tmp_path: Path, real_kafka: str) -> None:
    settings = KafkaSettings(real_kafka, f"webhooks-{uuid4().hex[:12]}")
    ensure_topic(settings, 4, 62, replication=1)
    log = KafkaLog(settings)
    try:
        run_through(world, tmp_path, log, settings, kills=2)
    finally:
        log.close()
