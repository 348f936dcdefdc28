"""The topic in Kafka: made, adjusted, and made anew under the same name."""

from uuid import UUID, uuid4

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from adapters.webhook_log.frames import partition_of
from adapters.webhook_log.kafka import KafkaLog
from adapters.webhook_log.kafka_client import KafkaSettings
from adapters.webhook_log.kafka_reader import KafkaReader
from adapters.webhook_log.kafka_topic import TopicMissingError, ensure_topic, identify
from adapters.webhook_log.port import LogUnavailableError
from tests.adapters.webhook_log.logs import Reading, Stand, appended, request
from tests.support.eventually import eventually
from tests.support.webhook_log import put

pytestmark = pytest.mark.real_kafka


def make_anew(settings: KafkaSettings, admin: AdminClient) -> None:
    """The topic, with one partition."""
    admin.delete_topics([settings.topic])[settings.topic].result()

    def made() -> bool:
        try:
            return ensure_topic(settings, 1, 62, replication=1)
        except LogUnavailableError:
            return False

    eventually(made)


def test_a_topic_made_anew_has_positions_of_its_own(settings: KafkaSettings, admin: AdminClient) -> None:
    before = identify(settings).prefix
    make_anew(settings, admin)
    after = identify(settings).prefix
    assert after != before
    assert after.partition("/")[0] == before.partition("/")[0]


def test_a_topic_made_anew_is_written_to_as_it_is_now(real_kafka: str, admin: AdminClient) -> None:
    """It has fewer partitions than the producer knows of."""
    settings = KafkaSettings(real_kafka, f"webhooks-{uuid4().hex[:12]}")
    ensure_topic(settings, 64, 62, replication=1)
    log, last = KafkaLog(settings), next(c for c in (UUID(int=n) for n in range(9999)) if partition_of(c, 64) == 63)
    put(log, [request(b"before", last)])
    make_anew(settings, admin)
    eventually(lambda: appended(log, request(b"after", last)), within=60)
    log.close()
    reading = Reading(KafkaReader(settings, Stand()))
    assert b"after" in reading.until(1)
    reading.reader.close()


def test_no_topic_is_ever_made_by_the_way(real_kafka: str) -> None:
    settings = KafkaSettings(real_kafka, f"missing-{uuid4().hex[:12]}")
    with pytest.raises(TopicMissingError):
        KafkaReader(settings, Stand())
    log = KafkaLog(settings)
    with pytest.raises(LogUnavailableError, match="sendtrail migrate"):
        put(log, [request(b"x")])
    log.close()
    with pytest.raises(TopicMissingError):
        identify(settings)


def test_an_existing_topic_gets_the_retention_that_the_settings_ask_for(
    settings: KafkaSettings, admin: AdminClient
) -> None:
    assert not ensure_topic(settings, 9, 7)
    resource = ConfigResource(ResourceType.TOPIC, settings.topic)
    found = admin.describe_configs([resource])[resource].result()
    retention, segment = int(found["retention.ms"].value), int(found["segment.ms"].value)
    assert retention + segment == 7 * 24 * 3600 * 1000
    assert int(found["max.message.bytes"].value) == 4 * 1024 * 1024
    assert found["cleanup.policy"].value == "delete"
    assert identify(settings).partitions == [0]
