"""A rebuild that cannot go on says why, leaves the live tables as they are, and goes on later where it can."""

import re
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from adapters.bootstrap import Installation
from adapters.database.pool import connect
from consumers.projecting import NAMES
from consumers.rebuild import exchanging
from consumers.rebuild.errors import RebuildError
from consumers.rebuild.plan import Progress, begin
from consumers.rebuild.rebuilding import Rebuilding
from projections.errors import UnprojectedEventError
from tests.consumers.read_models import ReadModels
from tests.consumers.rebuilt import Heard, sent
from tests.support.eventually import eventually

WAITS = "wait_event_type = 'Lock' AND query LIKE '%LOCK TABLE%'"


def test_an_event_that_nobody_decided_about_ends_it_before_anything_is_exchanged(
    models: ReadModels, owner: Installation
) -> None:
    models.record(sent(models, 1))
    models.projector().run_once()
    live = models.rows()
    columns = ([models.tenant], [uuid4()], [1], ["InvoiceCommunication.Telepathy"], [b"{}"])
    with models.database.transaction() as connection:
        connection.execute("SELECT events.append(%b::uuid[], %b::uuid[], %b::int8[], %b::text[], %b::bytea[])", columns)
    for processes in (1, 2):
        with pytest.raises((UnprojectedEventError, RebuildError), match=r"Telepathy, version 1 .* position 5"):
            Rebuilding(owner, processes=processes).rebuild()
    assert models.rows() == live


def test_a_release_never_goes_on_with_the_rows_of_another(models: ReadModels, owner: Installation) -> None:
    models.record(sent(models, 1))
    begin(owner.database, NAMES, 4, 1)
    for change, said in (
        (
            "started_at = '2026-01-15 09:00Z'",
            r"resuming .* 2026-01-15 09:00:00 .*: 0 of \d+ parts",
        ),
        ("program = 'older'", "starting over: the program or the schema has changed"),
        (
            "projections = '{overview}'",
            "starting over: what was begun is a rebuild of overview",
        ),
    ):
        heard = Heard()
        models.change(f"UPDATE read.rebuild SET {change}")
        Rebuilding(owner, audience=heard).rebuild()
        assert re.match(said, heard.lines[0]), heard.lines
        begin(owner.database, NAMES, 4, 1)


def test_a_table_that_somebody_keeps_locked_is_waited_for_and_then_given_up(
    models: ReadModels, owner: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.record(sent(models, 1))
    monkeypatch.setattr(exchanging, "PATIENCE", 0.1)
    with connect(models.url, "sendtrail_worker") as reader:
        reader.execute("SELECT FROM read.attempt")
        with pytest.raises(RebuildError, match="keeps a read model locked"):
            Rebuilding(owner).rebuild()
        monkeypatch.setattr(exchanging, "PATIENCE", 30)
        with ThreadPoolExecutor(1) as thread:
            rebuilding = thread.submit(Rebuilding(owner).rebuild)
            eventually(lambda: models.sessions(WAITS))
            reader.rollback()
            assert rebuilding.result(30) == 4
    assert models.one("SELECT count(*) FROM read.communication") == 1


FULL = """
    CREATE FUNCTION read.space() RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'could not extend file "base/1": No space left on device' USING ERRCODE = 'disk_full';
    END $$;
    ALTER TABLE read.attempt ADD CONSTRAINT space CHECK (read.space()) NOT VALID;
"""
ROOM = "CREATE OR REPLACE FUNCTION read.space() RETURNS boolean LANGUAGE sql AS 'SELECT true'"


@pytest.mark.parametrize("processes", [1, 2])
def test_a_full_disk_is_said_in_one_line_and_gone_on_from(
    models: ReadModels, owner: Installation, processes: int
) -> None:
    models.record(*(sent(models, number) for number in range(3)))
    models.projector().run_once()
    live, heard = models.rows(), Heard()
    models.change(FULL)
    with pytest.raises(
        RebuildError, match="No space left on device; what is built is kept, run the same again"
    ) as told:
        Rebuilding(owner, processes=processes).rebuild()
    assert "payer" not in str(told.value)
    assert models.rows() == live
    models.change(ROOM)
    Rebuilding(owner, processes=processes, audience=heard).rebuild()
    assert "resuming" in heard.lines[0]
    assert models.rows() == live


def test_a_lost_connection_is_said_and_gone_on_from(models: ReadModels, owner: Installation) -> None:
    models.record(*(sent(models, number) for number in range(3)))
    models.projector().run_once()
    live = models.rows()

    class Killing(Heard):
        def shows(self, progress: Progress) -> None:
            super().shows(progress)
            if progress.done == 7:
                models.kill("usename = current_user")

    with pytest.raises(RebuildError, match="run the same again"):
        Rebuilding(owner, audience=Killing()).rebuild()
    heard = Heard()
    Rebuilding(owner, audience=heard).rebuild()
    assert "resuming" in heard.lines[0]
    assert models.rows() == live
