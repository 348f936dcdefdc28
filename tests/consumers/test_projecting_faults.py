"""Whatever fails, and whoever else projects: the rows are those of one event at a time, with nothing in memory."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain, count, repeat
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection, Cursor, OperationalError

from adapters.database.pool import connect
from adapters.database.session import Database
from adapters.store.errors import PositionLostError
from consumers.projecting import Projecting
from projections.errors import UnprojectedEventError
from tests.consumers.read_models import ReadModels
from tests.consumers.test_projecting import STEP, asked, invoice, project
from tests.projections.history import History
from tests.projections.told import at, handed
from tests.support.eventually import eventually


class Turn(NamedTuple):
    """One step: by which of two projectors, how much at most, and what goes wrong."""

    who: int
    limit: int
    fails_at: int | None
    """The statement, counted from the step's first, that the connection breaks at."""
    answer_lost: bool
    """Every commit takes place, but nobody hears of it."""


TURNS = st.builds(
    Turn,
    st.integers(0, 1),
    st.integers(1, 12),
    st.one_of(st.none(), st.none(), st.integers(0, 9)),
    st.sampled_from([False, False, False, False, True]),
)

MANY_STEPS = st.lists(STEP, min_size=8, max_size=25)


class Lossy(Database):
    """Loses the answers to its commits when told to."""

    loses = False

    @contextmanager
    def transaction(self, tenant: UUID | None = None) -> Iterator["Connection[Any]"]:
        with super().transaction(tenant) as connection:
            yield connection
        if self.loses:
            raise OperationalError("the answer to a commit is lost")


@contextmanager
def breaking(at: int | None) -> Iterator[None]:
    """The statement `at` of all that are executed from here on finds its connection broken."""
    real, calls = Cursor.execute, count()

    def execute(self: Any, *args: Any, **more: Any) -> Any:
        if next(calls) == at:
            raise OperationalError("the connection broke")
        return real(self, *args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Cursor, "execute", execute)
        yield


