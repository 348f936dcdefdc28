"""A rebuild leaves what live processing left, row for row and right for right, and takes nothing from readers."""

import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.errors import InsufficientPrivilege

from adapters.bootstrap import Installation
from adapters.database.pool import connect
from consumers.projecting import NAMES
from consumers.rebuild.errors import RebuildError
from consumers.rebuild.plan import begin
from consumers.rebuild.rebuilding import LOCK, Rebuilding
from consumers.rebuild.working import Working
from domain.customer import Customer
from tests.adapters.database.test_schema import dump
from tests.adapters.database.test_tenants import VIEWS, as_api, on
from tests.consumers.read_models import ReadModels
from tests.consumers.rebuilt import Heard, sent
from tests.projections.told import at
from tests.support.eventually import eventually


@pytest.mark.parametrize("processes", [1, 2])
def test_everything_anew_is_what_was_there(models: ReadModels, owner: Installation, processes: int) -> None:
    customer = Customer(models.tenant, "c-0", timestamp=at(0))
    models.record(*(sent(models, number, number % 2) for number in range(40)), customer)
    models.projector().run_once()
    models.erase(customer, [UUID(models.key(0).id)])
    models.projector().run_once()
    live, schema, heard = models.rows(), dump(models.url), Heard()
    assert Rebuilding(owner, processes=processes, audience=heard).rebuild() == 162
    assert models.rows() == live
    assert dump(models.url) == schema
    assert heard.progress[-1].done == heard.progress[-1].jobs
    assert heard.progress[-1].events == 162


def test_one_alone_leaves_the_others(models: ReadModels, owner: Installation) -> None:
    models.record(*(sent(models, number) for number in range(3)))
    models.projector().run_once()
    live, schema = models.rows(), dump(models.url)
    models.change("UPDATE read.attempt SET doc = '{}'", "UPDATE read.communication SET doc = '{}'")
    Rebuilding(owner, ["attempt_log"]).rebuild()
    assert models.rows() | {"communication": []} == live | {"communication": []}
    assert models.one("SELECT count(*) FROM read.communication WHERE doc = '{}'") == 3
    assert dump(models.url) == schema


def test_what_was_lost_or_stood_at_different_places_comes_back(models: ReadModels, owner: Installation) -> None:
    models.record(*(sent(models, number) for number in range(3)))
    models.projector().run_once()
    live = models.rows()
    models.change("DELETE FROM read.key_use", "UPDATE read.checkpoint SET position = 3 WHERE projection = 'overview'")
    with pytest.raises(RebuildError, match="rebuild all of them"):
        Rebuilding(owner, ["overview"]).rebuild()
    Rebuilding(owner).rebuild()
    assert models.rows() == live
    models.empty()
    Rebuilding(owner).rebuild()
    assert models.rows() == live


@pytest.mark.parametrize("projected", [True, False])
def test_an_erasure_while_it_waits_to_be_resumed(models: ReadModels, owner: Installation, projected: bool) -> None:
    """What was told before still shows the values; what is told after it never may."""
    customer = Customer(models.tenant, "c-0", timestamp=at(0))
    models.record(*(sent(models, number, number % 2) for number in range(4)), customer)
    models.projector().run_once()
    Working(owner.database, owner.keys, begin(owner.database, NAMES, 17, 1)).run()
    models.erase(customer, [UUID(models.key(0).id)])
    models.record(sent(models, 9))
    if projected:
        models.projector().run_once()
    Rebuilding(owner).rebuild()
    models.projector().run_once()
    rebuilt = models.rows()
    assert "ap0@payer" not in str(rebuilt)
    models.empty()
    models.projector().run_once()
    assert models.rows() == rebuilt


def test_only_one_at_a_time(models: ReadModels, owner: Installation) -> None:
    with models.holding(LOCK), pytest.raises(RebuildError, match="another rebuild is running"):
        Rebuilding(owner).rebuild()


def test_no_event_of_a_slow_writer_is_missed(models: ReadModels, owner: Installation) -> None:
    """It got its position before the head was looked for, and commits after."""
    with connect(models.url, "sendtrail_worker") as slow, ThreadPoolExecutor(1) as thread:
        one, event = models.appended(slow, sent(models, 1))
        models.record(sent(models, 2))
        rebuilding = thread.submit(Rebuilding(owner).rebuild)
        eventually(lambda: models.sessions("query LIKE '%virtualtransaction%'"))
        slow.commit()
        assert rebuilding.result(30) == event + 4
    assert models.one("SELECT count(*) FROM read.communication WHERE communication_id = %s", one.id) == 1
    live = models.rows()
    models.empty()
    models.projector().run_once()
    assert models.rows() == live


