"""How Python's interpreter is set while a batch is worked on."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected(*, unseen: bool = False) -> Iterator[None]:
    """For what makes many objects and no cycles. Safe in several threads at once.

    Afterwards what is new is looked through once, and what is kept of it never again: that took 50 to 200 ms each time.
    `unseen`: not even once, which takes 10 ms of a thousand communications. Then a test has to hold that there are no
    cycles, and whoever catches an error has to call `look_through`, because its traceback may have made some.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if not unseen:
                gc.collect()
            gc.freeze()
            gc.enable()


def look_through() -> None:
    """All that there is."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@contextmanager
def quick_turns() -> Iterator[None]:
    """Beside a thread that computes, one that waits for PostgreSQL goes on when that has answered, not 5 ms later.

    Five such waits make every batch as long again.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0002)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