@pytest.fixture(autouse=True, scope="module")
def _always_ahead() -> Iterator[None]:
    """Small batches are read ahead too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("consumers.projecting.AHEAD_FROM", 1)
        yield


def take(turn: Turn, projecting: Projecting, database: Lossy, connection: "Connection[Any]") -> int:
    projecting.limit, database.loses = turn.limit, turn.answer_lost
    try:
        with breaking(turn.fails_at):
            return projecting.step(connection)
    except (OperationalError, PositionLostError):
        database.loses = False
        projecting.begin()
        return 1
    finally:
        database.loses = False


def record(models: ReadModels, history: History, steps: Sequence[tuple[str, int]]) -> None:
    for what, number in steps:
        if what == "erase":
            key = UUID(models.key(number).id)
            models.erase(history.customers[number], [key], history.minute)
        else:
            models.record(history.act(what, number))


def places(models: ReadModels) -> dict[Any, int]:
    """The position of each row and of the checkpoint: none ever goes back."""
    with models.database.transaction() as connection:
        sql = """SELECT communication_id::text, position FROM read.communication UNION ALL
                 SELECT attempt_id::text, position FROM read.attempt UNION ALL
                 SELECT projection, position FROM read.checkpoint"""
        return dict(connection.execute(sql).fetchall())


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MANY_STEPS, MANY_STEPS, st.lists(TURNS, min_size=6, max_size=20))
def test_two_that_fail_and_overtake_each_other(
    shared: ReadModels, first: list[tuple[str, int]], then: list[tuple[str, int]], turns: list[Turn]
) -> None:
    """Half of the events are there when they begin, the others come while they are at it."""
    shared.tenant = uuid4()
    old = shared.projector().lag()[0].head
    history = History(shared.tenant, shared.seal)
    shared.record(*history.communications, *history.customers)
    record(shared, history, first)
    databases = [Lossy(shared.database.pool, per_tenant=False) for _ in range(2)]
    both = [Projecting(database, shared.new_keys()) for database in databases]
    late = iter([*([one] for one in then), *repeat([], len(turns))])
    with shared.reading() as one, shared.reading() as two:
        for projecting in both:
            projecting.begin()
        before = places(shared)
        for turn in turns:
            take(turn, both[turn.who], databases[turn.who], (one, two)[turn.who])
            after = places(shared)
            assert {key: after.get(key, 0) for key, place in before.items() if after.get(key, 0) < place} == {}
            before = after
            record(shared, history, next(late))
        for rest in late:
            record(shared, history, rest)
        for projecting, connection, database in zip(both, (one, two), databases, strict=True):
            while take(Turn(0, 7, None, answer_lost=False), projecting, database, connection):
                pass
    live = shared.rows()
    shared.empty()
    project(shared, chain([max(1, old)], repeat(1)))
    assert shared.rows() == live


def test_while_a_batch_is_written_the_next_is_made_and_sees_it(models: ReadModels) -> None:
    """The second batch goes on with a communication of the first, of which nothing is committed yet."""
    models.record(handed(invoice(models), asked(models)))
    projecting = Projecting(models.database, models.new_keys())
    projecting.begin()
    projecting.limit = 2
    with models.reading() as connection, ThreadPoolExecutor(1) as thread:
        with connect(models.url, "sendtrail_owner") as blocker:
            blocker.execute("LOCK TABLE read.communication")
            step = thread.submit(projecting.step, connection)
            eventually(lambda: projecting._ahead is not None and projecting._ahead.done())
            assert not step.done()
            assert models.one("SELECT max(position) FROM read.checkpoint") == 0
        assert step.result(10) == 2
        assert projecting.step(connection) == 2
    assert models.one("SELECT status FROM read.communication") == "sent"
    assert models.one("SELECT max(position) FROM read.checkpoint") == 4


def test_an_unknown_event_that_is_met_ahead_stops_it_behind_what_was_written(models: ReadModels) -> None:
    models.record(handed(invoice(models), asked(models)))
    with models.database.transaction() as connection:
        columns = ([models.tenant], [uuid4()], [1], ["InvoiceCommunication.Telepathy"], [b"{}"])
        connection.execute("SELECT events.append(%b::uuid[], %b::uuid[], %b::int8[], %b::text[], %b::bytea[])", columns)
    projecting = Projecting(models.database, models.new_keys())
    projecting.begin()
    with models.reading() as connection:
        projecting.limit = 4
        assert projecting.step(connection) == 4
        with pytest.raises(UnprojectedEventError, match="Telepathy"):
            projecting.step(connection)
    assert models.one("SELECT max(position) FROM read.checkpoint") == 4


def test_a_batch_is_bounded_in_bytes_and_never_empty(models: ReadModels, monkeypatch: pytest.MonkeyPatch) -> None:
    models.record(handed(invoice(models), asked(models)))
    size = models.one("SELECT sum(octet_length(state)) FROM events.event WHERE notification_id <= 3")
    projecting = Projecting(models.database, models.new_keys())
    projecting.begin()
    with models.reading() as connection:
        monkeypatch.setattr("consumers.batches.MOST_BYTES", size)
        assert projecting.step(connection) == 3
        monkeypatch.setattr("consumers.batches.MOST_BYTES", 1)
        models.record(handed(invoice(models, 2), asked(models)))
        assert [projecting.step(connection) for _ in range(6)] == [1, 1, 1, 1, 1, 0]


def test_memory_is_bounded_and_what_left_it_is_read_again(models: ReadModels, monkeypatch: pytest.MonkeyPatch) -> None:
    one = handed(invoice(models), asked(models))
    models.record(one, *(handed(invoice(models, n), asked(models)) for n in range(2, 6)))
    projecting = Projecting(models.database, models.new_keys())
    projecting.begin()
    with models.reading() as connection:
        monkeypatch.setattr("consumers.hot.CHARACTERS", 700)
        assert projecting.step(connection) == 20
        kept = projecting._hot._folded
        assert 0 < sum(folded.size for folded in kept.values()) <= 700
        assert len(kept) < 5
        for communication_id in set(kept) ^ {one.id}:
            kept.pop(communication_id, None)
        one.ignore(None, None, at(9))
        models.record(one)
        assert projecting.step(connection) == 1
    assert models.one("SELECT ignored FROM read.communication WHERE communication_id = %s", one.id) is True
