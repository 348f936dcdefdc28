"""The loop that asks: providers whose callbacks stay away are asked what became of attempts, until told to stop."""

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
from psycopg import OperationalError

from adapters.bootstrap import Installation
from consumers.open_attempts import OpenAttempts, Turn
from consumers.reconciling import PACE, Reconciling
from consumers.watching import Watch

log = logging.getLogger(__name__)
POLL = 1.0
"""Seconds between looks while nothing is due."""
LONGEST_WAIT = 15.0
TIMEOUT = 20.0


class Reconciler:
    """`width` connections at a time. Any number of reconcilers share them: each connection is asked by one."""

    def __init__(self, installation: Installation, *, width: int = 4, pace: float = PACE) -> None:
        self.installation = installation
        self.width = width
        self.pace = pace
        self.rows = OpenAttempts(installation.database, installation.clock)
        self.watch = Watch(installation)

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; a question under way is finished first. A database that is away is waited for."""
        running: set[Future[int]] = set()
        pause = POLL
        with httpx.Client(timeout=TIMEOUT) as http, ThreadPoolExecutor(self.width, "reconcile") as threads:
            reconciling = Reconciling(self.installation, http, self.pace)
            while not stop.is_set():
                running = {f for f in running if not f.done()}
                try:
                    self.watch.look_when_due()
                    turn = self.rows.take_turn() if len(running) < self.width else None
                    pause = POLL
                except OperationalError as error:
                    log.warning("open attempts cannot be read (%s); trying again", type(error).__name__)
                    turn, pause = None, min(pause * 2, LONGEST_WAIT)
                if turn:
                    running.add(threads.submit(_one, reconciling, turn, stop))
                else:
                    stop.wait(pause)

    def run_once(self) -> int:
        """Ask about what is due now, one after the other; returns about how many attempts."""
        asked, never = 0, threading.Event()
        self.watch.look()
        with httpx.Client(timeout=TIMEOUT) as http:
            reconciling = Reconciling(self.installation, http, self.pace)
            while turn := self.rows.take_turn():
                asked += reconciling.work(turn, never)
        return asked


def _one(reconciling: Reconciling, turn: Turn, stop: threading.Event) -> int:
    """One turn's failure never ends the loop: it runs out and the connection has another."""
    try:
        return reconciling.work(turn, stop)
    except Exception:
        log.exception("connection %s could not be asked; again when its turn runs out", turn.connection_id)
        return 0
