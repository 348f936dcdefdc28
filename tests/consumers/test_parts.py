"""A backlog in parts: whatever is cut, overtaken, killed or erased, the rows are those of one projector alone."""

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain, repeat
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection, OperationalError
from psycopg.errors import DeadlockDetected

from adapters.database.session import Database, write
from adapters.keys.ring import ERASED
from adapters.store.errors import PositionLostError
from consumers.parts import parting, working
from consumers.parts.working import Part
from consumers.projecting import Projecting
from consumers.uncollected import uncollected
from domain.customer import Customer
from domain.status import Status
from tests.consumers.parted import holds, set_out, standing, worker
from tests.consumers.read_models import ReadModels
from tests.consumers.rebuilt import sent
from tests.consumers.test_projecting import STEPS, asked, project
from tests.consumers.test_projecting_faults import MANY_STEPS, Lossy, Turn, breaking, places, record
from tests.consumers.test_projector import same_as_rebuilt
from tests.projections.history import History
from tests.projections.told import at, report

TURNS = st.builds(
    Turn,
    st.integers(0, 7),
    st.integers(1, 8),
    st.one_of(st.none(), st.none(), st.integers(0, 9)),
    st.sampled_from([False, False, False, False, True]),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    STEPS,
    MANY_STEPS,
    STEPS,
    st.integers(1, 4),
    st.integers(1, 12),
    st.integers(1, 3),
    st.lists(TURNS, min_size=6, max_size=25),
)
def test_any_parts_in_any_order_that_fail_and_overtake_each_other(
    shared: ReadModels,
    before: list[tuple[str, int]],
    backlog: list[tuple[str, int]],
    later: list[tuple[str, int]],
    parts: int,
    window: int,
    told_at_once: int,
    turns: list[Turn],
) -> None:
    """Two are at each part, a transaction a turn. What is recorded meanwhile comes after all of them."""
    shared.tenant = uuid4()
    old = shared.projector().lag()[0].head
    history = History(shared.tenant, shared.seal)
    shared.record(*history.communications, *history.customers)
    record(shared, history, before)
    project(shared, repeat(7))
    record(shared, history, backlog)
    late = iter([*([one] for one in later), *repeat([], len(turns))])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(working, "WINDOW", window)
        patch.setattr(working, "TOLD_AT_ONCE", told_at_once)
        crew = [Worker(shared, part) for part in set_out(shared, parts) * 2]
        now = places(shared)
        for turn in turns:
            crew[turn.who % len(crew)].take(turn)
            if turn.who % 3:
                parting.follow(shared.database)
            assert holds(shared)
            then, now = now, places(shared)
            assert {key: now[key] for key, place in then.items() if now[key] < place} == {}
            record(shared, history, next(late))
        record(shared, history, [step for rest in late for step in rest])
        shared.projector().run_once()
    assert standing(shared) == []
    assert holds(shared)
    parted = shared.rows()
    shared.empty()
    project(shared, chain([max(1, old)], repeat(1)))
    assert shared.rows() == parted


class Worker:
    """Goes on with its part where it was, begins again where something failed, and rests when it is done."""

    def __init__(self, models: ReadModels, part: Part) -> None:
        self.database = Lossy(models.database.pool, per_tenant=False)
        self.working = worker(models, part, self.database)
        self.running = self.working.run()

    def take(self, turn: Turn) -> None:
        self.database.loses = turn.answer_lost
        try:
            with breaking(turn.fails_at):
                next(self.running, None)
        except OperationalError:
            self.running = self.working.run()
        finally:
            self.database.loses = False


def test_the_checkpoint_goes_with_the_part_that_is_furthest_behind_and_nobody_else_moves_it(
    models: ReadModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "WINDOW", 5)
    models.record(*(sent(models, number) for number in range(20)))
    alone = Projecting(models.database, models.new_keys())
    alone.begin()
    first, second = (worker(models, part).run() for part in set_out(models, 2))
    with models.reading() as connection, models.reading() as listener:
        listener.execute("LISTEN sendtrail_projected")
        with pytest.raises(PositionLostError):
            alone.step(connection)
        next(first)
        next(first)
        parting.follow(models.database)
        assert models.one("SELECT max(position) FROM read.checkpoint") == 0
        next(second)
        parting.follow(models.database)
        assert next(listener.notifies(timeout=10, stop_after=1)).payload == "10"
    assert standing(models) == [20, 10]
    parting.arrive(models.database, 80)
    assert {row[1:] for row in models.rows()["checkpoint"]} == {(10, 80)}
    assert standing(models) == [20, 10]


