"""What the log in Kafka promises beyond the contract; each of these was a way to lose or repeat records."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from psycopg import OperationalError

from adapters.webhook_log.kafka import KafkaLog
from adapters.webhook_log.kafka_client import KafkaSettings
from adapters.webhook_log.kafka_reader import KafkaReader
from adapters.webhook_log.kafka_topic import MOST_RECORD_BYTES, ensure_topic, identify
from adapters.webhook_log.port import LogUnavailableError, PositionOutOfRangeError
from tests.adapters.webhook_log.logs import Reading, Stand, appended, request
from tests.support.eventually import eventually
from tests.support.kafka_broker import KafkaBroker
from tests.support.webhook_log import put

pytestmark = pytest.mark.real_kafka
CONNECTION = UUID(int=1)


@pytest.fixture
def log(settings: KafkaSettings) -> Iterator[KafkaLog]:
    made = KafkaLog(settings)
    yield made
    made.close()


def fill(log: KafkaLog, count: int) -> None:
    for n in range(count):
        put(log, [request(b"%d" % n, CONNECTION)])


def reader(settings: KafkaSettings, stand: Any, group: str = "") -> KafkaReader:
    return KafkaReader(settings, stand, group or f"group-{uuid4().hex[:12]}")


def poll_until_refused(reading: Reading) -> PositionOutOfRangeError:
    def refused() -> PositionOutOfRangeError | None:
        try:
            reading.poll()
        except PositionOutOfRangeError as error:
            return error
        return None

    found = eventually(refused, within=30)
    assert found is not None
    return found


def test_a_position_behind_the_end_stops_the_reader(settings: KafkaSettings, log: KafkaLog) -> None:
    fill(log, 3)
    stand = Stand()
    name = f"{identify(settings).prefix}/0"
    stand.stored[name] = 5000
    reading = Reading(reader(settings, stand))
    error = poll_until_refused(reading)
    assert name in str(error)
    assert "5001" in str(error)
    assert reading.got == []
    reading.reader.close()


def test_records_deleted_unread_stop_the_reader_but_not_a_first_start(
    settings: KafkaSettings, log: KafkaLog, admin: AdminClient
) -> None:
    fill(log, 10)
    (deleted,) = admin.delete_records([TopicPartition(settings.topic, 0, 6)]).values()
    assert deleted.result().low_watermark == 6
    first = Reading(reader(settings, Stand()))
    assert first.until(4) == [b"6", b"7", b"8", b"9"]
    first.reader.close()
    stand = Stand()
    stand.stored[f"{identify(settings).prefix}/0"] = 2
    late = Reading(reader(settings, stand))
    poll_until_refused(late)
    assert late.got == []
    late.reader.close()


def test_positions_that_cannot_be_read_are_waited_for(settings: KafkaSettings, log: KafkaLog) -> None:
    """Kafka's own committed offset says 8; the stored position says 3 and is what counts, also after a failure."""
    fill(log, 10)
    stand, group, name = Stand(), f"group-{uuid4().hex[:12]}", f"{identify(settings).prefix}/0"
    before = Reading(reader(settings, stand, group))
    before.until(10)
    before.reader.recorded(name, 7)
    before.reader.close()
    stand.stored[name] = 3
    failures = iter([True, True])

    def unsteady(names: Sequence[str]) -> Mapping[str, int]:
        if next(failures, False):
            raise OperationalError("the database is away")
        return stand(names)

    reading = Reading(reader(settings, unsteady, group), stand)
    failed = 0

    def arrived() -> bool:
        nonlocal failed
        try:
            reading.poll()
        except (LogUnavailableError, OperationalError):
            failed += 1
        return len(reading.got) >= 6

    eventually(arrived, within=30)
    assert failed == 2
    assert reading.bodies() == [b"%d" % n for n in range(4, 10)]
    reading.reader.close()


