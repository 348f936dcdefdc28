import os
import signal
from pathlib import Path

import pytest
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import QueryCanceled
from psycopg_pool import PoolTimeout

from adapters.database.pool import Role, connect, conninfo, sync_pool
from tests.support.database import embedded_server


@pytest.mark.parametrize("role", ["sendtrail_api", "sendtrail_worker", "sendtrail_owner"])
def test_a_connection_has_the_rights_of_its_role(database_url: str, role: Role) -> None:
    with sync_pool(database_url, role, application_name="this test") as pool, pool.connection() as connection:
        row = connection.execute("SELECT current_user, current_setting('application_name')").fetchone()
    assert row == (role, "this test")


def test_without_a_role_a_connection_is_the_login_users(database_url: str) -> None:
    with connect(database_url) as connection:
        assert connection.execute("SELECT current_user = session_user").fetchone() == (True,)


def test_what_the_url_says_itself_is_kept() -> None:
    url = "postgresql://user@host/name?keepalives_idle=5&options=-c%20work_mem%3D8MB&application_name=mine"
    said = conninfo_to_dict(conninfo(url, "sendtrail_api"))
    assert (said["keepalives_idle"], said["application_name"], said["host"]) == ("5", "mine", "host")
    assert str(said["options"]).startswith("-c work_mem=8MB ")
    assert "-c role=sendtrail_api" in str(said["options"])


def test_a_malformed_url_is_refused() -> None:
    with pytest.raises(ProgrammingError):
        conninfo("postgresql://host/?nonsense=1", "sendtrail_api")


def test_a_client_that_hangs_inside_a_transaction_is_cut_off_but_a_rebuild_is_not(database_url: str) -> None:
    def limit(role: Role) -> object:
        with connect(database_url, role) as connection:
            return connection.execute("SHOW idle_in_transaction_session_timeout").fetchone()

    assert (limit("sendtrail_worker"), limit("sendtrail_api"), limit("sendtrail_owner")) == (
        ("1min",),
        ("1min",),
        ("0",),
    )


def test_an_exhausted_pool_says_so_in_time(database_url: str) -> None:
    with sync_pool(database_url, "sendtrail_api", max_size=1, timeout=0.1) as pool, pool.connection():
        with pytest.raises(PoolTimeout), pool.connection():
            pytest.fail("there was a second connection")


def test_a_statement_can_be_bounded(database_url: str) -> None:
    with sync_pool(database_url, "sendtrail_api", statement_timeout="50ms") as pool, pool.connection() as connection:
        with pytest.raises(QueryCanceled):
            connection.execute("SELECT pg_sleep(30)")


def test_all_that_were_lost_together_are_found_together(database_url: str) -> None:
    with sync_pool(database_url, "sendtrail_api", max_size=8, timeout=3, application_name="lost") as pool:
        lent = [pool.getconn() for _ in range(8)]
        for one in lent:
            pool.putconn(one)
        with connect(database_url, None, autocommit=True) as killer:
            killer.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE application_name = 'lost' AND datname = current_database()"
            )
        with pool.connection() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_pool_heals_after_the_server_was_killed_and_started_again(tmp_path: Path) -> None:
    with embedded_server(tmp_path, {"fsync": "off"}) as server:
        with connect(server.url(), autocommit=True) as admin:
            admin.execute("CREATE ROLE sendtrail_worker")
            admin.execute("GRANT sendtrail_worker TO sendtrail")
        with sync_pool(server.url(), "sendtrail_worker", min_size=2) as pool:
            with pool.connection() as connection:
                before = connection.info.backend_pid
            os.kill(server.pid() or 0, signal.SIGKILL)
            server.start()
            with pool.connection() as connection:
                assert connection.info.backend_pid != before
