"""The other processes of a rebuild: ended with us however we end, and started again when one is killed."""

import multiprocessing
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess, parent_process
from types import TracebackType
from typing import Self

from adapters.bootstrap import install
from adapters.settings import Settings
from consumers.rebuild.errors import RebuildError
from consumers.rebuild.faults import in_one_line
from consumers.rebuild.plan import Plan
from consumers.rebuild.working import Working

MOST_DEATHS = 5
"""Processes killed before the rebuild gives up: something on this machine does not want it."""
_spawn = multiprocessing.get_context("spawn")


@dataclass
class _Worker:
    process: BaseProcess
    said: "Connection[str, str]"


class Workers:
    """Use as a context manager: leaving it ends them. `lost` hears of each that was killed."""

    def __init__(self, settings: Settings, plan: Plan, count: int, lost: Callable[[str], None]) -> None:
        self._settings = settings
        self._plan = plan
        self._lost = lost
        self._deaths = 0
        self._alive = [self._start() for _ in range(count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._alive:
            worker.process.kill()
            worker.process.join()
            worker.said.close()

    def at_work(self, within: float) -> bool:
        """Whether any is, after waiting for at most so many seconds. Raises RebuildError with what one failed of."""
        if not self._alive:
            return False
        ended = wait([worker.process.sentinel for worker in self._alive], within)
        for worker in [w for w in self._alive if w.process.sentinel in ended]:
            self._alive.remove(worker)
            self._look_at(worker)
        return bool(self._alive)

    def _look_at(self, worker: _Worker) -> None:
        worker.process.join()
        code = worker.process.exitcode
        if said := _last_words(worker.said):
            raise RebuildError(said)
        if code:
            self._deaths += 1
            if self._deaths > MOST_DEATHS:
                raise RebuildError(f"{self._deaths} processes of the rebuild were killed, the last with {code}")
            self._lost(f"process {worker.process.pid} ended with {code}; another goes on with its work")
            self._alive.append(self._start())

    def _start(self) -> _Worker:
        ours, theirs = _spawn.Pipe(duplex=False)
        process = _spawn.Process(target=_work, args=(self._settings, self._plan, theirs), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)


def _last_words(said: "Connection[str, str]") -> str:
    """Of a process that has ended; none of one that did its work, or was killed."""
    with said:
        try:
            return said.recv()
        except EOFError:
            return ""


def _work(settings: Settings, plan: Plan, say: "Connection[str, str]") -> None:
    _end_with_parent()
    try:
        with install(settings, "sendtrail_owner", pool_size=3) as installation:
            Working(installation, plan).run()
    except Exception as error:  # noqa: BLE001  (the process that started us says it)
        say.send(in_one_line(error))


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