def test_closing_waits_for_what_is_under_way(settings: KafkaSettings, log: KafkaLog) -> None:
    put(log, [request(b"opened", CONNECTION)])

    async def closed_meanwhile() -> None:
        appending = asyncio.create_task(log.append([request(b"under way", CONNECTION)]))
        await asyncio.sleep(0)
        log.close()
        await appending

    asyncio.run(closed_meanwhile())
    reading = Reading(reader(settings, Stand()))
    assert reading.until(2) == [b"opened", b"under way"]
    reading.reader.close()


def test_a_producer_that_broke_is_replaced(
    settings: KafkaSettings, log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(log, 1)
    broken = log._producer

    async def breaks(*_: object) -> None:
        raise KafkaException(KafkaError(KafkaError._FATAL, fatal=True))

    monkeypatch.setattr(log, "_send", breaks)
    assert not appended(log, request(b"lost", CONNECTION))
    monkeypatch.undo()
    fill(log, 2)
    assert log._producer is not broken
    reading = Reading(reader(settings, Stand()))
    assert reading.until(3) == [b"0", b"0", b"1"]
    reading.reader.close()


def test_a_record_that_kafka_does_not_take_is_not_appended(log: KafkaLog) -> None:
    with pytest.raises(LogUnavailableError, match="MSG_SIZE_TOO_LARGE"):
        put(log, [request(bytes(MOST_RECORD_BYTES), CONNECTION)])
    fill(log, 1)


@pytest.mark.chaos
@pytest.mark.timeout(300)
def test_the_broker_killed_under_way_loses_and_repeats_nothing(kafka_broker: KafkaBroker) -> None:
    settings = KafkaSettings(kafka_broker.bootstrap, "webhooks")
    ensure_topic(settings, 1, 62, replication=1)
    log, stand = KafkaLog(settings), Stand()
    reading = Reading(reader(settings, stand), stand)
    fill(log, 5)
    reading.until(5)
    kafka_broker.kill()
    with pytest.raises(LogUnavailableError):
        put(log, [request(b"while away", CONNECTION)])
    kafka_broker.start()

    eventually(lambda: appended(log, request(b"back", CONNECTION)), within=60)

    def has_all() -> bool:
        try:
            reading.poll()
        except LogUnavailableError:
            return False
        return b"back" in reading.bodies()

    eventually(has_all, within=60)
    assert [b for b in reading.bodies() if b != b"while away"] == [b"0", b"1", b"2", b"3", b"4", b"back"]
    offsets = [offset for _, offset, _ in reading.got]
    assert offsets == sorted(set(offsets))
    reading.reader.close()
    log.close()


class Meddling:
    """The client, with something that happens once, after it has taken what was there and before it is handed out."""

    def __init__(self, client: Any, meddle: Callable[[], None]) -> None:
        self.client = client
        self.meddles = [meddle]

    def consume(self, count: int, timeout: float) -> list[Any]:
        taken: list[Any] = self.client.consume(count, timeout)
        if taken and self.meddles:
            self.meddles.pop()()
        return taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


def out_of_range() -> None:
    raise PositionOutOfRangeError("of another partition")


@pytest.mark.parametrize("refused", [True, False], ids=["another partition is refused", "partitions change hands"])
def test_what_was_taken_and_not_handed_out_comes_again(settings: KafkaSettings, log: KafkaLog, refused: bool) -> None:
    fill(log, 10)
    reading = Reading(reader(settings, Stand()))
    client = reading.reader._consumer  # type: ignore[attr-defined]
    rebalanced = partial(reading.reader._on_assigned, client, [TopicPartition(settings.topic, 0)])  # type: ignore[attr-defined]
    meddling = reading.reader._consumer = Meddling(client, out_of_range if refused else rebalanced)  # type: ignore[attr-defined]

    def arrived() -> bool:
        with suppress(PositionOutOfRangeError):
            reading.poll()
        return len(reading.got) >= 10

    eventually(arrived, within=30)
    assert not meddling.meddles
    assert reading.bodies() == [b"%d" % n for n in range(10)]
    reading.reader.close()
