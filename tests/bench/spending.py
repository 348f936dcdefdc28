"""What a part of a bench takes of the processor: our process and PostgreSQL, each for itself, from /proc."""

import time
from typing import NamedTuple

import psutil

from adapters.database.embedded import EmbeddedServer


class Each(NamedTuple):
    """Microseconds of processor time for one item: of our process, and of all of PostgreSQL's."""

    python: float
    postgresql: float


class Rate(float):
    """How many a second, and what each took of the processor."""

    each: Each

    @classmethod
    def of(cls, items: float, seconds: float, spent: Each) -> "Rate":
        rate = cls(items / seconds)
        rate.each = Each(*(1e6 * taken / items for taken in spent))
        return rate


class Spending:
    """Around the part that is timed. `pid`: a server of ours; else this process, with what the bench itself does.

    The kernel counts in hundredths of a second: shorter than a second says little.
    """

    def __init__(self, server: EmbeddedServer, pid: int | None = None) -> None:
        self._ours = psutil.Process(pid)
        self._database = psutil.Process(server.pid())

    def __enter__(self) -> "Spending":
        self._before, self._begun = self._spent(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self._seconds = time.perf_counter() - self._begun
        self.taken = Each(*(now - before for now, before in zip(self._spent(), self._before, strict=True)))

    def rate(self, items: float) -> Rate:
        """Of so many items that were done meanwhile."""
        return Rate.of(items, self._seconds, self.taken)

    def _spent(self) -> Each:
        """Seconds until now."""
        return Each(_seconds(self._ours), self._of_database())

    def _of_database(self) -> float:
        """Of PostgreSQL's processes the ended ones count with the one that began them all; one may just be ending."""
        while True:
            before = self._database.cpu_times()
            living = sum(map(_seconds, self._database.children()))
            now = self._database.cpu_times()
            ended = now.children_user + now.children_system
            if ended == before.children_user + before.children_system:
                return now.user + now.system + ended + living


def _seconds(process: psutil.Process) -> float:
    """0 for one that just ended."""
    try:
        taken = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return taken.user + taken.system
