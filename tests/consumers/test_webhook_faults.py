"""Failures at every step, and consumers that believe they own the same partition: each webhook is recorded once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import attrgetter
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from psycopg import OperationalError
from psycopg.errors import ProgramLimitExceeded

from adapters.store.errors import BusyError
from adapters.webhook_log.frames import encode_frame
from adapters.webhook_log.kafka import KafkaLog
from adapters.webhook_log.kafka_client import KafkaSettings
from adapters.webhook_log.kafka_reader import KafkaReader
from adapters.webhook_log.kafka_topic import ensure_topic
from adapters.webhook_log.port import Batch, LoggedRequest, LogReader, LogUnavailableError
from adapters.webhook_log.postgres import PARTITIONS, partition_name
from adapters.webhook_log.postgres_reader import PostgresReader, _reader
from consumers.running import consume_webhooks
from consumers.webhooks import WebhookConsumer
from domain.status import Status
from tests.consumers.hooks import Hooks, Sent
from tests.support.eventually import eventually


def assert_each_once(world: Hooks, sent: list[Sent]) -> None:
    assert [world.reports(one) for one in sent] == [1] * len(sent)
    assert {world.attempt(one).outcome().status for one in sent} == {Status.DELIVERED}
    assert world.count("work.provider_event") == len(sent)
    assert world.count("work.dead_letter") == world.count("work.parked_report") == 0


@contextmanager
def fails_once(target: Any, name: str, how: Callable[..., Any]) -> Iterator[list[int]]:
    """`how(original, *args)` instead of the first call; counts the calls."""
    original, calls = getattr(target, name), [0]

    def call(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        return how(original, *args, **kwargs) if calls[0] == 1 else original(*args, **kwargs)

    setattr(target, name, call)
    try:
        yield calls
    finally:
        setattr(target, name, original)


def before(error: BaseException) -> Callable[..., Any]:
    def fail(_original: Callable[..., Any], *_args: Any, **_kwargs: Any) -> Any:
        raise error

    return fail


def after(error: BaseException) -> Callable[..., Any]:
    def fail(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        original(*args, **kwargs)
        raise error

    return fail


AWAY = OperationalError("the connection is closed")


@pytest.mark.parametrize(
    ("part", "name", "how"),
    [
        ("made.reader", "poll", before(LogUnavailableError("away"))),
        ("made.reader", "poll", after(LogUnavailableError("away"))),
        ("worker.connections", "get", before(AWAY)),
        ("made.attaching", "attach", before(AWAY)),
        ("made.attaching", "attach", after(AWAY)),
        ("worker.communications.recorder", "insert", before(AWAY)),
        ("worker.communications.recorder", "insert", after(AWAY)),
        ("worker.communications.recorder", "insert", before(BusyError("busy"))),
        ("made.reader", "recorded", after(AWAY)),
        ("made", "_wake_projector", before(AWAY)),
    ],
)
def test_a_failure_at_any_step_loses_and_repeats_nothing(
    world: Hooks, part: str, name: str, how: Callable[..., Any]
) -> None:
    sent = [world.sent() for _ in range(5)]
    consumer = world.consumer()
    target = attrgetter(part)(SimpleNamespace(made=consumer, worker=world.worker))
    world.put(*([one.event()] for one in sent))
    stop = threading.Event()
    runner = threading.Thread(target=consumer.run, args=(stop,))
    with fails_once(target, name, how) as calls:
        runner.start()
        try:
            eventually(lambda: world.count("work.provider_event") >= 5 and calls[0] >= 1)
        finally:
            stop.set()
            runner.join(10)
    assert not runner.is_alive()
    assert world.consume() == 0
    assert_each_once(world, sent)


def test_a_change_by_somebody_else_in_between_runs_the_chunk_again(world: Hooks) -> None:
    sent = world.sent()
    world.put([sent.event()])
    consumer = world.consumer()

    def ignored_meanwhile(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        communication = world.worker.communications.get(sent.communication_id)
        communication.ignore(None, None, world.clock())
        world.worker.communications.record([communication])
        return original(*args, **kwargs)

    with fails_once(world.worker.communications.recorder, "insert", ignored_meanwhile) as calls:
        world.drain(consumer)
    assert calls[0] == 3
    assert world.worker.communications.get(sent.communication_id).ignored
    assert_each_once(world, [sent])


class Believer(PostgresReader):
    """Owns every partition, whoever else does."""

    def _balance(self, connection: Any) -> None:  # noqa: ARG002
        for number in range(PARTITIONS):
            name = partition_name(number)
            if name not in self._readers:
                self._readers[name] = _reader(name, self.positions([name]).get(name, -1))


class Stalling:
    """Hands out a batch only after `meanwhile` has run: whoever holds it is late."""

    def __init__(self, reader: LogReader, meanwhile: Callable[[], object]) -> None:
        self.reader = reader
        self.meanwhile: Callable[[], object] | None = meanwhile

    def poll(self, timeout: float, max_records: int) -> dict[str, Batch]:
        found = self.reader.poll(timeout, max_records)
        if found and self.meanwhile:
            self.meanwhile()
            self.meanwhile = None
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reader, name)


@pytest.mark.parametrize("already", [0, 7])
def test_two_that_both_own_a_partition_record_each_webhook_once(world: Hooks, already: int) -> None:
    sent = [world.sent() for _ in range(20)]
    positions = world.worker.communications.recorder.positions
    world.put(*([one.event()] for one in sent[:already]))
    lively = WebhookConsumer(world.worker, Believer(world.url, positions))
    if already:
        assert lively.step(5) == already
    world.put(*([one.event()] for one in sent[already:15]))

    def takes_part_of_it_and_more() -> None:
        assert lively.step(5) == 15 - already
        world.put(*([one.event()] for one in sent[15:]))

    stalled = WebhookConsumer(world.worker, Stalling(Believer(world.url, positions), takes_part_of_it_and_more))
    assert stalled.step(5) == 0
    assert stalled.step(5) == 5
    assert lively.step(5) == 0
    assert lively.step(0) == 0
    for consumer in (lively, stalled):
        consumer.reader.close()
    assert_each_once(world, sent)


@pytest.mark.real_kafka
def test_two_that_both_own_a_partition_of_kafka_record_each_webhook_once(world: Hooks, real_kafka: str) -> None:
    settings = KafkaSettings(real_kafka, f"webhooks-{uuid4().hex[:12]}")
    ensure_topic(settings, 2, 62, replication=1)
    sent = [world.sent() for _ in range(20)]
    log, positions = KafkaLog(settings), world.worker.communications.recorder.positions
    for one in sent[:15]:
        world.put_into(log, [one.event()])
    lively, stalled = (KafkaReader(settings, positions, f"group-{name}-{uuid4().hex[:6]}") for name in "ab")
    other = WebhookConsumer(world.worker, lively)
    late = WebhookConsumer(world.worker, Stalling(stalled, lambda: eventually(lambda: other.step(0.5) == 0, within=30)))

    def everything() -> bool:
        late.step(0.5)
        return world.count("work.provider_event") == 15

    eventually(everything, within=60)
    for one in sent[15:]:
        world.put_into(log, [one.event()])

    def both_done() -> bool:
        return late.step(0.5) + other.step(0.5) == 0 and sum(log.lag(positions).values()) == 0

    eventually(both_done, within=60)
    for reader in (lively, stalled):
        reader.close()
    log.close()
    assert_each_once(world, sent)


def test_a_record_that_cannot_be_recorded_is_set_aside_alone(world: Hooks) -> None:
    sent = [world.sent() for _ in range(6)]
    world.put(*([one.event()] for one in sent[:3]), b"[]", *([one.event()] for one in sent[3:]))
    recorder = world.worker.communications.recorder
    original = recorder.insert

    def refuses_one(events: Any, **given: Any) -> list[int]:
        if any(b"[]" in row for write in given["writes"] if "work.provider_event" in write.sql for row in write.rows):
            raise ProgramLimitExceeded("index row size exceeds maximum")
        return original(events, **given)

    recorder.insert = refuses_one  # type: ignore[method-assign]
    world.consume()
    assert world.count("work.provider_event") == 6
    assert world.rows("SELECT reason, body FROM work.dead_letter") == [
        ("ProgramLimitExceeded while recording it", b"[]")
    ]
    assert {world.attempt(one).outcome().status for one in sent} == {Status.DELIVERED}


def test_a_record_that_is_no_frame_is_set_aside_whole(world: Hooks) -> None:
    sent = world.sent()
    world.put([sent.event()])
    (partition,) = world.rows("SELECT partition_no FROM work.webhook_log")[0]
    newer = b"\x63" + encode_frame([LoggedRequest(world.connection, world.raw(b"x"))])[1:]
    with world.worker.database.transaction() as connection:
        connection.execute("SELECT work.append_webhooks(%s::smallint, %s, %s)", (partition, world.clock(), [newer]))
    assert world.consume() == 2
    assert world.rows("SELECT log_index, body, tenant_id FROM work.dead_letter") == [(-1, newer, None)]
    assert world.reports(sent) == 1


def test_moving_a_position_back_takes_everything_in_again_and_changes_nothing(world: Hooks) -> None:
    sent = [world.sent() for _ in range(4)]
    world.put(*([one.event()] for one in sent))
    world.consume()
    with world.worker.database.transaction() as connection:
        connection.execute("UPDATE events.tracking SET position = -1")
    assert world.consume() == 4
    assert_each_once(world, sent)


def test_it_runs_until_it_is_told_to_stop(world: Hooks) -> None:
    stop = threading.Event()
    runner = threading.Thread(target=consume_webhooks, args=(world.worker, stop))
    runner.start()
    sent = world.sent()
    world.put([sent.event()])
    eventually(lambda: world.reports(sent) == 1)
    stop.set()
    runner.join(10)
    assert not runner.is_alive()