def test_one_does_not_wait_for_what_another_has_counted_and_not_committed(models: ReadModels) -> None:
    """Both change the numbers of the same facets."""
    models.record(*(sent(models, number) for number in range(5)))
    models.projector().run_once()
    models.record(*(sent(models, number) for number in range(5, 60)))
    one, other = set_out(models, 2)
    held = Held(models.database.pool, per_tenant=False)
    first, second = worker(models, one, held), worker(models, other)
    telling, ids = first._changed(20, 240)
    held.before_commit = lambda: sum(second.run())
    first._tell(telling, ids, 20, 240, 240)
    assert standing(models) == [240, 240]
    assert models.one("SELECT sum(number) FROM read.facet WHERE listed = 'attempt'") == 60
    assert holds(models)


def test_who_was_overtaken_in_a_window_writes_nothing_and_goes_on_from_there(models: ReadModels) -> None:
    models.record(*(sent(models, number) for number in range(5)))
    (part,) = set_out(models, 1)
    slow, quick = worker(models, part), worker(models, part)
    told = slow._changed(0, 8)
    assert sum(quick.window(0, 20)) == 20
    expected = models.rows()
    with pytest.raises(PositionLostError):
        slow._tell(*told, 0, 8, 8)
    assert models.rows() == expected
    assert sum(slow.run()) == 0


def test_whom_postgresql_ends_because_two_wait_for_each_other_tries_again(
    models: ReadModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.record(sent(models, 1))
    tries = iter([DeadlockDetected("deadlock detected")])

    def once(*given: Any) -> None:
        for error in tries:
            raise error
        write(*given)

    monkeypatch.setattr(working, "write", once)
    assert sum(working.project(models.database, models.new_keys(), set_out(models, 1))) == 4
    assert holds(models)


def test_an_erasure_reaches_who_remembers_the_key(models: ReadModels) -> None:
    customer = Customer(models.tenant, "c-0", timestamp=at(0))
    models.record(sent(models, 1), customer)
    keys = models.new_keys()
    keys.keys([models.key(0).id])
    models.erase(customer, [UUID(models.key(0).id)])
    sum(working.project(models.database, keys, set_out(models, 2)))
    assert models.one("SELECT search_recipient FROM read.attempt") == ERASED


def test_several_at_once_that_meet_the_same_new_facets(models: ReadModels, monkeypatch: pytest.MonkeyPatch) -> None:
    """In other orders: now and then two of them wait for each other, and PostgreSQL ends one."""
    monkeypatch.setattr(working, "WINDOW", 40)
    monkeypatch.setattr(working, "TOLD_AT_ONCE", 3)
    for number in range(240):
        one = sent(models, number)
        (attempt_id,) = one.attempts
        status = list(Status)[number % len(Status)]
        one.record_report(report(status, attempt_id=attempt_id), at(number))
        if number % 3:
            one.ignore(None, None, at(number))
        models.record(one)
    parts = set_out(models, 3)
    with ThreadPoolExecutor(3) as threads:
        assert sum(threads.map(lambda part: sum(worker(models, part).run()), parts)) == 240 * 5 + 160
    parting.arrive(models.database, parts[0].until)
    assert standing(models) == []
    assert models.one("SELECT count(*) FROM read.facet") > 15
    assert holds(models)
    same_as_rebuilt(models)


def test_no_window_leaves_cycles_behind(models: ReadModels) -> None:
    """As no batch does: nothing looks for them while all goes well."""
    models.record(*(sent(models, number) for number in range(60)))
    (part,) = set_out(models, 1)
    found = worker(models, part)
    gc.collect()
    with uncollected():
        assert sum(found.run()) == 240
        assert gc.collect() < 50


class Held(Database):
    """Lets something else happen before each commit."""

    before_commit: Callable[[], object] = staticmethod(lambda: None)

    @contextmanager
    def transaction(self, tenant: UUID | None = None) -> Iterator["Connection[Any]"]:
        with super().transaction(tenant) as connection:
            yield connection
            self.before_commit()


def test_an_attempt_that_only_an_older_erasure_touched_keeps_its_place(models: ReadModels) -> None:
    """The erasure lies before the backlog, in which another attempt of the same communication changes."""
    customer = Customer(models.tenant, "c-0", timestamp=at(0))
    one = sent(models, 1)
    models.record(one, customer)
    models.projector().run_once()
    models.erase(customer, [UUID(models.key(0).id)])
    models.projector().run_once()
    one.send(asked(models, 1), at(70))
    models.record(one)
    set_out(models, 2)
    models.projector().run_once()
    assert sorted(models.one("SELECT array_agg(position) FROM read.attempt")) == [6, 7]
    same_as_rebuilt(models)
