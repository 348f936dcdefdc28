"""The Kafka topic of the webhook log: how it must be set up, and by what name its partitions' positions are kept."""

import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from adapters.webhook_log.port import LogUnavailableError, WebhookLogError

# At DEBUG kafka-python logs every record with its content.
logging.getLogger("kafka").setLevel(logging.WARNING)

MOST_RECORD_BYTES = 4 * 1024 * 1024
"""The broker counts what it stores; by default it refuses records over 1 MB."""
_HOUR = 3_600_000
_SEGMENT = 12 * _HOUR
"""Milliseconds after which a segment is closed. Kafka deletes whole segments, by the age of their youngest record."""
_CONNECT = 3.0
_NO_ID = "00000000-0000-0000-0000-000000000000"


class TopicMissingError(WebhookLogError):
    """The topic of the webhook log does not exist: `sendtrail migrate` makes it."""


class KafkaSettings(NamedTuple):
    """`client` holds further options for every kafka-python client: security, or the broker's version."""

    servers: str
    topic: str
    client: Mapping[str, Any] = {}

    def options(self) -> dict[str, Any]:
        """For a client about to be made. Raises LogUnavailableError at once where no server answers.

        A client that is made all the same waits for its time-out, and leaves its sockets behind when it fails.
        """
        servers = [server.strip() for server in self.servers.split(",") if server.strip()]
        if not any(map(_answers, servers)):
            raise LogUnavailableError(f"nobody answers at {self.servers}")
        return {"bootstrap_servers": servers, "bootstrap_timeout_ms": 5000, **self.client}

    def config(self) -> dict[str, Any]:
        return {
            "bootstrap.servers": self.servers,
            "allow.auto.create.topics": False,
            "reconnect.backoff.max.ms": 1000,
            "log.connection.close": False,
            "logger": logging.getLogger("kafka"),
        }


def ensure_topic(settings: KafkaSettings, partitions: int, raw_days: int, replication: int = -1) -> bool:
    """Make the topic, or give the one that is there the needed retention and record size; True if it was made.

    `replication` -1: the broker's default. Raises LogUnavailableError.
    """
    configs = topic_configs(raw_days)
    with _admin(settings) as admin:
        if _found(admin, settings.topic):
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, settings.topic, configs)])
            return False
        made = {"num_partitions": partitions, "replication_factor": replication, "configs": configs}
        try:
            admin.create_topics({settings.topic: made}, wait_for_metadata=True)
        except TopicAlreadyExistsError:
            return False
        return True


def topic_configs(raw_days: int) -> dict[str, str]:
    """No raw request outlives `raw_days`: a record goes with its segment, up to 12 hours after its own time is up."""
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(raw_days * 24 * _HOUR - _SEGMENT),
        "retention.bytes": "-1",
        "segment.ms": str(_SEGMENT),
        "max.message.bytes": str(MOST_RECORD_BYTES),
        "message.timestamp.type": "LogAppendTime",
    }


class TopicIdentity(NamedTuple):
    """`prefix` is `{cluster}/{topic id}`: a position never applies to another cluster or a topic made anew."""

    prefix: str
    partitions: list[int]


def identify(settings: KafkaSettings) -> TopicIdentity:
    """Brokers before 2.8 give topics no ids; the name stands in. Raises LogUnavailableError, TopicMissingError."""
    with _admin(settings) as admin:
        found = _found(admin, settings.topic)
        if found is None:
            raise TopicMissingError(f"no topic {settings.topic} at {settings.servers}: `sendtrail migrate` makes it")
        told = str(found.get("topic_id") or _NO_ID)
        prefix = f"{admin.describe_cluster()['cluster_id']}/{settings.topic if told == _NO_ID else told}"
        return TopicIdentity(prefix, sorted(p["partition_index"] for p in found["partitions"]))


def _found(admin: Any, topic: str) -> dict[str, Any] | None:
    described: dict[str, Any] = admin.describe_topics([topic])[0]
    return described if described["error_code"] == 0 and described["partitions"] else None


def _answers(server: str) -> bool:
    host, _, port = server.rpartition(":")
    try:
        socket.create_connection((host.strip("[]") or server, int(port) if host else 9092), _CONNECT).close()
    except (OSError, ValueError):
        return False
    return True


@contextmanager
def _admin(settings: KafkaSettings) -> Iterator[Any]:
    try:
        admin = KafkaAdminClient(**settings.options(), request_timeout_ms=10_000)
        try:
            yield admin
        finally:
            admin.close()
    except KafkaError as error:
        raise LogUnavailableError(f"Kafka at {settings.servers}: {type(error).__name__}") from error
