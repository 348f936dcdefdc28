"""Other processes that share a job with us: ended with us however we end, and started again when one is killed."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from types import TracebackType
from typing import IO, Any, NamedTuple, Self

import msgspec

from adapters.settings import Settings
from consumers.worker import Access

MOST_DEATHS = 5
"""Processes killed before we give up: something on this machine does not want them."""


class WorkersError(Exception):
    """What one of them failed of, in one line."""


class _Worker(NamedTuple):
    """`stdin` is kept open: its end is ours. What is said on `stdout`, is said at its end. `told`: what to do."""

    process: "subprocess.Popen[bytes]"
    stdin: IO[bytes]
    stdout: IO[bytes]
    told: bytes


class Workers:
    """One for each that is told. Use as a context manager: leaving it ends them. `lost` hears of each that was killed.

    `module` is one that calls consumers.worker.run.
    """

    def __init__(self, module: str, told: Sequence[msgspec.Struct], lost: Callable[[str], None]) -> None:
        self._module = module
        self._lost = lost
        self._deaths = 0
        self._alive: list[_Worker] = []
        for one in told:
            self._start(msgspec.json.encode(one) + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._alive:
            one.process.kill()
            _last_words(one)

    def at_work(self, within: float) -> bool:
        """Whether any is, after waiting for at most so many seconds. Raises WorkersError; the others go on."""
        if not self._alive:
            return False
        ended: list[Any] = wait([one.stdout.fileno() for one in self._alive], within)
        for one in [one for one in self._alive if one.stdout.fileno() in ended]:
            self._alive.remove(one)
            self._look_at(one)
        return bool(self._alive)

    def _look_at(self, one: _Worker) -> None:
        said = _last_words(one)
        code = one.process.returncode
        if said:
            raise WorkersError(said)
        if code:
            self._deaths += 1
            if self._deaths > MOST_DEATHS:
                raise WorkersError(f"{self._deaths} processes were killed, the last with {code}")
            self._lost(f"process {one.process.pid} ended with {code}; another goes on with its work")
            self._start(one.told)

    def _start(self, told: bytes) -> None:
        command = [sys.executable, "-P", "-m", self._module]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):  # it has ended already, which `at_work` will see
            process.stdin.write(told)
        self._alive.append(_Worker(process, process.stdin, process.stdout, told))


def access(settings: Settings) -> Access:
    """What other processes are told of an installation."""
    secret = settings.master_key.get_secret_value() if settings.master_key else None
    return Access(settings.database_url, secret, str(settings.data_dir / "master.key"))


def _last_words(one: _Worker) -> str:
    """Of a process that ends; none of one that did its work, or was killed."""
    with one.stdin, one.stdout:
        said = one.stdout.read()
        one.process.wait()
    return said.decode()
