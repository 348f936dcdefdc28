"""One more process of a rebuild or of a projector. It imports no more than it needs: that takes longer than many a job.

What to do comes as a line on standard input, whose end is the end of the process that started us. What went wrong goes
to standard output.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from adapters.database.pool import Role, sync_pool
from adapters.database.session import Database
from adapters.keys.master import read_master_key
from adapters.keys.ring import KeyRing
from consumers.faults import in_one_line

STDIN = 0
T = TypeVar("T")


class Access(msgspec.Struct):
    """`master_key` and its file as in the settings; whoever started us has compared it with the database's."""

    database_url: str
    master_key: str | None
    key_file: str

    @contextmanager
    def opened(self, role: Role, connections: int, name: str) -> Iterator[tuple[Database, KeyRing]]:
        master = read_master_key(self.master_key, Path(self.key_file))
        with sync_pool(self.database_url, role, max_size=connections, application_name=name) as pool:
            pool.wait(timeout=30)
            database = Database(pool, per_tenant=False)
            yield database, KeyRing(database, master)


def run(kind: type[T], work: Callable[[T], None]) -> None:
    """`work` what is told, which is of that kind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open(STDIN, "rb", buffering=0, closefd=False) as given:
        told = msgspec.json.decode(given.readline(), type=kind)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        work(told)
    except Exception as error:  # noqa: BLE001  (the process that started us says it)
        sys.exit(_said(in_one_line(error)))


def _said(line: str) -> int:
    sys.stdout.write(line)
    return 1


def _end_with_parent() -> None:
    while os.read(STDIN, 1):
        pass
    os._exit(1)
