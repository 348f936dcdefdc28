"""Runs several processes as one: starts them, restarts one that falls, and ends them all, whatever ends us."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from api.cli.process import PARENT_PIPE

log = logging.getLogger(__name__)
PATIENCE = 20.0
"""Seconds that a process has to end by itself before it is killed."""


@dataclass
class Child:
    name: str
    words: Sequence[str]
    process: "subprocess.Popen[bytes] | None" = None
    falls: int = 0
    again_at: float = 0.0


@dataclass
class Supervisor:
    """`environment` is what all children get. Use as a context manager: leaving it ends them."""

    environment: Mapping[str, str]
    children: list[Child] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._theirs, self._ours = os.pipe()

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def start(self, name: str, *words: str) -> Child:
        """Start `sendtrail WORDS` and keep it running."""
        child = Child(name, words)
        self.children.append(child)
        self._launch(child)
        return child

    def watch(self, stop: threading.Event, every: float = 0.2) -> None:
        """Until `stop`: start again what falls, with growing pauses."""
        while not stop.wait(every):
            for child in self.children:
                self._look_after(child)

    def end(self) -> None:
        """Ask all to end, the newest first; kill what does not. Nothing is left running."""
        alive = [c.process for c in reversed(self.children) if c.process and c.process.poll() is None]
        for process in alive:
            process.terminate()
        until = time.monotonic() + PATIENCE
        for process in alive:
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.children.clear()

    def _look_after(self, child: Child) -> None:
        process = child.process
        if process is not None and process.poll() is not None:
            child.falls += 1
            pause = min(0.2 * 2**child.falls, 15.0)
            child.process, child.again_at = None, time.monotonic() + pause
            log.warning("%s ended with %s; starting it again in %.1f s", child.name, process.returncode, pause)
        if child.process is None and time.monotonic() >= child.again_at:
            self._launch(child)

    def _launch(self, child: Child) -> None:
        """It knows our end of a pipe: when that closes, we are gone, and it ends too."""
        child.process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", *child.words],
            env={**os.environ, **self.environment, PARENT_PIPE: str(self._theirs)},
            pass_fds=(self._theirs,),
        )
