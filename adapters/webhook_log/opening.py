"""Which webhook log an installation has: Kafka where its address is set, else PostgreSQL."""

from adapters.clock import Clock
from adapters.database.session import Database
from adapters.settings import Settings
from adapters.webhook_log.kafka import KafkaLog
from adapters.webhook_log.kafka_client import KafkaSettings, options_in
from adapters.webhook_log.kafka_reader import KafkaReader
from adapters.webhook_log.kafka_topic import ensure_topic
from adapters.webhook_log.port import LogReader, Positions, WebhookLog
from adapters.webhook_log.postgres import PostgresLog
from adapters.webhook_log.postgres_reader import PostgresReader


def open_log(settings: Settings, database: Database, clock: Clock) -> WebhookLog:
    return KafkaLog(kafka_settings(settings)) if settings.kafka else PostgresLog(database.pool, clock)


def open_reader(settings: Settings, positions: Positions) -> LogReader:
    """Raises LogUnavailableError, TopicMissingError, OptionsError."""
    if settings.kafka:
        return KafkaReader(kafka_settings(settings), positions)
    return PostgresReader(settings.database_url, positions)


def prepare_log(settings: Settings) -> bool:
    """Make or adjust the Kafka topic, where Kafka is used; True if it was made.

    Raises LogUnavailableError, OptionsError.
    """
    return bool(settings.kafka) and ensure_topic(
        kafka_settings(settings), settings.webhook_partitions, settings.raw_days
    )


def kafka_settings(settings: Settings) -> KafkaSettings:
    """Raises OptionsError."""
    return KafkaSettings(settings.kafka, settings.webhook_topic, options_in(settings.kafka_options))
