"""Single processes of Sendtrail, and others, as a bench or a test that kills them needs them."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.eventually import eventually
from tests.support.guard import ends_with_us
from tests.support.installation import MASTER_KEY
from tests.support.ports import free_port


def environment(
    database_url: str, folder: Path, port: int = 0, kafka: str = "", topic: str = "", kafka_options: Path | None = None
) -> dict[str, str]:
    """Of an installation on this database; tests.support.installation has the same master key."""
    told = {
        "DATABASE_URL": database_url, "DATA_DIR": str(folder), "MASTER_KEY": MASTER_KEY, "PORT": str(port or ""),
        "KAFKA": kafka, "WEBHOOK_TOPIC": topic, "KAFKA_OPTIONS": str(kafka_options or ""),
    }  # fmt: skip
    return os.environ | {f"SENDTRAIL_{name}": value for name, value in told.items() if value}


@contextmanager
def running(module: str, *words: str, folder: Path, env: dict[str, str] | None = None) -> Iterator[int]:
    """`python -m MODULE WORDS`; its process id. Ended with SIGTERM, and whatever becomes of us."""
    with (folder / f"{'-'.join([module, *words[:1]])}.log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", module, *words], env=env, stdout=log, stderr=log)
    with ends_with_us(f"kill -KILL {process.pid}"):
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def serving(database_url: str, folder: Path) -> Iterator[tuple[int, int]]:
    """`sendtrail serve` that takes connections: its port and its process id."""
    port = free_port()
    with running("api.cli", "serve", folder=folder, env=environment(database_url, folder, port)) as pid:
        listening(port)
        yield port, pid


def listening(port: int) -> None:
    """Returns once somebody listens there."""

    def answers() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    eventually(answers, within=60)
