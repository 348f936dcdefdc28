"""Which Kafka the tests use: one that the environment names, or a real one started here."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.kafka_broker import KafkaBroker, jars, missing_tools


class KafkaService(NamedTuple):
    """`lacking`: why there is none."""

    bootstrap: str
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
        yield KafkaService("", f"no {' and no '.join(lacking)} here, and KAFKA_BOOTSTRAP_SERVERS is not set")


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
    if os.environ.get("SENDTRAIL_REQUIRE_KAFKA") == "1":
        pytest.fail(f"a real Apache Kafka is required: {why}")
    pytest.skip(why)
