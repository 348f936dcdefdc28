"""A command that works in several processes, of which it starts the others."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from tests.consumers.read_models import ReadModels
from tests.consumers.rebuilt import MASTER_KEY

Command = subprocess.Popen[str]


@contextmanager
def sendtrail(models: ReadModels, *words: str) -> Iterator[Command]:
    """In three processes; killed at the end."""
    environment = {**os.environ, "SENDTRAIL_DATABASE_URL": models.url, "SENDTRAIL_MASTER_KEY": MASTER_KEY}
    command = [sys.executable, "-m", "api.cli", *words, "--processes", "3"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def workers(process: Command) -> list[psutil.Process]:
    return [child for child in psutil.Process(process.pid).children(recursive=True) if _works(child)]


def _works(process: psutil.Process) -> bool:
    """Only once it is more than a copy of what started it."""
    try:
        return any(word.endswith(".worker") for word in process.cmdline())
    except psutil.NoSuchProcess:
        return False
