"""Any history, whatever is recorded while it is built, and a crash at any statement: rebuilt is what live would be."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.database.pool import sync_pool
from adapters.database.session import Database
from consumers.projecting import NAMES
from consumers.rebuild import catching_up, plan, rebuilding, working
from consumers.rebuild.rebuilding import Rebuilding
from tests.consumers.crashing import Countdown, Crash, crashing
from tests.consumers.read_models import ReadModels
from tests.consumers.rebuilt import owning
from tests.consumers.test_projecting import ERASE, STEPS, project
from tests.projections.history import ACTS, History


@pytest.fixture(scope="module")
def shared(server: Any, template: str) -> Iterator[ReadModels]:
    """One database for all examples: each adds its own tenant's history.

    A pool that grew meanwhile would ask for random numbers while Hypothesis draws, which it does not like.
    """
    name = f"test_{uuid4().hex[:16]}"
    url = server.create(name, template)
    with sync_pool(url, "sendtrail_worker", min_size=6, max_size=6) as pool:
        pool.wait()
        yield ReadModels(url, Database(pool, per_tenant=False))
    server.drop(name)


@pytest.fixture(scope="module", autouse=True)
def _small_parts() -> Iterator[None]:
    """Even a short history is told in several parts, chunks and rounds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "EVENTS_A_JOB", 15)
        patch.setattr(working, "FETCHED", 3)
        patch.setattr(working, "TOLD_AT_ONCE", 5)
        patch.setattr(catching_up, "TOLD_AT_ONCE", 2)
        patch.setattr(rebuilding, "LITTLE", 3)
        patch.setattr(rebuilding, "MUCH", 7)
        yield


def act(models: ReadModels, history: History, steps: list[tuple[str, int]]) -> None:
    for what, number in steps:
        if what == "erase":
            models.erase(history.customers[number], [UUID(models.key(number).id)], history.minute)
        else:
            models.record(history.act(what, number))


def until_it_crashes(models: ReadModels, statements: int | None, chosen: list[str]) -> bool:
    """Whether it came to its end."""
    with owning(models.url, cursor_factory=crashing(Countdown(statements))) as owner:
        try:
            Rebuilding(owner, chosen).rebuild()
        except Crash:
            return False
    return True


MEANWHILE = st.lists(st.one_of(ACTS, ACTS, ERASE), min_size=5, max_size=12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    STEPS,
    st.lists(MEANWHILE, min_size=3, max_size=3),
    st.lists(st.integers(1, 12), min_size=1, max_size=8),
    st.lists(st.integers(0, 180) | st.integers(70, 180), min_size=1, max_size=3),
    st.sampled_from([NAMES, NAMES, ["overview"], ["attempt_log"]]),
)
def test_a_crash_at_any_statement(
    shared: ReadModels,
    first: list[tuple[str, int]],
    then: list[list[tuple[str, int]]],
    sizes: list[int],
    crashes: list[int],
    chosen: list[str],
) -> None:
    """What happens after each crash is projected before the next try, or is not."""
    shared.tenant = uuid4()
    history, cuts = History(shared.tenant, shared.seal), cycle(sizes)
    shared.record(*history.communications, *history.customers)
    act(shared, history, first)
    project(shared, cuts)
    for number, statements in enumerate(crashes):
        if until_it_crashes(shared, statements, chosen):
            break
        act(shared, history, then[number])
        if (statements + number) % 3:
            project(shared, cuts)
    until_it_crashes(shared, None, chosen)
    project(shared, cuts)
    rebuilt = shared.rows()
    assert shared.one("SELECT count(*) FROM pg_class WHERE relname LIKE '%%\\_\\_%%' AND relkind = 'r'") == 0
    shared.empty()
    project(shared)
    assert shared.rows() == rebuilt
