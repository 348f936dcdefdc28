"""A rebuild and a comparison while a backlog is projected in parts, whose rows are ahead of the checkpoint."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from adapters.bootstrap import Installation
from adapters.store.errors import PositionLostError
from consumers.parts import parting, working
from consumers.projecting import NAMES
from consumers.rebuild import rebuilding
from consumers.rebuild.comparing import compare
from consumers.rebuild.plan import begin
from consumers.rebuild.rebuilding import Rebuilding
from consumers.rebuild.working import Working
from tests.consumers.parted import holds, set_out, standing, worker
from tests.consumers.read_models import ReadModels
from tests.consumers.rebuilt import Heard, sent
from tests.consumers.test_projecting import project
from tests.support.eventually import eventually


@pytest.mark.parametrize("chosen", [NAMES, ["overview"], ["attempt_log"]])
def test_an_exchange_takes_the_parts_away(
    models: ReadModels, owner: Installation, monkeypatch: pytest.MonkeyPatch, chosen: list[str]
) -> None:
    """Of the tables that are not exchanged, rows stay ahead until the projector comes there again."""
    monkeypatch.setattr(working, "WINDOW", 10)
    models.record(*(sent(models, number) for number in range(30)))
    first, second = (worker(models, part) for part in set_out(models, 2))
    models.record(sent(models, 30))
    under_way, other = first.run(), second.run()
    next(under_way)
    next(under_way)
    next(other)
    parting.follow(models.database)
    told = first._changed(40, 60)
    assert Rebuilding(owner, chosen).rebuild() == (124 if chosen == NAMES else 20)
    assert standing(models) == []
    assert holds(models)
    with pytest.raises(PositionLostError):
        first._tell(*told, 40, 60, 60)
    assert list(under_way) == []
    assert holds(models)
    models.projector().run_once()
    rebuilt = models.rows()
    models.empty()
    project(models)
    assert models.rows() == rebuilt


def test_a_comparison_waits_for_their_ends(
    models: ReadModels, owner: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "EVERY", 0)
    models.record(*(sent(models, number) for number in range(30)))
    part, _ = set_out(models, 2)
    next(worker(models, part).run())
    heard = Heard()
    with ThreadPoolExecutor(1) as thread:
        verifying = thread.submit(Rebuilding(owner, audience=heard).verify)
        eventually(lambda: len(heard.lines) > 2)
        models.projector().run_once()
        found = verifying.result(30)
    assert "which catches up in parts: at 0 of 120" in heard.lines[0]
    assert found.same
    assert found.position == 120


def test_parts_that_began_after_it_looked_are_not_compared_either(models: ReadModels, owner: Installation) -> None:
    models.record(*(sent(models, number) for number in range(3)))
    plan = begin(owner.database, NAMES, 0, 1)
    Working(owner.database, owner.keys, plan).run()
    set_out(models, 2)
    catching_up = Rebuilding(owner)._catching_up
    assert compare(owner.database, plan, catching_up) == (plan, None)
    models.projector().run_once()
    found = compare(owner.database, plan, catching_up)[1]
    assert found is not None
    assert found.same
