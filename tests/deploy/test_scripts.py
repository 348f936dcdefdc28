"""The small programs beside the container files, run as they are."""

import base64
import os
import shutil
import subprocess
from pathlib import Path

from adapters.database.embedded import binaries
from adapters.database.pool import connect
from adapters.keys.master import read_master_key
from tests.support.database import embedded_server

DEPLOY = Path(__file__).parent.parent.parent / "deploy"


def run(command: list[str | Path], **environment: str) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_secrets_are_made_once_and_the_master_key_is_one(tmp_path: Path) -> None:
    script = shutil.copy(DEPLOY / "make-secrets", tmp_path)
    run([script], PATH=os.environ["PATH"])
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert len(set(made.values())) == len(made) == 3
    read_master_key(made["master_key"], tmp_path / "nowhere")
    assert len(base64.b64decode(made["database_password"])) == 32
    run([script], PATH=os.environ["PATH"])
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == made
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0


def test_the_entrypoint_takes_secrets_from_files_and_hands_the_arguments_on(tmp_path: Path) -> None:
    program = tmp_path / "sendtrail"
    program.write_text('#!/bin/sh\necho "$SENDTRAIL_MASTER_KEY|$PGPASSWORD|${PGPASSWORD_FILE:-gone}|$1|$2"\n')
    program.chmod(0o755)
    (tmp_path / "key").write_text("a key\n")
    (tmp_path / "password").write_text("it's $HOME")
    said = run(
        [DEPLOY / "entrypoint.sh", "migrate", "two words"],
        PATH=f"{tmp_path}:{os.environ['PATH']}",
        SENDTRAIL_MASTER_KEY_FILE=str(tmp_path / "key"),
        PGPASSWORD_FILE=str(tmp_path / "password"),
    )
    assert said == "a key|it's $HOME|gone|migrate|two words\n"


def test_a_secret_that_cannot_be_read_stops_the_container(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "PGPASSWORD_FILE": str(tmp_path / "missing")}
    done = subprocess.run([DEPLOY / "entrypoint.sh"], env=environment, capture_output=True, check=False)
    assert done.returncode != 0


def test_the_databases_first_start_makes_an_ordinary_login_with_the_password(tmp_path: Path) -> None:
    (tmp_path / "password").write_text('it\'s a "secret"')
    with embedded_server(tmp_path / "server", {"fsync": "off"}) as server:
        superuser = server.url("postgres", "postgres")
        with connect(superuser, autocommit=True) as connection:
            connection.execute("DROP DATABASE sendtrail")
            connection.execute("DROP ROLE sendtrail")
        run(
            [DEPLOY / "create-database.sh"],
            PATH=f"{binaries()}:{os.environ['PATH']}",
            PGHOST=str(server.socket_folder),
            DATABASE_PASSWORD_FILE=str(tmp_path / "password"),
        )
        with connect(superuser) as connection:
            sql = """SELECT rolcanlogin, rolcreaterole, rolsuper, rolpassword LIKE 'SCRAM-SHA-256$%', datname
                     FROM pg_authid JOIN pg_database ON datdba = pg_authid.oid WHERE rolname = 'sendtrail'"""
            assert connection.execute(sql.encode()).fetchall() == [(True, True, False, True, "sendtrail")]
