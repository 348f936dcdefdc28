"""One more process of a projector that has a large backlog before it (see consumers/worker.py)."""

import time
from collections import deque

import msgspec
from psycopg import OperationalError

from consumers.parts.working import POOL_SIZE, Part, project
from consumers.worker import Access, run

PAUSE = 0.5


class Told(msgspec.Struct):
    access: Access
    parts: list[Part]


def work(told: Told) -> None:
    """One after the other. A database that is away is waited for, until whoever started us ends us."""
    while True:
        try:
            with told.access.opened("sendtrail_worker", POOL_SIZE, "sendtrail project") as (database, keys):
                deque(project(database, keys, told.parts), maxlen=0)
            return
        except OperationalError:
            time.sleep(PAUSE)


if __name__ == "__main__":
    run(Told, work)
