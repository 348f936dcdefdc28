"""Processes that tests start must not outlive a test run that was itself killed."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ends_with_us(shell_command: str) -> Iterator[None]:
    """Run `shell_command` if this process dies inside the block: then the pipe ends that a small shell reads."""
    watcher = subprocess.Popen(["sh", "-c", f"read -r _ || {{ {shell_command}; }}"], stdin=subprocess.PIPE)
    assert watcher.stdin is not None
    try:
        yield
    finally:
        watcher.kill()
        watcher.wait()
        watcher.stdin.close()
