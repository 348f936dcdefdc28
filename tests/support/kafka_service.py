"""Which Kafka the tests use: one that the environment names, a real one started here, or librdkafka's imitation."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from confluent_kafka import Producer

from tests.support.kafka_broker import KafkaBroker, jars, missing_tools


class KafkaService(NamedTuple):
    """`api_version` is what kafka-python must be told (None: it asks). `lacking`: why it is not a real one."""

    bootstrap: str
    api_version: tuple[int, ...] | None = None
    lacking: str = ""


@contextmanager
def running_kafka(folder: Path) -> Iterator[KafkaService]:
    given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    lacking = missing_tools()
    if given:
        yield KafkaService(given)
    elif not lacking:
        with running_broker(folder) as broker:
            yield KafkaService(broker.bootstrap)
    else:
        why = f"no {' and no '.join(lacking)} here, and KAFKA_BOOTSTRAP_SERVERS is not set"
        _fail_where_required(why)
        with _imitation() as bootstrap:
            yield KafkaService(bootstrap, api_version=(2, 0), lacking=why)


@contextmanager
def running_broker(folder: Path) -> Iterator[KafkaBroker]:
    """A broker of the test's own, to be killed and restarted. Skips where there is no Java or Maven."""
    lacking = missing_tools()
    if lacking:
        skip_without_kafka(f"no {' and no '.join(lacking)} here to run Apache Kafka")
    broker = KafkaBroker(folder, jars())
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


def skip_without_kafka(why: str) -> None:
    """Skips the test; fails it where SENDTRAIL_REQUIRE_KAFKA=1."""
    _fail_where_required(why)
    pytest.skip(why)


def _fail_where_required(why: str) -> None:
    if os.environ.get("SENDTRAIL_REQUIRE_KAFKA") == "1":
        pytest.fail(f"a real Apache Kafka is required: {why}")


@contextmanager
def _imitation() -> Iterator[str]:
    """The broker inside librdkafka lives as long as the client that asked for it, and keeps everything in memory."""
    client = Producer({"bootstrap.servers": "127.0.0.1:9", "test.mock.num.brokers": 1})
    metadata = client.list_topics(timeout=10)
    broker = next(iter(metadata.brokers.values()))
    yield f"{broker.host}:{broker.port}"
    client.flush(0)
