"""Which processes are a data folder's PostgreSQL. Process ids are used again, so none is just believed."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil


def server_process(data: Path) -> psutil.Process | None:
    """The process that postmaster.pid names, if it is this server's: after a crash the number may be another's."""
    try:
        process = psutil.Process(int((data / "postmaster.pid").read_text().split("\n", 1)[0]))
        ours = process.status() != psutil.STATUS_ZOMBIE and str(data) in process.cmdline()
    except (OSError, ValueError, psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    return process if ours else None


def at_work_in(data: Path) -> list[int]:
    """The ids of the server's process and its children, orphans too: all have the folder as their current one."""
    processes = psutil.process_iter(["name", "cwd"])
    return [each.pid for each in processes if each.info["name"] == "postgres" and each.info["cwd"] == str(data)]


def came_true(condition: Callable[[], bool], within: float) -> bool:
    """Whether it did, in so many seconds."""
    until = time.monotonic() + within
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
