"""The webhook log in Apache Kafka: how it runs in production and beyond one machine."""

import asyncio
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from adapters.database.loop import settle
from adapters.webhook_log.frames import by_partition
from adapters.webhook_log.kafka_client import KafkaSettings
from adapters.webhook_log.kafka_topic import MOST_RECORD_BYTES, bounds, identify, missing
from adapters.webhook_log.port import BEGINNING, LoggedRequest, LogUnavailableError, Positions, WebhookLogError

DELIVERY = 8.0
"""Seconds for a record to become durable: providers give up on a webhook after 10 to 15."""
LOOK = 0.001
"""Seconds between looks at what became of an append. The client tells only who asks; a thread that waits for it to tell
would take the interpreter's lock from the event loop each time."""
_FRESH = 300.0
"""Seconds after which it is asked again how many partitions there are."""
_ASKING = 5.0
_CHANGED = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION}


class KafkaLog:
    """One idempotent producer, made when it is first needed and again after it broke."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self._producer: Producer | None = None
        self._partitions = 0
        self._fresh_until = 0.0
        self._opening = threading.Lock()

    async def append(self, requests: Sequence[LoggedRequest]) -> None:
        if not requests:
            return
        producer = self._producer
        try:
            if producer is None or time.monotonic() > self._fresh_until:
                producer = await asyncio.to_thread(self._ask)
            await self._send(producer, by_partition(requests, self._partitions))
        except KafkaException as failed:
            error: KafkaError = failed.args[0]
            if error.fatal():
                await asyncio.to_thread(self._drop, producer)
            elif error.code() in _CHANGED:
                self._fresh_until = 0.0
            raise LogUnavailableError(f"could not append: {error.name()}") from failed
        except BufferError as full:
            raise LogUnavailableError("could not append: too much waits for Kafka already") from full

    async def _send(self, producer: Producer, frames: dict[int, list[bytes]]) -> None:
        delivery = _Delivery(producer, sum(map(len, frames.values())))
        for partition, found in frames.items():
            for frame in found:
                producer.produce(self.settings.topic, frame, partition=partition, on_delivery=delivery.told)
        delivery.look_soon()
        await delivery.done

    def lag(self, positions: Positions) -> dict[str, int]:
        topic = identify(self.settings)
        names = {partition: f"{topic.prefix}/{partition}" for partition in topic.partitions}
        found, stand = bounds(self.settings, topic.partitions), positions(list(names.values()))
        return {
            names[partition]: end - max(stand.get(names[partition], BEGINNING) + 1, first)
            for partition, (first, end) in found.items()
        }

    def close(self) -> None:
        """What is under way is waited for, at most DELIVERY seconds."""
        self._drop(self._producer)

    def _ask(self) -> Producer:
        """The producer, once it is known how many partitions there are. Raises KafkaException, LogUnavailableError.

        Before there is one, a client that is polled goes ahead: it can say why a broker does not let us in.
        """
        if self._producer is None:
            try:
                identify(self.settings)
            except WebhookLogError as error:
                raise LogUnavailableError(str(error)) from error
        with self._opening:
            producer = self._producer = self._producer or Producer({**self.settings.options(), **_OPTIONS})
        found = producer.list_topics(self.settings.topic, timeout=_ASKING).topics[self.settings.topic]
        if found.error is not None:
            if found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise LogUnavailableError(missing(self.settings))
            raise KafkaException(found.error)
        self._partitions, self._fresh_until = len(found.partitions), time.monotonic() + _FRESH
        return producer

    def _drop(self, broken: Producer | None) -> None:
        """A producer that lost its place in the sequence never gets it back: the next append makes a new one."""
        with self._opening:
            if broken is None or broken is not self._producer:
                return
            self._producer = None
        broken.close()


class _Delivery:
    """What becomes of the records of one append. Lives in one event loop; any thread may hear of it."""

    def __init__(self, producer: Producer, records: int) -> None:
        self._producer = producer
        self._left = records
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self.done: asyncio.Future[None] = self._loop.create_future()

    def look_soon(self) -> None:
        self._loop.call_later(LOOK, self._look)

    def _look(self) -> None:
        if self.done.done():
            return
        try:
            self._producer.poll(0)
        except RuntimeError:
            settle(self.done, None, LogUnavailableError("could not append: closed"))
        else:
            self.look_soon()

    def told(self, error: KafkaError | None, _message: Message) -> None:
        """Called for each record, by whoever looks: perhaps another append, or whoever closes the producer."""
        if threading.get_ident() == self._thread:
            self._count(error)
        else:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._count, error)

    def _count(self, error: KafkaError | None) -> None:
        self._left -= 1
        if error is not None:
            settle(self.done, None, KafkaException(error))
        elif self._left == 0:
            settle(self.done, None, None)


_OPTIONS: dict[str, Any] = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 0,
    "message.max.bytes": MOST_RECORD_BYTES,
    "message.timeout.ms": int(DELIVERY * 1000),
    "request.timeout.ms": 5000,
}
