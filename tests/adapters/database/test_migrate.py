import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from psycopg.errors import UndefinedTable

from adapters.database.migrate import FOLDER, MigrationError, migrate
from adapters.database.pool import connect
from tests.support.database import embedded_server
from tests.support.eventually import eventually

ALL = sorted(path.name for path in FOLDER.glob("[0-9]*.sql"))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A copy of the migrations, to be changed."""
    return shutil.copytree(FOLDER, tmp_path / "migrations")


def test_a_new_database_gets_every_file_and_a_second_time_nothing_happens(empty_database_url: str) -> None:
    assert migrate(empty_database_url) == ALL
    assert migrate(empty_database_url) == []


def test_the_schema_belongs_to_the_owner_role(database_url: str) -> None:
    sql = """SELECT DISTINCT pg_get_userbyid(nspowner) FROM pg_namespace
             WHERE nspname IN ('events', 'read', 'work', 'config', 'sendtrail')"""
    with connect(database_url) as connection:
        assert connection.execute(sql).fetchall() == [("sendtrail_owner",)]


def test_a_file_that_changed_after_it_was_applied_is_refused_by_name(database_url: str, files: Path) -> None:
    changed = files / ALL[2]
    changed.write_text(changed.read_text() + "\n-- an afterthought\n")
    (files / "9999_new.sql").write_text("CREATE TABLE work.new ()")
    with pytest.raises(MigrationError, match=rf"changed since they were applied: {ALL[2]}"):
        migrate(database_url, files)
    with connect(database_url, "sendtrail_owner") as connection, pytest.raises(UndefinedTable):
        connection.execute("SELECT FROM work.new")


def test_a_database_of_a_newer_release_is_refused(database_url: str, files: Path) -> None:
    (files / ALL[-1]).unlink()
    with pytest.raises(MigrationError, match=rf"this release does not know: {ALL[-1]}"):
        migrate(database_url, files)


def test_a_file_numbered_below_what_is_applied_is_refused(database_url: str, files: Path) -> None:
    (files / "0000_early.sql").write_text("SELECT 1")
    with pytest.raises(MigrationError, match="0000_early"):
        migrate(database_url, files)


def test_a_file_that_fails_leaves_nothing_of_itself_and_can_be_applied_once_mended(
    database_url: str, files: Path
) -> None:
    (files / "9998_good.sql").write_text("CREATE TABLE work.good ()")
    bad = files / "9999_bad.sql"
    bad.write_text("CREATE TABLE work.half (); SELECT * FROM work.nowhere")
    begun: list[str] = []
    with pytest.raises(UndefinedTable):
        migrate(database_url, files, begun.append)
    assert begun == ["9998_good.sql", "9999_bad.sql"]
    bad.write_text("CREATE TABLE work.half ()")
    assert migrate(database_url, files) == ["9999_bad.sql"]


def test_of_migrators_at_the_same_moment_one_works_and_the_others_wait(empty_database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(migrate, [empty_database_url] * 4))
    assert sorted(applied) == [[], [], [], ALL]


def test_databases_of_one_server_may_be_migrated_at_the_same_moment(tmp_path: Path) -> None:
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = 'second'"
    with embedded_server(tmp_path, {"fsync": "off"}) as server, ThreadPoolExecutor(1) as pool:
        with connect(server.url("postgres", "postgres"), autocommit=True) as admin:
            admin.execute("CREATE DATABASE second OWNER sendtrail")
            with connect(server.url()) as first:
                first.execute((FOLDER / "roles.sql").read_bytes())
                second = pool.submit(migrate, server.url("second"))
                eventually(lambda: admin.execute(waiting).rowcount)
            assert second.result(60) == ALL
