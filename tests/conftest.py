"""Fixtures for the whole suite. Servers start when a test first asks for them, and serve the whole run."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from psycopg import Connection
from psycopg_pool import ConnectionPool

from adapters.database.pool import sync_pool
from tests.support.database import Server, fresh_database, migrated_template, running_server
from tests.support.kafka_broker import KafkaBroker
from tests.support.kafka_service import KafkaService, running_broker, running_kafka, skip_without_kafka

Pool = ConnectionPool[Connection[tuple[Any, ...]]]

os.environ.pop("COLUMNS", None)
"""A run spread over processes sets it, and the command line would write as narrowly as that run is shown."""

settings.register_profile("sendtrail", deadline=None, max_examples=50)
settings.load_profile("sendtrail")


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> None:
    """What a developer has set for an installation of their own must not reach a test."""
    for name in list(os.environ):
        if name.startswith("SENDTRAIL_") and name not in ("SENDTRAIL_REQUIRE_KAFKA", "SENDTRAIL_TEST_DATABASE_URL"):
            del os.environ[name]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("postgresql")) as running:
        yield running


@pytest.fixture(scope="session")
def template(server: Server) -> Iterator[str]:
    """The name of a migrated database that nobody connects to."""
    with migrated_template(server) as name:
        yield name


@pytest.fixture
def database_url(server: Server, template: str) -> Iterator[str]:
    """A migrated database of the test's own, as the login user that Sendtrail gets."""
    with fresh_database(server, template) as url:
        yield url


@pytest.fixture
def empty_database_url(server: Server) -> Iterator[str]:
    """A database without a schema."""
    with fresh_database(server) as url:
        yield url


@pytest.fixture
def worker_pool(database_url: str) -> Iterator[Pool]:
    with sync_pool(database_url, "sendtrail_worker") as pool:
        yield pool


@pytest.fixture
def api_pool(database_url: str) -> Iterator[Pool]:
    with sync_pool(database_url, "sendtrail_api") as pool:
        yield pool


@pytest.fixture(scope="session")
def kafka_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaService]:
    with running_kafka(tmp_path_factory.mktemp("kafka")) as service:
        yield service


@pytest.fixture
def real_kafka(kafka_service: KafkaService) -> str:
    """Bootstrap servers of a real Apache Kafka that the whole run shares."""
    if kafka_service.lacking:
        skip_without_kafka(kafka_service.lacking)
    return kafka_service.bootstrap


@pytest.fixture
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """A real broker of the test's own, to kill and restart."""
    with running_broker(tmp_path_factory.mktemp("own-kafka")) as broker:
        yield broker
