"""The loop that sends: claims due attempts and works on several at a time, until told to stop."""

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
from psycopg import OperationalError

from adapters.bootstrap import Installation
from consumers.dispatching import Dispatching
from consumers.queue import Claim, Queue

log = logging.getLogger(__name__)
POLL = 0.2
"""Seconds between looks at the queue while nothing is due."""
LONGEST_WAIT = 15.0


class Dispatcher:
    """`width` attempts at a time. Any number of dispatchers share one queue."""

    def __init__(self, installation: Installation, *, width: int = 8) -> None:
        self.installation = installation
        self.width = width
        self.queue = Queue(installation.database, installation.clock)

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; what is being sent is finished first. A database that is away is waited for."""
        running: set[Future[None]] = set()
        pause = POLL
        with httpx.Client(timeout=30) as http, ThreadPoolExecutor(self.width, "dispatch") as threads:
            dispatching = Dispatching(self.installation, self.queue, http)
            while not stop.is_set():
                running = {f for f in running if not f.done()}
                try:
                    claims = self.queue.claim(self.width - len(running)) if len(running) < self.width else []
                    pause = POLL
                except OperationalError as error:
                    log.warning("the queue cannot be read (%s); trying again", type(error).__name__)
                    claims, pause = [], min(pause * 2, LONGEST_WAIT)
                running |= {threads.submit(_one, dispatching, claim) for claim in claims}
                if not claims:
                    stop.wait(pause)

    def run_once(self) -> int:
        """Send what is due now, one after the other; returns how many attempts that were."""
        done = 0
        with httpx.Client(timeout=30) as http:
            dispatching = Dispatching(self.installation, self.queue, http)
            while claims := self.queue.claim(1):
                dispatching.dispatch(claims[0])
                done += 1
        return done


def _one(dispatching: Dispatching, claim: Claim) -> None:
    """One attempt's failure never ends the loop: its claim runs out and it is taken up again."""
    try:
        dispatching.dispatch(claim)
    except Exception:
        log.exception("attempt %s could not be worked on; again when its claim runs out", claim.attempt_id)
