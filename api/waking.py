"""Tells the projector that there is something new, so that a write is seen at once and not at its next look."""

import logging
import threading

from psycopg import Error
from psycopg_pool import ConnectionPool

from adapters.database.session import notify

log = logging.getLogger(__name__)
CHANNEL = "sendtrail_appended"


class Waker:
    """One thread, one notification for all writes since the last: NOTIFY lets only one commit through at a time.

    Losing one costs the 50 ms until the projector looks by itself.
    """

    def __init__(self, pool: "ConnectionPool") -> None:
        self.pool = pool
        self._news = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="waker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._news.set()

    def stop(self) -> None:
        self._ended = True
        self._news.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended:
            self._news.wait()
            self._news.clear()
            try:
                with self.pool.connection() as connection:
                    notify(connection, CHANNEL)
            except Error as error:
                log.debug("the projector was not told (%s)", type(error).__name__)
