"""The webhook log in Apache Kafka: how it runs in production and beyond one machine."""

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError, RetriableError

from adapters.webhook_log.frames import by_partition
from adapters.webhook_log.kafka_topic import MOST_RECORD_BYTES, KafkaSettings, identify
from adapters.webhook_log.port import BEGINNING, LoggedRequest, LogUnavailableError, Positions

log = logging.getLogger(__name__)
DELIVERY = 8.0
"""Seconds for a record to become durable: providers give up on a webhook after 10 to 15."""
_ASKING = 10_000


class KafkaLog:
    """One idempotent producer, made when it is first needed and again after it broke."""

    enough = 64
    """An append takes this client 2 ms of processor time, whatever it carries."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self._producer: Any = None
        self._opening = threading.Lock()

    async def append(self, requests: Sequence[LoggedRequest]) -> None:
        if requests:
            await asyncio.to_thread(self._append, requests)

    def _append(self, requests: Sequence[LoggedRequest]) -> None:
        producer: Any = None
        try:
            producer = self._open()
            partitions = len(producer.partitions_for(self.settings.topic))
            frames = by_partition(requests, partitions).items()
            sent = [producer.send(self.settings.topic, f, partition=p) for p, found in frames for f in found]
            until = time.monotonic() + DELIVERY + 1
            for each in sent:
                each.get(timeout=max(until - time.monotonic(), 0.01))
        except KafkaError as error:
            if not isinstance(error, RetriableError):
                self._drop(producer)
            raise LogUnavailableError(f"could not append: {type(error).__name__}") from error

    def lag(self, positions: Positions) -> dict[str, int]:
        topic = identify(self.settings)
        names = {TopicPartition(self.settings.topic, p): f"{topic.prefix}/{p}" for p in topic.partitions}
        try:
            with KafkaConsumer(**self.settings.options()) as asker:
                first = asker.beginning_offsets(list(names), timeout_ms=_ASKING)
                end = asker.end_offsets(list(names), timeout_ms=_ASKING)
        except KafkaError as error:
            raise LogUnavailableError(f"could not be asked: {type(error).__name__}") from error
        stand = positions(list(names.values()))
        return {name: end[tp] - max(stand.get(name, BEGINNING) + 1, first[tp]) for tp, name in names.items()}

    def close(self) -> None:
        self._drop(self._producer)

    def _open(self) -> Any:
        with self._opening:
            if self._producer is None:
                self._producer = KafkaProducer(
                    **self.settings.options(),
                    acks="all",
                    enable_idempotence=True,
                    linger_ms=0,
                    max_request_size=MOST_RECORD_BYTES,
                    delivery_timeout_ms=int(DELIVERY * 1000),
                    request_timeout_ms=5000,
                    max_block_ms=5000,
                    reconnect_backoff_max_ms=1000,
                    allow_auto_create_topics=False,
                )
            return self._producer

    def _drop(self, broken: Any) -> None:
        """A producer that lost its place in the sequence never gets it back: the next append makes a new one."""
        with self._opening:
            if broken is None or broken is not self._producer:
                return
            self._producer = None
        with suppress(KafkaError):
            broken.close(timeout=2)
