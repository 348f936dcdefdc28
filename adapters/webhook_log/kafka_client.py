"""How every client of Kafka is set up, and what is logged of what it meets."""

import logging
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from confluent_kafka import KafkaError

log = logging.getLogger(__name__)
_AGAIN = 60.0
"""Seconds after which the same kind of error is told again: a broker that is away is tried twenty times a second."""


class KafkaSettings(NamedTuple):
    """`client` holds further options for every client, by librdkafka's names: security above all."""

    servers: str
    topic: str
    client: Mapping[str, Any] = {}

    def options(self) -> dict[str, Any]:
        """For a client that nobody polls while there is nothing to do: what it wanted to tell would only pile up.

        librdkafka itself logs nothing: it would to stderr, past our own logs.
        """
        return {
            "bootstrap.servers": self.servers,
            "client.id": "sendtrail",
            "allow.auto.create.topics": False,
            "reconnect.backoff.max.ms": 1000,
            "log_level": 0,
            **self.client,
        }

    def telling(self) -> dict[str, Any]:
        """For a client that is polled: it logs what goes wrong, and why."""
        return {**self.options(), "error_cb": Told()}


class Told:
    """Logs each kind of error once a minute. An error names brokers and reasons, nothing of what is sent."""

    def __init__(self) -> None:
        self._again: dict[int, float] = {}

    def __call__(self, error: KafkaError) -> None:
        now = time.monotonic()
        if now >= self._again.get(error.code(), 0.0):
            self._again[error.code()] = now + _AGAIN
            log.warning("Kafka: %s: %s", error.name(), error.str())
