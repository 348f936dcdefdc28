"""Kinds of events are first read in different threads: what they share must be ready before any is decoded."""

import subprocess
import sys

STORY = """
import threading
import msgspec
from adapters.store import mapper

second = threading.Event()

def slow():
    second.set()
    pause.wait(0.5)
    return int

pause = threading.Event()

class Inner(msgspec.Struct):
    number: "slow()"

class Shared(msgspec.Struct):
    inner: Inner

class One(msgspec.Struct):
    originator_id: str = ""
    originator_version: int = 0
    shared: Shared | None = None

class Other(One):
    pass

mapper.resolve_topic = globals().__getitem__

def read(topic):
    event = mapper.EventMapper.read("x", 1, topic, b'{"shared":{"inner":{"number":1}}}')
    assert event.shared.inner.number == 1

first = threading.Thread(target=read, args=("One",))
first.start()
second.wait(10)
read("Other")
first.join()
print("both were read")
"""


def test_kinds_that_share_a_class_are_first_read_at_the_same_time() -> None:
    """In a process of its own, which a crash would end."""
    done = subprocess.run([sys.executable, "-c", STORY], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "both were read\n"), done.stderr
