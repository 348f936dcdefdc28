from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient

from adapters.webhook_log.kafka_client import KafkaSettings
from adapters.webhook_log.kafka_topic import ensure_topic
from tests.adapters.webhook_log.logs import LogUnderTest, Stand, kafka_log, postgres_log


@pytest.fixture(params=["postgres", "kafka"])
def under_test(request: pytest.FixtureRequest) -> Iterator[LogUnderTest]:
    def get(name: str) -> Any:
        return request.getfixturevalue(name)

    if request.param == "kafka":
        with kafka_log(get("real_kafka")) as made:
            yield made
    else:
        with postgres_log(get("worker_pool"), get("database_url")) as made:
            yield made


@pytest.fixture
def admin(real_kafka: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": real_kafka, "log_level": 0})


@pytest.fixture
def settings(real_kafka: str) -> KafkaSettings:
    """Of a topic with one partition."""
    made = KafkaSettings(real_kafka, f"webhooks-{uuid4().hex[:12]}")
    ensure_topic(made, 1, 62, replication=1)
    return made


@pytest.fixture
def stand() -> Stand:
    return Stand()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
