"""What every long-running process does: quiet logs, a graceful end on a signal, and never outliving its parent."""

import logging
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

PARENT_PIPE = "SENDTRAIL_PARENT_PIPE"
"""A file descriptor whose other end the parent holds: when it closes, however the parent died, so do we."""
LOG_LEVEL = "SENDTRAIL_LOG_LEVEL"
"""DEBUG, INFO (the default), WARNING or ERROR."""


def set_up_logging(name: str) -> None:
    """One line a record, to stderr. Nothing that Sendtrail logs holds personal data or a secret."""
    level = os.environ.get(LOG_LEVEL, "INFO").upper()
    logging.basicConfig(level=level, format=f"%(asctime)s {name:<9} %(levelname)-7s %(message)s", force=True)
    for chatty in ("httpx", "httpcore", "mail.log", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))
    # What no line shows is not found out for each: the threads, the processes and the place in the code.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    # The pool warns of connections that we close on purpose; a database that is away, our own loops report.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


def stop_event() -> threading.Event:
    """Set on SIGTERM, on SIGINT, and when the parent is gone."""
    stop = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    when_parent_ends(stop.set)
    return stop


def when_parent_ends(act: Callable[[], None]) -> None:
    """Call `act` once the process that started us under `up` has ended; without one, never."""
    given = os.environ.get(PARENT_PIPE)
    if given:
        threading.Thread(target=_wait_for_end, args=(int(given), act), name="parent", daemon=True).start()


def _wait_for_end(pipe: int, act: Callable[[], None]) -> None:
    while os.read(pipe, 1):
        pass
    act()
