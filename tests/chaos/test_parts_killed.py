"""kill -9 of a projector at a large backlog, of one of its processes, of PostgreSQL: it goes on, nothing is lost."""

import os
import signal

import pytest

from adapters.database.embedded import EmbeddedServer
from adapters.database.migrate import migrate
from adapters.database.pool import connect
from consumers.parts import leading
from tests.chaos.commands import sendtrail, workers
from tests.consumers.parted import holds, leader, set_out, standing
from tests.consumers.read_models import ReadModels, read_models
from tests.consumers.rebuilt import sent
from tests.consumers.test_projector import LEADER, running, same_as_rebuilt, shows
from tests.support.eventually import eventually

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]


@pytest.mark.parametrize("number", [0, 2])
def test_killed_twice_and_gone_on_with(models: ReadModels, number: int) -> None:
    """Somebody keeps one part, the leader's own or another, from moving, so that there is time to kill."""
    models.record(*(sent(models, one) for one in range(200)))
    set_out(models, 3)
    models.record(sent(models, 200))
    at = [800, 800, 800]
    at[number] = 0
    with connect(models.url, "sendtrail_owner") as keeping:
        keeping.execute("SELECT FROM read.partition WHERE number = %s FOR UPDATE", (number,))
        with sendtrail(models, "project") as first:
            eventually(lambda: standing(models) == at, within=60)
            if number:
                (victim,) = eventually(lambda: found if len(found := workers(first)) == 1 else None)
                victim.kill()
                eventually(lambda: [w for w in workers(first) if w.pid != victim.pid], within=60)
            orphans = workers(first)
            first.kill()
            eventually(lambda: not any(orphan.is_running() for orphan in orphans))
        assert models.one("SELECT max(position) FROM read.checkpoint") == 0
        with sendtrail(models, "project"):
            eventually(lambda: models.sessions("wait_event_type = 'Lock' AND query LIKE '%read.partition%'"), within=60)
            assert standing(models) == at
            keeping.rollback()
            eventually(shows(models, 201), within=60)
            eventually(lambda: standing(models) == [])
    assert holds(models)
    same_as_rebuilt(models)


def test_a_standby_takes_over_the_parts(models: ReadModels, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it has noticed, the old leader and its processes may go on: several are at each part then."""
    monkeypatch.setattr(leading, "LARGE", 400)
    with running(*(leader(models) for _ in range(3))):
        for round_ in range(1, 4):
            models.record(*(sent(models, 1000 * round_ + n) for n in range(300)))
            eventually(lambda: models.kill(LEADER), within=30)
        eventually(shows(models, 900), within=60)
        eventually(lambda: models.projector().lag()[0].behind == 0 and standing(models) == [])
    assert holds(models)
    same_as_rebuilt(models)


def test_it_goes_on_after_postgresql_was_killed(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = EmbeddedServer(tmp_path_factory.mktemp("killed"))
    url = server.start()
    try:
        migrate(url)
        with read_models(url) as models:
            models.record(*(sent(models, number) for number in range(200)))
            set_out(models, 2)
            with running(leader(models)):
                eventually(lambda: sum(standing(models)), within=30)
                os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
                server.stop()
                server.start()
                eventually(shows(models, 200), within=60)
                eventually(lambda: standing(models) == [], within=30)
            assert models.projector().lag()[0].behind == 0
            assert holds(models)
            same_as_rebuilt(models)
    finally:
        server.stop()
