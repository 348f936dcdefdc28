"""What the console command refuses, and how it says so: one line that names what to do."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.config.tenants import ConfigError
from adapters.database.embedded import EmbeddedServer
from adapters.settings import Settings
from api.cli.listening import alone_in, require_free
from api.cli.up import _database
from tests.api.service import Service
from tests.support.installation import MASTER_KEY


def refusal(*words: str, **environment: str) -> str:
    """The one line on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "api.cli", *words],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    return line


@pytest.fixture
def taken() -> "socket.socket":
    return socket.create_server(("127.0.0.1", 0))


def test_an_address_that_is_taken(taken: socket.socket, tmp_path: Path) -> None:
    """Somebody else may answer there, so nothing is started and then asked whether it is up."""
    port = taken.getsockname()[1]
    said = f"sendtrail: cannot listen on 127.0.0.1:{port} (address already in use): name another with"
    with taken:
        assert refusal("up", "--data-dir", str(tmp_path), "--port", str(port)) == f"{said} --port"
        assert refusal("simulate", "--port", str(port)) == f"{said} --port"
        assert refusal("simulate", "--port", "0", "--smtp-port", str(port)) == f"{said} --smtp-port"
    assert list(tmp_path.iterdir()) == []
    require_free("127.0.0.1", port)


def test_an_address_that_is_none() -> None:
    with pytest.raises(ConfigError, match=r"^cannot listen on no\.such\.host\.invalid:8080 \("):
        require_free("no.such.host.invalid", 8080)


def test_a_second_one_in_the_same_folder(tmp_path: Path) -> None:
    """It would take the first one's PostgreSQL, webhook address and work."""
    with alone_in(tmp_path):
        assert "is up in" in refusal("up", "--data-dir", str(tmp_path), "--port", "0")
    with alone_in(tmp_path):
        pass


def test_what_a_killed_one_left_running_is_ended(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "postgres")
    server.start()
    with _database(Settings(data_dir=tmp_path, database_url="")) as located:
        assert located.database_url == server.url()
    assert not server.is_running()


def test_a_variable_that_is_not_valid_is_named_but_not_repeated() -> None:
    said = refusal("tenant", "list", SENDTRAIL_RAW_DAYS="s3cret")
    assert said.startswith("sendtrail: SENDTRAIL_RAW_DAYS: ")
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("tenant", "add", ""), "a tenant needs a name"),
        (("tenant", "add", "a\nb"), "a tenant needs a name"),
        (("key", "add", "--tenant", "nobody"), "no tenant 'nobody'"),
        (
            ("connection", "add", "x", "--tenant", "t", "--provider", "smtp", "--set", "host"),
            "--set host says no",
        ),
    ],
)
def test_what_is_missing(service: Service, words: tuple[str, ...], says: str) -> None:
    url = service.owner.settings.database_url
    assert says in refusal(*words, SENDTRAIL_DATABASE_URL=url, SENDTRAIL_MASTER_KEY=MASTER_KEY)


def test_a_file_that_is_not_there_or_no_text(service: Service, tmp_path: Path) -> None:
    junk, there = tmp_path / "junk", {"SENDTRAIL_DATABASE_URL": service.owner.settings.database_url}
    junk.write_bytes(b"\xff\xfe\x00")
    for path, says in [
        (tmp_path / "none", f"cannot read {tmp_path / 'none'}: no such file or directory"),
        (tmp_path, f"cannot read {tmp_path}: is a directory"),
        (junk, f"{junk} is not text in UTF-8"),
    ]:
        assert refusal("webhook", "explain", str(path)) == f"sendtrail: {says}"
        words = ("connection", "add", "x", "--tenant", "t", "--provider", "sendgrid", "--secret", f"api_key=@{path}")
        assert refusal(*words, SENDTRAIL_MASTER_KEY=MASTER_KEY, **there) == f"sendtrail: {says}"