def test_beside_a_projector_writers_and_readers_who_never_see_a_gap(models: ReadModels, owner: Installation) -> None:
    models.record(*(sent(models, number) for number in range(200)))
    models.projector().run_once()
    stop = threading.Event()

    def write() -> int:
        count = 0
        while not stop.is_set():
            count += 1
            models.record(sent(models, 1000 + count))
        return count

    def read(source: str) -> int:
        """How often it looked; each time there were all rows that were there before."""
        seen, looks = 200, 0
        with connect(models.url, "sendtrail_api", autocommit=True) as api:
            api.execute("SELECT set_config('app.tenant', %s, false)", (str(models.tenant),))
            while not stop.is_set():
                row = api.execute(f"SELECT count(*) FROM read.{source}", prepare=True).fetchone()
                assert row is not None
                assert row[0] >= seen, f"{row[0]} of {seen} rows of {source}"
                seen, looks = row[0], looks + 1
        return looks

    sources = ["communication", "attempt", "communication_of_tenant", "attempt_of_tenant"]
    with ThreadPoolExecutor(6) as threads:
        ended: list[Future[Any]] = [threads.submit(models.projector().run, stop), threads.submit(write)]
        ended += [threads.submit(read, source) for source in sources]
        try:
            for _ in range(3):
                Rebuilding(owner).rebuild()
        finally:
            stop.set()
        done = [one.result(30) for one in ended]
    assert min(done[1:]) > 10
    models.projector().run_once()
    live = models.rows()
    models.empty()
    models.projector().run_once()
    assert models.rows() == live


COUNTED = """
    CREATE TABLE read.tally (
        listed text PRIMARY KEY, number bigint NOT NULL
    );
    CREATE FUNCTION read.tally_rows() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
    BEGIN
        INSERT INTO read.tally AS t SELECT 'attempt', count(*) FROM gained
        ON CONFLICT (listed) DO UPDATE SET number = t.number + excluded.number;
        RETURN NULL;
    END $$;
    CREATE TRIGGER tally AFTER INSERT ON read.attempt REFERENCING NEW TABLE AS gained
        FOR EACH STATEMENT EXECUTE FUNCTION read.tally_rows();
    CREATE FUNCTION read.recount_tally(what text, source regclass) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF what NOT IN ('attempt', 'communication') THEN
            RETURN;
        END IF;
        DELETE FROM read.tally WHERE listed = what;
        EXECUTE format('INSERT INTO read.tally SELECT %L, count(*) FROM %s', what, source);
    END $$;
    ALTER TABLE read.attempt ADD COLUMN size bigint GENERATED ALWAYS AS (length(doc)) STORED,
        ALTER COLUMN search SET STATISTICS 1000, SET (fillfactor = 90);
    COMMENT ON COLUMN read.attempt.size IS 'in characters';
"""


def test_what_a_later_migration_adds_is_exchanged_too(models: ReadModels, owner: Installation) -> None:
    """Columns that are made of others, settings, comments, triggers, and what triggers keep."""
    models.change(COUNTED)
    models.record(*(sent(models, number) for number in range(3)))
    schema = dump(models.url)
    Rebuilding(owner).rebuild()
    assert models.counted() == {"attempt": 3, "communication": 3}
    models.record(sent(models, 9))
    models.projector().run_once()
    assert models.counted()["attempt"] == 4
    models.change("UPDATE read.tally SET number = 100")
    Rebuilding(owner, ["attempt_log"]).rebuild()
    assert models.counted() == {"attempt": 4, "communication": 100}
    assert dump(models.url) == schema


def test_tenants_are_held_apart_and_found_by_search_afterwards(models: ReadModels, owner: Installation) -> None:
    models.record(sent(models, 1))
    mine, models.tenant = models.tenant, uuid4()
    models.record(sent(models, 2))
    Rebuilding(owner).rebuild()
    with as_api(models.url, mine) as api:
        for table in ("read.communication", "read.attempt", *VIEWS):
            assert api.execute(on("SELECT tenant_id FROM {}", table)).fetchall() == [(mine,)], table
        for view in VIEWS:
            sql = on("SELECT count(*) FROM {} WHERE search LIKE '%%inv%%'", view)
            assert api.execute(sql).fetchall() == [(1,)]
        for table in ("read.key_use", "read.rebuild", "read.rebuild_job"):
            with pytest.raises(InsufficientPrivilege), api.transaction():
                api.execute(on("SELECT * FROM {}", table))


def test_nobody_reads_what_is_not_whole(models: ReadModels, owner: Installation) -> None:
    models.record(sent(models, 1))
    plan = begin(owner.database, NAMES, 4, 1)
    Working(owner.database, owner.keys, plan).run()
    for role in ("sendtrail_api", "sendtrail_worker"):
        for table in plan.tables:
            with connect(models.url, role) as connection, pytest.raises(InsufficientPrivilege):
                connection.execute(on("SELECT * FROM {}", f"read.{table.next}"))


@pytest.mark.parametrize("kind", ["rebuild", "parts"])
def test_another_process_imports_nothing_that_it_does_not_need(kind: str) -> None:
    """That took longer than the work of many a rebuild."""
    ask = f"import sys, consumers.{kind}.worker; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-P", "-c", ask], capture_output=True, text=True, check=True).stdout.split()
    assert f"consumers.{kind}.working" in found
    assert not {"adapters.providers.registry", "adapters.settings", "pydantic", "httpx", "fastapi"} & set(found)
