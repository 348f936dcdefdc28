"""The other processes of a rebuild: ended with us however we end, and started again when one is killed."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import wait
from types import TracebackType
from typing import IO, Any, NamedTuple, Self

import msgspec

from adapters.settings import Settings
from consumers.rebuild import worker
from consumers.rebuild.errors import RebuildError
from consumers.rebuild.plan import Plan

MOST_DEATHS = 5
"""Processes killed before the rebuild gives up: something on this machine does not want it."""


class _Worker(NamedTuple):
    """`told` is kept open: its end is ours. What is said, is said at its end."""

    process: "subprocess.Popen[bytes]"
    told: IO[bytes]
    said: IO[bytes]


class Workers:
    """Use as a context manager: leaving it ends them. `lost` hears of each that was killed."""

    def __init__(self, settings: Settings, plan: Plan, count: int, lost: Callable[[str], None]) -> None:
        secret = settings.master_key.get_secret_value() if settings.master_key else None
        told = worker.Told(settings.database_url, secret, str(settings.data_dir / "master.key"), plan)
        self._told = msgspec.json.encode(told) + b"\n"
        self._lost = lost
        self._deaths = 0
        self._alive = [self._start() for _ in range(count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._alive:
            one.process.kill()
            _last_words(one)

    def at_work(self, within: float) -> bool:
        """Whether any is, after waiting for at most so many seconds. Raises RebuildError with what one failed of."""
        if not self._alive:
            return False
        ended: list[Any] = wait([one.said.fileno() for one in self._alive], within)
        for one in [one for one in self._alive if one.said.fileno() in ended]:
            self._alive.remove(one)
            self._look_at(one)
        return bool(self._alive)

    def _look_at(self, one: _Worker) -> None:
        said = _last_words(one)
        code = one.process.returncode
        if said:
            raise RebuildError(said)
        if code:
            self._deaths += 1
            if self._deaths > MOST_DEATHS:
                raise RebuildError(f"{self._deaths} processes of the rebuild were killed, the last with {code}")
            self._lost(f"process {one.process.pid} ended with {code}; another goes on with its work")
            self._alive.append(self._start())

    def _start(self) -> _Worker:
        command = [sys.executable, "-P", "-m", worker.__name__]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):  # it has ended already, which `at_work` will see
            process.stdin.write(self._told)
        return _Worker(process, process.stdin, process.stdout)


def _last_words(one: _Worker) -> str:
    """Of a process that ends; none of one that did its work, or was killed."""
    with one.told, one.said:
        said = one.said.read()
        one.process.wait()
    return said.decode()
