import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import errors

from adapters.database.embedded import EmbeddedServer, EmbeddedServerError
from adapters.database.pool import connect
from tests.support.database import embedded_server
from tests.support.eventually import eventually


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """One for all tests here, which each leave it running."""
    with embedded_server(tmp_path_factory.mktemp("embedded")) as server:
        yield server


def shown(server: EmbeddedServer, setting: str) -> object:
    with connect(server.url()) as connection:
        row = connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()
    return row and row[0]


def test_it_is_a_durable_postgresql_18_that_no_network_reaches(running: EmbeddedServer) -> None:
    assert str(shown(running, "server_version")).startswith("18.")
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert shown(running, setting) == "on", setting
    assert shown(running, "listen_addresses") == ""
    assert running.socket_folder.stat().st_mode & 0o077 == 0


def test_sendtrails_login_is_an_ordinary_user_who_owns_the_database(running: EmbeddedServer) -> None:
    with connect(running.url()) as connection:
        sql = """SELECT rolname, rolsuper, pg_get_userbyid(datdba) FROM pg_roles, pg_database
                 WHERE rolname = current_user AND datname = current_database()"""
        assert connection.execute(sql).fetchone() == ("sendtrail", False, "sendtrail")


def test_letters_of_every_language_can_be_searched(running: EmbeddedServer) -> None:
    with connect(running.url()) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        assert connection.execute("SELECT lower('ÜŁÉ'), show_trgm('ü') = '{}'").fetchone() == ("üłé", False)


def test_a_second_handle_finds_it_running(running: EmbeddedServer) -> None:
    again = EmbeddedServer(running.folder)
    assert again.is_running()
    assert (again.start(), again.pid()) == (running.url(), running.pid())


def test_stopping_keeps_the_data_and_starting_keeps_the_url(running: EmbeddedServer) -> None:
    before = running.url()
    with connect(before) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    running.stop()
    assert not running.is_running()
    assert running.start() == before
    with connect(before) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (1,)


def test_stopping_what_does_not_run_does_nothing(tmp_path: Path) -> None:
    EmbeddedServer(tmp_path).stop()
    assert not EmbeddedServer(tmp_path).is_running()


def test_after_a_kill_it_starts_again_with_what_was_committed(running: EmbeddedServer) -> None:
    with connect(running.url()) as connection:
        connection.execute("CREATE TABLE committed AS SELECT 2 AS number")
    os.kill(running.pid() or 0, signal.SIGKILL)
    running.start()
    with connect(running.url()) as connection:
        assert connection.execute("SELECT number FROM committed").fetchone() == (2,)


def test_another_process_that_has_got_the_number_of_a_killed_server_is_not_taken_for_it(
    running: EmbeddedServer,
) -> None:
    pid_file = running.data / "postmaster.pid"
    os.kill(running.pid() or 0, signal.SIGKILL)
    eventually(lambda: not running.is_running())
    lines = pid_file.read_text().split("\n")
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    assert not running.is_running()
    running.stop()
    running.start()
    assert running.pid() != os.getpid()


def test_one_that_is_still_coming_up_is_waited_for(running: EmbeddedServer) -> None:
    """As when whoever started it was killed meanwhile. Stopped by a signal, it takes no connections, for a moment."""
    pid = running.pid() or 0
    os.kill(pid, signal.SIGSTOP)
    wake = threading.Timer(0.3, os.kill, (pid, signal.SIGCONT))
    wake.start()
    assert EmbeddedServer(running.folder).start() == running.url()
    wake.join()
    assert running.pid() == pid


def test_it_outlives_the_process_that_started_it(running: EmbeddedServer) -> None:
    running.stop()
    code = f"""
from pathlib import Path
from adapters.database.embedded import EmbeddedServer
EmbeddedServer(Path({str(running.folder)!r})).start()
print("up", flush=True)
input()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"up\n"
        starter.kill()
    with connect(running.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_of_several_that_start_it_at_once_one_does(running: EmbeddedServer) -> None:
    running.stop()
    code = f"""
from pathlib import Path
from adapters.database.embedded import EmbeddedServer
server = EmbeddedServer(Path({str(running.folder)!r}))
server.start()
print(server.pid())
"""
    starters = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    pids = {starter.communicate(timeout=60)[0].strip() for starter in starters}
    assert pids == {str(running.pid())}


def test_the_log_holds_no_values_of_rows_or_statements(running: EmbeddedServer) -> None:
    with connect(running.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE address (mail text PRIMARY KEY)")
        connection.execute("INSERT INTO address VALUES ('jane@example.com')")
        with pytest.raises(errors.UniqueViolation):
            connection.execute("INSERT INTO address VALUES ('jane@example.com')")
    said = running.log.read_text()
    assert "duplicate key value" in said
    assert "jane" not in said


def test_a_long_path_gets_a_short_socket_folder_that_is_always_the_same(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    first, second = EmbeddedServer(deep).socket_folder, EmbeddedServer(deep).socket_folder
    assert first == second != EmbeddedServer(deep / "other").socket_folder
    assert len(os.fsencode(first)) < 90


def test_a_socket_folder_that_somebody_else_put_there_is_refused(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "server")
    server.folder.mkdir()
    (tmp_path / "elsewhere").mkdir()
    server.socket_folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="belongs to somebody else"):
        server.start()


def test_what_the_server_says_when_it_cannot_start_reaches_the_caller(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="shared_buffers"):
        EmbeddedServer(tmp_path, {"shared_buffers": "none"}).start()


def test_a_first_start_that_was_cut_short_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "data.new").mkdir()
    (tmp_path / "data.new" / "PG_VERSION").write_text("18\n")
    with embedded_server(tmp_path, {"fsync": "off"}) as server:
        assert server.is_running()
