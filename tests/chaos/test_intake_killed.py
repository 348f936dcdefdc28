"""kill -9 of the API while webhooks pour in: whatever was answered with success is in the log."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from adapters.webhook_log.frames import decode_frame
from adapters.webhook_log.opening import open_reader, prepare_log
from tests.consumers.hooks import Hooks, hooks, signed
from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.processes import environment, listening, running

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]
SENDERS = 12
MOMENTS = [1, 40, 300]
"""After so many answers it is killed."""


class Pouring:
    """Sends webhooks, all different, until the server is gone. `answered`: those that it said it has."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answered: list[bytes] = []
        self.refused: list[int] = []
        self.threads = [threading.Thread(target=self._send) for _ in range(SENDERS)]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def join(self) -> None:
        for thread in self.threads:
            thread.join(60)

    def _send(self) -> None:
        with httpx.Client(timeout=30) as http:
            while True:
                body = b'[{"n": "%s"}]' % uuid4().hex.encode()
                try:
                    status = http.post(self.url, content=body, headers=signed(body)).status_code
                except httpx.TransportError:
                    return
                if status != 204:
                    self.refused.append(status)
                    return
                self.answered.append(body)


@contextmanager
def world_with(database_url: str, folder: Path, kafka: str = "") -> Iterator[Hooks]:
    with hooks(database_url, folder) as world:
        world.worker.settings.kafka = kafka
        world.worker.settings.webhook_topic = f"killed-{uuid4().hex[:8]}"
        prepare_log(world.worker.settings)
        yield world


def kept(world: Hooks) -> list[bytes]:
    """The bodies in the log. A new broker may take its time to let the first reader in."""
    reader, found = open_reader(world.worker.settings, lambda _: {}), list[bytes]()
    try:
        while batches := reader.poll(3 if found else 20, 10_000):
            for batch in batches.values():
                found += [r.request.body for record in batch.records for r in decode_frame(record.frame)]
    finally:
        reader.close()
    return found


def check_killed_at(moment: int, world: Hooks, folder: Path) -> None:
    settings, port = world.worker.settings, free_port()
    env = environment(world.url, folder, port, settings.kafka, settings.webhook_topic)
    with running("api.cli", "serve", folder=folder, env=env) as pid:
        listening(port)
        pouring = Pouring(f"http://127.0.0.1:{port}/v1/webhooks/{world.connection}")
        pouring.start()
        eventually(lambda: len(pouring.answered) >= moment or pouring.refused, within=60)
        os.kill(pid, signal.SIGKILL)
        pouring.join()
    assert not pouring.refused
    assert len(pouring.answered) >= moment
    assert set(pouring.answered) <= set(kept(world))


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_was_answered_is_in_postgresql(database_url: str, tmp_path: Path, moment: int) -> None:
    with world_with(database_url, tmp_path) as world:
        check_killed_at(moment, world, tmp_path)


@pytest.mark.real_kafka
@pytest.mark.parametrize("moment", MOMENTS)
def test_what_was_answered_is_in_kafka(database_url: str, tmp_path: Path, real_kafka: str, moment: int) -> None:
    with world_with(database_url, tmp_path, real_kafka) as world:
        check_killed_at(moment, world, tmp_path)
