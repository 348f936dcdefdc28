"""kill -9 of a rebuild, and of one of its processes: the same command goes on, and nothing is left of it."""

import pytest

from adapters.database.pool import connect
from consumers.projecting import NAMES
from consumers.rebuild.plan import begin
from tests.adapters.database.test_schema import dump
from tests.chaos.commands import sendtrail, workers
from tests.consumers.read_models import ReadModels
from tests.consumers.rebuilt import owning, sent
from tests.support.eventually import eventually

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]
RANGES = 8


def ranges_done(models: ReadModels) -> int:
    with connect(models.url, "sendtrail_owner") as connection:
        row = connection.execute("SELECT count(*) FROM read.rebuild_job WHERE done").fetchone()
    return int(row[0]) if row else 0


def test_killed_twice_and_gone_on_with(models: ReadModels) -> None:
    """Somebody keeps one part from being built, so that there is time to kill."""
    models.record(*(sent(models, number) for number in range(200)))
    models.projector().run_once()
    live, schema = models.rows(), dump(models.url)
    with owning(models.url) as owner:
        begin(owner.database, NAMES, 800, RANGES)
    with connect(models.url, "sendtrail_owner") as keeping:
        keeping.execute("SELECT FROM read.rebuild_job WHERE number = 5 FOR UPDATE")
        with sendtrail(models, "projection", "rebuild") as first:
            eventually(lambda: ranges_done(models) == RANGES - 1, within=60)
            orphans = workers(first)
            assert len(orphans) == 2
            first.kill()
            eventually(lambda: not any(orphan.is_running() for orphan in orphans))
        assert models.rows() == live
        with sendtrail(models, "projection", "rebuild") as second:
            victim, other = eventually(lambda: found if len(found := workers(second)) == 2 else None, within=60)
            victim.kill()
            eventually(lambda: {victim.pid, other.pid} < {w.pid for w in workers(second)} | {victim.pid}, within=60)
            keeping.rollback()
            said, _ = second.communicate(timeout=120)
    assert second.returncode == 0
    assert f"{RANGES - 1} of " in said
    assert "resuming the rebuild begun" in said
    assert f"process {victim.pid} ended with -9; another goes on with its work" in said
    assert models.rows() == live
    assert dump(models.url) == schema
