"""Whatever the cuts, the order, the repetitions, the crashes and whoever else is at it: each report is one event."""

import json
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import OperationalError

import consumers.planning
import consumers.webhooks
from adapters.store.errors import PositionLostError
from adapters.webhook_log.frames import encode_frame
from adapters.webhook_log.port import BEGINNING, Batch, LoggedRequest, Record
from consumers.webhooks import WebhookConsumer
from tests.consumers.hooks import Hooks, Sent
from tests.consumers.test_webhook_faults import Believer, Stalling, after, before, fails_once
from tests.support.eventually import eventually

WORDS = ("processed", "deferred", "delivered", "open")
ATTEMPTS = 3


class Killed(BaseException):
    """Nothing of the process runs any more."""


FAULTS: dict[str, Callable[..., Any]] = {
    "killed before it writes": before(Killed()),
    "killed after the commit": after(Killed()),
    "connection lost before": before(OperationalError("lost")),
    "answer lost": after(OperationalError("lost")),
    "cannot be written": before(ValueError("no")),
}
REPORT = st.tuples(st.integers(0, ATTEMPTS - 1), st.sampled_from(WORDS))
ACTION = st.one_of(
    st.tuples(st.just("put"), st.lists(st.lists(REPORT, min_size=1, max_size=4), min_size=1, max_size=5)),
    st.tuples(st.just("step"), st.integers(0, 1)),
    st.tuples(st.just("overtaken"), st.integers(0, 1)),
    st.tuples(st.just("restart"), st.integers(0, 1)),
    st.tuples(st.just("meddle"), st.integers(0, ATTEMPTS - 1)),
    st.tuples(st.sampled_from([f for f in FAULTS if f != "cannot be written"]), st.integers(0, 1)),
)


class Story:
    """Two consumers that both believe they own everything, and somebody who writes to the same communications."""

    def __init__(self, world: Hooks, *, on_and_on: bool) -> None:
        self.world = world
        self.on_and_on = on_and_on
        self.sent = [world.sent() for _ in range(ATTEMPTS)]
        self.told: set[tuple[int, str]] = set()
        self.requests = 0
        self.consumers = [self.started(), self.started()]

    def started(self) -> WebhookConsumer:
        reader = Believer(self.world.url, self.world.worker.communications.recorder.positions)
        return WebhookConsumer(self.world.worker, Stalling(reader, None))  # type: ignore[arg-type]

    def put(self, requests: list[list[tuple[int, str]]]) -> None:
        bodies = [[self.event(*report) for report in request] for request in requests]
        self.world.put(*bodies)
        self.told |= {report for request in requests for report in request}
        self.requests += len(requests)

    def event(self, number: int, word: str) -> dict[str, Any]:
        one: Sent = self.sent[number]
        return one.event(word, sg_event_id=f"{one.attempt_id}-{word}")

    def step(self, which: int) -> None:
        self.consumers[which].step(0, lambda: self.on_and_on)

    def overtaken(self, which: int) -> None:
        """The other one takes what this one has in hand."""
        reader: Any = self.consumers[which].reader
        reader.meanwhile = lambda: self.step(1 - which)
        self.step(which)
        reader.meanwhile = None

    def restart(self, which: int) -> None:
        self.consumers[which].reader.close()
        self.consumers[which] = self.started()

    def meddle(self, number: int) -> None:
        def turned(communication: Any) -> tuple[Any, None]:
            change = communication.restore if communication.ignored else communication.ignore
            change(None, None, self.world.clock())
            return communication, None

        self.world.worker.communications.change(self.sent[number].communication_id, turned)

    def fault(self, name: str, which: int) -> None:
        with fails_once(self.world.worker.communications.recorder, "insert", FAULTS[name]), suppress(Killed):
            self.step(which)
            return
        self.restart(which)

    def finish(self) -> None:
        for which in (0, 1):
            self.step(which)
        for consumer in self.consumers:
            consumer.reader.close()
        self.world.consume()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    actions=st.lists(ACTION, min_size=3, max_size=14),
    cut=st.integers(1, 4),
    polled=st.integers(1, 6),
    on_and_on=st.booleans(),
)
def test_the_same_events_as_one_at_a_time(
    world: Hooks, actions: list[tuple[str, Any]], cut: int, polled: int, on_and_on: bool
) -> None:
    counts = {table: world.count(table) for table in ("work.provider_event", "work.dead_letter", "work.parked_report")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consumers.planning, "CHUNK_REQUESTS", cut)
        patch.setattr(consumers.webhooks, "_POLL_RECORDS", polled)
        story = Story(world, on_and_on=on_and_on)
        for name, given_to in [*actions, ("put", [[(0, "delivered")]])]:
            story.fault(name, given_to) if name in FAULTS else getattr(story, name)(given_to)
        story.finish()
    assert [world.reports(one) for one in story.sent] == [sum(n == at for n, _ in story.told) for at in range(ATTEMPTS)]
    for number, one in enumerate(story.sent):
        known = {f"sendgrid:{one.attempt_id}-{word}" for at, word in story.told if at == number}
        assert world.attempt(one).report_ids == known
    found = {table: world.count(table) - before for table, before in counts.items()}
    assert found == {"work.provider_event": story.requests, "work.dead_letter": 0, "work.parked_report": 0}


