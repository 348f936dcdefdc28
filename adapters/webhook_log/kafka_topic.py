"""The Kafka topic of the webhook log: how it must be set up, and by what name its partitions' positions are kept."""

import base64
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
    TopicDescription,
)

from adapters.webhook_log.kafka_client import KafkaSettings, OptionsError, Told
from adapters.webhook_log.port import LogUnavailableError, WebhookLogError

MOST_RECORD_BYTES = 4 * 1024 * 1024
"""The broker counts what it stores; by default it refuses records over 1 MB."""
_HOUR = 3_600_000
_SEGMENT = 12 * _HOUR
"""Milliseconds after which a segment is closed. Kafka deletes whole segments, by the age of their youngest record."""
_ASKING = 5.0
_PAUSE = 0.05
_MOVING = {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE}
"""A partition that was made, or whose broker went away, a moment ago."""
_NO_ID = UUID(int=0)


class TopicMissingError(WebhookLogError):
    """The topic of the webhook log does not exist: `sendtrail migrate` makes it."""


def ensure_topic(settings: KafkaSettings, partitions: int, raw_days: int, replication: int = -1) -> bool:
    """Make the topic, or give the one that is there the needed retention and record size; True if it was made.

    `replication` -1: the broker's default. Raises LogUnavailableError.
    """
    configs = topic_configs(raw_days)
    with _admin(settings) as admin:
        if _found(admin, settings.topic):
            _alter(admin, settings.topic, configs)
            return False
        return _make(admin, NewTopic(settings.topic, partitions, replication, config=configs))


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
            raise TopicMissingError(missing(settings))
        told = UUID(bytes=base64.urlsafe_b64decode(f"{found.topic_id}=="))
        cluster = admin.describe_cluster(request_timeout=_ASKING).result().cluster_id
        prefix = f"{cluster}/{settings.topic if told == _NO_ID else told}"
        return TopicIdentity(prefix, sorted(p.id for p in found.partitions))


def missing(settings: KafkaSettings) -> str:
    return f"no topic {settings.topic} at {settings.servers}: `sendtrail migrate` makes it"


def bounds(settings: KafkaSettings, partitions: Sequence[int]) -> dict[int, tuple[int, int]]:
    """The first offset of each partition, and the one behind its last. Raises LogUnavailableError."""
    places = [TopicPartition(settings.topic, partition) for partition in partitions]
    with _admin(settings) as admin:
        until = time.monotonic() + _ASKING
        while True:
            try:
                return _bounds(admin, places)
            except KafkaException as error:
                if error.args[0].code() not in _MOVING or time.monotonic() > until:
                    raise
            time.sleep(_PAUSE)


def _bounds(admin: AdminClient, places: Sequence[TopicPartition]) -> dict[int, tuple[int, int]]:
    first, end = (
        admin.list_offsets(dict.fromkeys(places, spec), request_timeout=_ASKING)
        for spec in (OffsetSpec.earliest(), OffsetSpec.latest())
    )
    return {tp.partition: (first[tp].result().offset, end[tp].result().offset) for tp in places}


def _found(admin: AdminClient, topic: str) -> TopicDescription | None:
    try:
        described = admin.describe_topics(TopicCollection([topic]), request_timeout=_ASKING)[topic].result()
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return None
        raise
    assert isinstance(described, TopicDescription)
    return described


def _make(admin: AdminClient, topic: NewTopic) -> bool:
    """False if somebody else was quicker. Returns once brokers know of it."""
    try:
        admin.create_topics([topic], request_timeout=_ASKING)[topic.topic].result()
    except KafkaException as error:
        if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return False
        raise
    until = time.monotonic() + _ASKING
    while _found(admin, topic.topic) is None:
        if time.monotonic() > until:
            raise LogUnavailableError(f"the topic {topic.topic} was made and is not to be seen")
        time.sleep(_PAUSE)
    return True


def _alter(admin: AdminClient, topic: str, configs: dict[str, str]) -> None:
    entries = [ConfigEntry(k, v, incremental_operation=AlterConfigOpType.SET) for k, v in configs.items()]
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    admin.incremental_alter_configs([resource], request_timeout=_ASKING)[resource].result()


@contextmanager
def _admin(settings: KafkaSettings) -> Iterator[AdminClient]:
    told = Told()
    try:
        admin = AdminClient(settings.telling(told))
    except KafkaException as error:
        raise OptionsError.of(error.args[0]) from None
    try:
        yield admin
    except KafkaException as error:
        admin.poll(0)
        why = f" ({told.why})" if told.why else ""
        raise LogUnavailableError(f"Kafka at {settings.servers}: {error.args[0].name()}{why}") from error
