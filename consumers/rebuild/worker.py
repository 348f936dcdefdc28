"""One more process of a rebuild. It imports no more than it needs, because that takes longer than many a rebuild.

What to do comes as a line on standard input, whose end is the end of the process that started us. What went wrong goes
to standard output.
"""

import os
import signal
import sys
import threading
from pathlib import Path

import msgspec

from adapters.database.pool import sync_pool
from adapters.database.session import Database
from adapters.keys.master import read_master_key
from adapters.keys.ring import KeyRing
from consumers.rebuild.faults import in_one_line
from consumers.rebuild.plan import Plan
from consumers.rebuild.working import POOL_SIZE, Working

STDIN = 0


class Told(msgspec.Struct):
    """`master_key` and its file as in the settings, whoever started us has compared it with the database's."""

    database_url: str
    master_key: str | None
    key_file: str
    plan: Plan


def work(told: Told) -> None:
    master = read_master_key(told.master_key, Path(told.key_file))
    with sync_pool(
        told.database_url, "sendtrail_owner", max_size=POOL_SIZE, application_name="sendtrail rebuild"
    ) as pool:
        pool.wait(timeout=30)
        database = Database(pool, per_tenant=False)
        Working(database, KeyRing(database, master), told.plan).run()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open(STDIN, "rb", buffering=0, closefd=False) as given:
        told = msgspec.json.decode(given.readline(), type=Told)
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


if __name__ == "__main__":
    main()