def test_what_somebody_else_did_since_is_seen(world: Hooks) -> None:
    sent = world.sent()
    consumer = world.consumer()
    world.put([sent.event("processed")])
    world.drain(consumer)
    communication = world.worker.communications.get(sent.communication_id)
    communication.ignore(None, None, world.clock())
    world.worker.communications.record([communication])
    world.put([sent.event("delivered")])
    with fails_once(
        world.worker.communications.recorder, "insert", lambda original, *a, **k: original(*a, **k)
    ) as calls:
        world.drain(consumer)
    assert calls == [1], "no conflict had to tell it"
    assert world.reports(sent) == 2


def test_records_to_blame_are_found_by_halving(world: Hooks) -> None:
    sent = [world.sent() for _ in range(32)]
    world.put(*([one.event()] for one in sent[:20]), b"[]", *([one.event()] for one in sent[20:]))
    recorder = world.worker.communications.recorder
    original, writes = recorder.insert, SimpleNamespace(number=0)

    def refuses_one(events: Any, **given: Any) -> list[int]:
        writes.number += 1
        if any(b"[]" in row for write in given["writes"] if "work.provider_event" in write.sql for row in write.rows):
            raise ValueError("this one")
        return original(events, **given)

    recorder.insert = refuses_one  # type: ignore[method-assign]
    assert world.consume() == 33
    assert writes.number < 16
    assert world.rows("SELECT reason, body FROM work.dead_letter") == [("ValueError while recording it", b"[]")]
    assert [world.reports(one) for one in sent] == [1] * 32


def test_the_next_chunk_is_read_while_one_is_recorded(world: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers.planning, "CHUNK_REQUESTS", 2)
    sent = [world.sent() for _ in range(7)]
    world.put(*([one.event()] for one in sent))
    consumer = world.consumer()
    seen: list[str] = []
    understand, record = consumer.planning._understand, consumer._record

    def noted_read(*given: Any) -> Any:
        seen.append("read")
        return understand(*given)

    def noted_write(*given: Any) -> None:
        eventually(lambda: seen.count("read") >= min(seen.count("written") + 2, 4))
        record(*given)
        seen.append("written")

    consumer.planning._understand, consumer._record = noted_read, noted_write  # type: ignore[method-assign,assignment]
    assert consumer.step(5) == 7
    assert (seen.count("read"), seen.count("written")) == (4, 4)
    assert [world.reports(one) for one in sent] == [1] * 7


def test_of_a_backlog_more_is_polled_before_all_is_recorded(world: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers.planning, "CHUNK_REQUESTS", 1)
    monkeypatch.setattr(consumers.webhooks, "_POLL_RECORDS", 3)
    sent = [world.sent() for _ in range(10)]
    world.put(*([one.event()] for one in sent))
    consumer = world.consumer()
    seen: list[str] = []
    poll, record = consumer.reader.poll, consumer._record

    def noted_poll(*given: Any) -> Any:
        seen.append("polled")
        return poll(*given)

    def noted_write(*given: Any) -> None:
        if seen.count("written") == 2:
            eventually(lambda: seen.count("polled") == 2)
        record(*given)
        seen.append("written")

    consumer.reader.poll, consumer._record = noted_poll, noted_write  # type: ignore[method-assign,assignment]
    taken = consumer.step(5, lambda: seen.count("written") < 3)
    assert taken > 3
    assert taken + world.drain(consumer) == 10
    assert [world.reports(one) for one in sent] == [1] * 10


