"""The loop: one leads, others stand by; it wakes up by itself, survives the database, and lets itself be rebuilt."""

import gc
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import pytest
from psycopg import OperationalError

from adapters.database.embedded import EmbeddedServer
from adapters.database.migrate import migrate
from consumers.projector import LOCK, Projector
from consumers.uncollected import uncollected
from domain.communication import InvoiceCommunication
from domain.values import Order, Recipient, SubjectType
from projections.errors import UnprojectedEventError
from tests.consumers.read_models import ReadModels, read_models
from tests.projections.told import at, handed, order
from tests.support.eventually import eventually

LEADER = f"pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {LOCK} AND granted)"


@contextmanager
def running(*projectors: Projector) -> Iterator[list["Future[None]"]]:
    """Each in a thread of its own, stopped at the end of the block; an error of one of them is raised there."""
    stop = threading.Event()
    with ThreadPoolExecutor(len(projectors)) as threads:
        ended = [threads.submit(projector.run, stop) for projector in projectors]
        try:
            yield ended
        finally:
            stop.set()
    for one in ended:
        one.result(0)


def sent(models: ReadModels, number: int) -> InvoiceCommunication:
    key = models.key()
    asked: Order = order(str(uuid4()), recipients=[Recipient(1, key.seal("ap@payer.example"), f"h{number}")])
    return handed(InvoiceCommunication(models.tenant, SubjectType.INVOICE, f"INV-{number}", timestamp=at(-1)), asked)


def shows(models: ReadModels, count: int) -> Callable[[], bool]:
    def look() -> bool:
        try:
            return bool(models.one("SELECT count(*) FROM read.communication WHERE status = 'sent'") == count)
        except OperationalError:
            return False

    return look


def same_as_rebuilt(models: ReadModels) -> None:
    live = models.rows()
    models.empty()
    models.projector().run_once()
    assert models.rows() == live


def test_it_follows_what_is_recorded_and_says_how_far_it_is(models: ReadModels) -> None:
    models.record(sent(models, 1))
    projector = models.projector()
    assert [(lag.projection, lag.position, lag.head, lag.behind) for lag in projector.lag()] == [
        ("attempt_log", 0, 4, 4),
        ("overview", 0, 4, 4),
    ]
    with running(projector):
        eventually(shows(models, 1))
        models.record(sent(models, 2))
        eventually(shows(models, 2))
    assert {(lag.position, lag.behind) for lag in projector.lag()} == {(8, 0)}


def test_a_commit_is_announced_with_its_position(models: ReadModels) -> None:
    with models.reading() as listener:
        listener.execute("LISTEN sendtrail_projected")
        with running(models.projector()):
            models.record(sent(models, 1))
            heard = next(listener.notifies(timeout=10, stop_after=1))
    assert heard.payload == "4"


def test_a_standby_takes_over_from_a_killed_leader(models: ReadModels) -> None:
    """Until it has noticed, the old leader may go on: then two write, and still every event counts once."""
    with running(models.projector(), models.projector(), models.projector()):
        for number in range(1, 6):
            models.record(*(sent(models, 100 * number + n) for n in range(20)))
            eventually(lambda: models.kill(LEADER))
        eventually(shows(models, 100))
    same_as_rebuilt(models)


def test_two_at_once_without_a_leader_project_everything_once(models: ReadModels) -> None:
    models.record(*(sent(models, number) for number in range(300)))
    one, two = models.projector(), models.projector()
    one.projecting.limit, two.projecting.limit = 7, 11
    with ThreadPoolExecutor(2) as threads:
        done = [threads.submit(projector.run_once) for projector in (one, two)]
        assert sum(future.result(60) for future in done) == 1200
    assert shows(models, 300)()
    same_as_rebuilt(models)


def test_a_rebuild_beside_a_running_projector(models: ReadModels) -> None:
    models.record(*(sent(models, number) for number in range(50)))
    with running(models.projector()):
        eventually(shows(models, 50))
        for number in range(5):
            models.empty()
            models.record(sent(models, 100 + number))
        eventually(shows(models, 55))
        eventually(lambda: models.projector().lag()[0].behind == 0)
    same_as_rebuilt(models)


def test_an_unknown_event_ends_the_loop(models: ReadModels) -> None:
    columns = ([models.tenant], [uuid4()], [1], ["InvoiceCommunication.Telepathy"], [b"{}"])
    with models.database.transaction() as connection:
        connection.execute("SELECT events.append(%b::uuid[], %b::uuid[], %b::int8[], %b::text[], %b::bytea[])", columns)
    with pytest.raises(UnprojectedEventError, match="Telepathy"):
        models.projector().run(threading.Event())
    assert models.kill(LEADER) == 0


def test_it_goes_on_after_every_session_was_killed(models: ReadModels) -> None:
    with running(models.projector()):
        for number in range(1, 4):
            models.record(sent(models, number))
            eventually(shows(models, number))
            models.kill("usename = current_user")


def test_it_goes_on_after_postgresql_was_restarted(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = EmbeddedServer(tmp_path_factory.mktemp("restarted"), {"fsync": "off"})
    url = server.start()
    try:
        migrate(url)
        with read_models(url) as models, running(models.projector()):
            models.record(sent(models, 1))
            eventually(shows(models, 1))
            server.stop()
            server.start()
            models.record(sent(models, 2))
            eventually(shows(models, 2), within=30)
    finally:
        server.stop()


def test_no_batch_leaves_cycles_behind(models: ReadModels) -> None:
    """So the collector of cycles has nothing to look for, and never looks while all goes well."""
    projector = models.projector()
    models.record(*[sent(models, number) for number in range(3)])
    projector.run_once()
    models.record(*[sent(models, number) for number in range(3, 60)])
    gc.collect()
    with uncollected():
        assert projector.run_once() > 200
        assert gc.collect() < 50
