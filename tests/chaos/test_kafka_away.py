"""Kafka goes away for good: webhooks are refused, nothing fills the logs, and processes end when they are asked to."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.chaos.test_intake_killed import world_with
from tests.consumers.hooks import signed
from tests.support.eventually import eventually
from tests.support.guard import ends_with_us
from tests.support.kafka_broker import KafkaBroker
from tests.support.ports import free_port
from tests.support.processes import environment, listening

pytestmark = [pytest.mark.chaos, pytest.mark.real_kafka, pytest.mark.timeout(240)]


def test_processes_go_on_and_end_when_asked(database_url: str, tmp_path: Path, kafka_broker: KafkaBroker) -> None:
    with world_with(database_url, tmp_path, kafka_broker.bootstrap) as world:
        sent, settings, port = world.sent(), world.worker.settings, free_port()
        env = environment(world.url, tmp_path, port, settings.kafka, settings.webhook_topic)
        body, url = json.dumps([sent.event()]).encode(), f"http://127.0.0.1:{port}/v1/webhooks/{world.connection}"
        started = {name: begin(name, tmp_path, env) for name in ("serve", "consume")}
        with ends_with_us("kill -KILL " + " ".join(str(process.pid) for process in started.values())):
            listening(port)
            assert httpx.post(url, content=body, headers=signed(body), timeout=30).status_code == 204
            eventually(lambda: world.reports(sent) == 1, within=60)
            kafka_broker.kill()
            assert httpx.post(url, content=body, headers=signed(body), timeout=30).status_code == 503
            ended = {name: end(process) for name, process in started.items()}
    # uvicorn ends in good order, and then by the signal that asked it to.
    assert ended == {"serve": -signal.SIGTERM, "consume": 0}
    said = {name: (tmp_path / f"{name}.log").read_text() for name in started}
    assert said["consume"].count("Connection refused") == 1
    assert "Traceback" not in "".join(said.values())


def begin(name: str, folder: Path, env: dict[str, str]) -> "subprocess.Popen[bytes]":
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen([sys.executable, "-m", "api.cli", name], env=env, stdout=log, stderr=log)


def end(process: "subprocess.Popen[bytes]") -> int:
    process.terminate()
    try:
        return process.wait(30)
    finally:
        process.kill()