def test_what_is_one_chunk_a_partition_is_no_backlog(world: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each webhook of a quiet hour would be a transaction of its own, as soon as it came."""
    monkeypatch.setattr(consumers.webhooks, "_POLL_RECORDS", 2)
    sent = [world.sent() for _ in range(4)]
    world.put(*([one.event()] for one in sent))
    consumer = world.consumer()
    assert consumer.step(5, lambda: True) == 2
    assert consumer.step(5, lambda: True) == 2
    assert [world.reports(one) for one in sent] == [1] * 4


def test_nothing_more_is_polled_once_another_was_here(world: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind what the other took this one begins anew, at its position."""
    monkeypatch.setattr(consumers.planning, "CHUNK_REQUESTS", 1)
    monkeypatch.setattr(consumers.webhooks, "_POLL_RECORDS", 2)
    sent = [world.sent() for _ in range(8)]
    world.put(*([one.event()] for one in sent))
    consumer = world.consumer()
    with fails_once(world.worker.communications.recorder, "insert", before(PositionLostError("another was here"))):
        assert consumer.step(5, lambda: True) == 0
    assert consumer.step(5, lambda: True) == 8
    assert [world.reports(one) for one in sent] == [1] * 8


def test_a_failure_leaves_nothing_behind_in_what_was_planned(world: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each chunk is about what the one before is about."""
    monkeypatch.setattr(consumers.planning, "CHUNK_REQUESTS", 1)
    sent = world.sent()
    world.put(*([sent.event(word)] for word in ("processed", "deferred", "delivered", "open")))
    consumer, recorder = world.consumer(), world.worker.communications.recorder
    done = SimpleNamespace(read=0, written=0, tried=0)
    read, record, insert = consumer.planning._plan_ahead, consumer._record, recorder.insert

    def counted_read(*given: Any) -> Any:
        found = read(*given)
        done.read += 1
        return found

    def late_record(*given: Any) -> None:
        eventually(lambda: done.read >= min(done.written + 2, 4))
        record(*given)
        done.written += 1

    def failing_insert(*given: Any, **more: Any) -> list[int]:
        done.tried += 1
        if done.tried == 2:
            raise ValueError("this one")
        return insert(*given, **more)

    consumer.planning._plan_ahead, consumer._record = counted_read, late_record  # type: ignore[method-assign,assignment]
    recorder.insert = failing_insert  # type: ignore[method-assign]
    assert consumer.step(5) == 4
    assert world.count("work.dead_letter") == 1
    versions = "SELECT originator_version FROM events.event WHERE originator_id = %s ORDER BY 1"
    assert [v for (v,) in world.rows(versions, (sent.communication_id,))] == list(range(1, 8))
    assert world.reports(sent) == 3


def test_nothing_is_planned_on_what_was_left_to_another(world: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    """All chunks are about one communication; those of the first partition are left, of the second recorded."""
    monkeypatch.setattr(consumers.planning, "CHUNK_REQUESTS", 1)
    sent, consumer = world.sent(), world.consumer()
    told = [json.dumps([sent.event(word)]).encode() for word in ("processed", "deferred", "delivered", "open", "click")]
    frames = [encode_frame([LoggedRequest(world.connection, world.raw(body))]) for body in told]
    records = [Record(number, frame) for number, frame in enumerate(frames)]
    polled = {"postgres/0": Batch(BEGINNING, records[:4]), "postgres/1": Batch(BEGINNING, records[4:])}
    with fails_once(world.worker.communications.recorder, "insert", before(PositionLostError("another was here"))):
        assert consumer._take(polled) == 1
    versions = "SELECT originator_version FROM events.event WHERE originator_id = %s ORDER BY 1"
    assert [v for (v,) in world.rows(versions, (sent.communication_id,))] == list(range(1, 6))
    assert world.reports(sent) == 1
