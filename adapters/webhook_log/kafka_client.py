"""How every client of Kafka is set up, and what is logged of what it meets."""

import logging
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import KafkaError

from adapters.webhook_log.port import WebhookLogError

log = logging.getLogger(__name__)
_AGAIN = 60.0
"""Seconds after which the same kind of error is told again: a broker that is away is tried twenty times a second."""

_SHUT_OUT = {KafkaError._SSL, KafkaError._AUTHENTICATION}


class OptionsError(WebhookLogError):
    """The options of the Kafka client cannot be used. Says which, never a value: it may be a secret."""

    @classmethod
    def of(cls, error: KafkaError) -> "OptionsError":
        return cls("the Kafka client: " + re.sub(r'Invalid value ".*" for', "Invalid value for", error.str()))


class ClientOptions(dict[str, str]):
    """Shows no values."""

    def __repr__(self) -> str:
        return f"<{', '.join(self)}>"


def options_in(file: Path | None) -> ClientOptions:
    """`name=value` a line, as librdkafka names them; `#` begins a remark. Raises OptionsError."""
    options = ClientOptions()
    try:
        lines = file.read_text().splitlines() if file else []
    except OSError as error:
        raise OptionsError(f"the options of the Kafka client in {file}: {error.strerror}") from error
    for number, line in enumerate(map(str.strip, lines), 1):
        name, is_one, value = map(str.strip, line.partition("="))
        if is_one and not line.startswith("#"):
            options[name] = value
        elif line and not line.startswith("#"):
            raise OptionsError(f"the options of the Kafka client in {file}: line {number} is not NAME=VALUE")
    return options


class KafkaSettings(NamedTuple):
    """`client` holds further options for every client, by librdkafka's names: security above all."""

    servers: str
    topic: str
    client: Mapping[str, str] = ClientOptions()

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

    def telling(self, told: "Told | None" = None) -> dict[str, Any]:
        """For a client that is polled: it logs what goes wrong, and why."""
        return {**self.options(), "error_cb": told or Told()}


class Told:
    """Logs each kind of error once a minute. An error names brokers and reasons, nothing of what is sent."""

    def __init__(self) -> None:
        self.why = ""
        """The first, unless a later one tells who does not trust whom."""
        self._again: dict[int, float] = {}

    def __call__(self, error: KafkaError) -> None:
        if not self.why or error.code() in _SHUT_OUT:
            self.why = error.str()
        now = time.monotonic()
        if now >= self._again.get(error.code(), 0.0):
            self._again[error.code()] = now + _AGAIN
            log.warning("Kafka: %s: %s", error.name(), error.str())
