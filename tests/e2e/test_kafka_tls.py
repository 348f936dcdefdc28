"""Webhooks over a Kafka that speaks TLS and asks who comes: taken by `serve`, recorded by `consume`."""

import json
from pathlib import Path

import httpx
import pytest

from adapters.webhook_log.opening import prepare_log
from tests.consumers.hooks import hooks, signed
from tests.support.eventually import eventually
from tests.support.kafka_broker import PASSWORD, USER, KafkaBroker
from tests.support.ports import free_port
from tests.support.processes import environment, listening, running


@pytest.mark.real_kafka
def test_a_webhook_passes(database_url: str, tmp_path: Path, kafka_broker: KafkaBroker) -> None:
    options = tmp_path / "kafka.properties"
    options.write_text(
        f"security.protocol=SASL_SSL\nssl.ca.location={kafka_broker.authority}\n"
        f"sasl.mechanism=SCRAM-SHA-512\nsasl.username={USER}\nsasl.password={PASSWORD}\n"
    )
    with hooks(database_url, tmp_path) as world:
        settings, sent, port = world.worker.settings, world.sent(), free_port()
        settings.kafka, settings.kafka_options = kafka_broker.asking_tls, options
        prepare_log(settings)
        env = environment(world.url, tmp_path, port, settings.kafka, settings.webhook_topic, options)
        body, url = json.dumps([sent.event()]).encode(), f"http://127.0.0.1:{port}/v1/webhooks/{world.connection}"
        with (
            running("api.cli", "serve", folder=tmp_path, env=env),
            running("api.cli", "consume", folder=tmp_path, env=env),
        ):
            listening(port)
            assert httpx.post(url, content=body, headers=signed(body), timeout=30).status_code == 204
            eventually(lambda: world.reports(sent) == 1, within=60)
    assert PASSWORD not in "".join(log.read_text() for log in tmp_path.glob("api.cli-*.log"))
