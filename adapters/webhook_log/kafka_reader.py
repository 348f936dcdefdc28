"""Reads the webhook log in Kafka as one member of a consumer group. Positions live in PostgreSQL, never in Kafka."""

import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError, LogTruncationError, NoOffsetForPartitionError, OffsetOutOfRangeError

from adapters.webhook_log.kafka_topic import MOST_RECORD_BYTES, KafkaSettings, identify
from adapters.webhook_log.port import (
    BEGINNING,
    Batch,
    LogUnavailableError,
    PositionOutOfRangeError,
    Positions,
    Record,
)

log = logging.getLogger(__name__)
GROUP = "sendtrail-webhooks"
_SESSION = 15_000
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
        self._after: dict[TopicPartition, int] = {}
        try:
            self._consumer = KafkaConsumer(**settings.options(), **_OPTIONS, group_id=group)
            self._consumer.subscribe([settings.topic], listener=_Placing(self))
        except KafkaError as error:
            raise LogUnavailableError(f"could not be opened: {type(error).__name__}") from error

    def assigned(self) -> set[str]:
        return {self._name(tp) for tp in self._consumer.assignment()}

    def poll(self, timeout: float, max_records: int) -> dict[str, Batch]:
        try:
            self._place(set(self._consumer.assignment()) - self._after.keys())
            polled = self._consumer.poll(timeout_ms=int(timeout * 1000), max_records=max_records)
        except (OffsetOutOfRangeError, LogTruncationError) as error:
            raise self._out_of_range(error) from error
        except NoOffsetForPartitionError:
            self._after.clear()
            return {}
        except KafkaError as error:
            raise LogUnavailableError(f"could not be read: {type(error).__name__}") from error
        return {self._name(tp): self._batch(tp, found) for tp, found in polled.items() if tp in self._after}

    def seek(self, partition: str, position: int) -> None:
        tp = self._partition(partition)
        if tp in self._consumer.assignment():
            self._seek(tp, position)

    def recorded(self, partition: str, position: int) -> None:
        with suppress(KafkaError):
            self._consumer.commit_async({self._partition(partition): OffsetAndMetadata(position + 1, "", -1)})

    def close(self) -> None:
        with suppress(KafkaError):
            self._consumer.close(autocommit=False, timeout_ms=5000)

    def _place(self, partitions: Iterable[TopicPartition]) -> None:
        """Seek to the stored positions. Only reads and seeks: a call that waits for the broker fails in a listener."""
        names = {tp: self._name(tp) for tp in partitions}
        stored = self.positions(list(names.values())) if names else {}
        for tp, name in names.items():
            self._seek(tp, stored.get(name, BEGINNING))

    def _seek(self, tp: TopicPartition, position: int) -> None:
        if position == BEGINNING:
            self._consumer.seek_to_beginning(tp)
        else:
            self._consumer.seek(tp, position + 1)
        self._after[tp] = position

    def _forget(self, partitions: Iterable[TopicPartition]) -> None:
        for tp in partitions:
            self._after.pop(tp, None)

    def _batch(self, tp: TopicPartition, found: list[Any]) -> Batch:
        after, self._after[tp] = self._after[tp], found[-1].offset
        return Batch(after, [Record(r.offset, r.value or b"") for r in found])

    def _name(self, tp: TopicPartition) -> str:
        return f"{self._prefix}/{tp.partition}"

    def _partition(self, name: str) -> TopicPartition:
        return TopicPartition(self.settings.topic, int(name.rpartition("/")[2]))

    def _out_of_range(self, error: KafkaError) -> PositionOutOfRangeError:
        asked = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
        tp, offset = next(iter(asked.items()), (None, None))
        name = self._name(tp) if isinstance(tp, TopicPartition) else self._prefix
        return PositionOutOfRangeError(_OUT_OF_RANGE.format(name=name, offset=offset))


class _Placing(ConsumerRebalanceListener):  # type: ignore[misc]
    """Runs inside `poll`. If the positions cannot be read, `poll` fails and the next one places first."""

    def __init__(self, reader: KafkaReader) -> None:
        self.reader = reader

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self.reader._forget(revoked)

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self.reader._forget(lost)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        assigned = list(assigned)
        self.reader._forget(assigned)
        self.reader._place(assigned)


_OPTIONS: dict[str, Any] = {
    "enable_auto_commit": False,
    "auto_offset_reset": "none",
    "allow_auto_create_topics": False,
    "session_timeout_ms": _SESSION,
    "heartbeat_interval_ms": _SESSION // 5,
    "max_partition_fetch_bytes": 2 * MOST_RECORD_BYTES,
    "fetch_max_bytes": 4 * MOST_RECORD_BYTES,
    "reconnect_backoff_max_ms": 1000,
}
