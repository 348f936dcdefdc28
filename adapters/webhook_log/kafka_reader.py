"""Reads the webhook log in Kafka as one member of a consumer group. Positions live in PostgreSQL, never in Kafka."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from adapters.webhook_log.kafka_client import KafkaSettings
from adapters.webhook_log.kafka_topic import MOST_RECORD_BYTES, identify
from adapters.webhook_log.port import (
    BEGINNING,
    Batch,
    LogUnavailableError,
    PositionOutOfRangeError,
    Positions,
    Record,
)

GROUP = "sendtrail-webhooks"
_SESSION = 15_000
_LEAVING = 5.0
_OUT_OF_RANGE = (
    "{name} holds no record at offset {offset}, which is the next to be read. Records were deleted before they were "
    "read, or the log lost its end. Nothing is skipped by itself: move the position in events.tracking by hand."
)


class KafkaReader:
    """Raises LogUnavailableError or TopicMissingError if Kafka or the topic is not there."""

    def __init__(self, settings: KafkaSettings, positions: Positions, group: str = GROUP) -> None:
        self.settings = settings
        self.positions = positions
        self._prefix = identify(settings).prefix
        self._after: dict[int, int] = {}
        """By partition, once it is placed: what is behind this comes next."""
        self._rebalanced = 0
        self._failed: Exception | None = None
        self._consumer = Consumer({**settings.telling(), **_OPTIONS, "group.id": group})
        self._consumer.subscribe([settings.topic], self._on_assigned, self._on_revoked, self._on_revoked)

    def assigned(self) -> set[str]:
        return {self._name(tp.partition) for tp in self._consumer.assignment()}

    def poll(self, timeout: float, max_records: int) -> dict[str, Batch]:
        try:
            self._place({tp.partition for tp in self._consumer.assignment()} - self._after.keys())
            polled = self._polled(timeout, max_records)
        except Exception as failed:
            # What was taken meanwhile is taken again, from the stored positions.
            self._after.clear()
            if isinstance(failed, KafkaException):
                raise LogUnavailableError(f"could not be read: {failed.args[0].name()}") from failed
            raise
        return {self._name(p): self._batch(p, found) for p, found in polled.items() if p in self._after}

    def seek(self, partition: str, position: int) -> None:
        """One that was not placed yet will be, by the stored position."""
        number = _number(partition)
        if number in self._after:
            with suppress(KafkaException):
                self._seek(number, position)

    def recorded(self, partition: str, position: int) -> None:
        with suppress(KafkaException):
            self._consumer.commit(offsets=[self._behind(_number(partition), position)])

    def close(self) -> None:
        """Leaves the group. A broker that is away is not waited for: the client would, for a minute and more."""
        closing = threading.Thread(target=self._leave, name="leaving", daemon=True)
        closing.start()
        closing.join(_LEAVING)

    def _leave(self) -> None:
        with suppress(KafkaException):
            self._consumer.close()

    def _polled(self, timeout: float, max_records: int) -> dict[int, list[Message]]:
        """Waits for the first message only: `consume` would wait for all. Raises KafkaException."""
        first = self._consumer.poll(timeout)
        before = self._rebalanced
        more = self._consumer.consume(max_records - 1, 0) if first is not None and max_records > 1 else []
        if self._failed is not None:
            failed, self._failed = self._failed, None
            raise failed
        polled: dict[int, list[Message]] = defaultdict(list)
        if before != self._rebalanced:
            # Of what was taken some may be from before, further on than where its partition begins anew.
            self._after.clear()
            return polled
        for message in [first, *more] if first is not None else more:
            self._check(message.error(), message)
            polled[message.partition() or 0].append(message)
        return polled

    def _check(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            return
        if error.code() == KafkaError._AUTO_OFFSET_RESET:
            name = self._name(message.partition() or 0)
            raise PositionOutOfRangeError(_OUT_OF_RANGE.format(name=name, offset=message.offset()))
        raise KafkaException(error)

    def _place(self, partitions: Iterable[int]) -> None:
        """Go to the stored positions."""
        for partition, position in self._stored(partitions).items():
            self._seek(partition, position)

    def _stored(self, partitions: Iterable[int]) -> dict[int, int]:
        names = {partition: self._name(partition) for partition in partitions}
        stored = self.positions(list(names.values())) if names else {}
        return {partition: stored.get(name, BEGINNING) for partition, name in names.items()}

    def _seek(self, partition: int, position: int) -> None:
        """Raises KafkaException; then it is placed anew before anything more is read."""
        self._after.pop(partition, None)
        self._consumer.seek(self._behind(partition, position))
        self._after[partition] = position

    def _on_assigned(self, consumer: Consumer, assigned: Sequence[TopicPartition]) -> None:
        """Runs inside `poll`. If the positions cannot be read, `poll` fails and the next one places first."""
        self._on_revoked(consumer, assigned)
        try:
            stored = self._stored([tp.partition for tp in assigned])
        except Exception as error:  # noqa: BLE001 - raised by `poll`
            self._failed = error
            consumer.assign([self._behind(tp.partition, BEGINNING) for tp in assigned])
        else:
            consumer.assign([self._behind(partition, position) for partition, position in stored.items()])
            self._after.update(stored)

    def _on_revoked(self, _consumer: Consumer, revoked: Sequence[TopicPartition]) -> None:
        self._rebalanced += 1
        for tp in revoked:
            self._after.pop(tp.partition, None)

    def _batch(self, partition: int, found: list[Message]) -> Batch:
        records = [Record(m.offset() or 0, m.value() or b"") for m in found]
        after, self._after[partition] = self._after[partition], records[-1].offset
        return Batch(after, records)

    def _behind(self, partition: int, position: int) -> TopicPartition:
        """The place behind a position."""
        return TopicPartition(
            self.settings.topic, partition, OFFSET_BEGINNING if position == BEGINNING else position + 1
        )

    def _name(self, partition: int) -> str:
        return f"{self._prefix}/{partition}"


def _number(name: str) -> int:
    return int(name.rpartition("/")[2])


_OPTIONS: dict[str, Any] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",
    "partition.assignment.strategy": "range,roundrobin",
    "check.crcs": True,
    "session.timeout.ms": _SESSION,
    "heartbeat.interval.ms": _SESSION // 5,
    "queued.max.messages.kbytes": 4 * MOST_RECORD_BYTES // 1024,
    "fetch.max.bytes": 4 * MOST_RECORD_BYTES,
    "max.partition.fetch.bytes": 2 * MOST_RECORD_BYTES,
    "fetch.queue.backoff.ms": 20,
    "fetch.wait.max.ms": 100,
}
"""Both strategies take all partitions away before any is given, so that all are placed anew.
`queued.max.messages.kbytes`: so much memory takes what is fetched ahead, whatever the backlog."""
