"""Being the only one at a job: an advisory lock held by an idle connection, which also hears when there is work."""

from types import TracebackType
from typing import Any, Self

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from adapters.database.session import Database


class Lead:
    """The lock ends with the connection, so whoever dies makes room; psycopg.OperationalError says that it was lost."""

    def __init__(self, database: Database, lock: int, channel: str) -> None:
        self.database = database
        self.lock = lock
        self.channel = channel
        self._connection: Connection[Any] | None = None

    def __enter__(self) -> Self:
        """Takes a connection for good: the lock and the listening are its own and must not come to others."""
        self._connection = self.database.pool.getconn()
        try:
            self._connection.set_autocommit(True)
            self._connection.execute(SQL("LISTEN {}").format(Identifier(self.channel)))
        except BaseException:
            self._let_go()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._let_go()

    def take(self) -> bool:
        """Whether this is the only one now; never waits. Only to be asked until it is."""
        found = self._session.execute("SELECT pg_try_advisory_lock(%s)", (self.lock,)).fetchone()
        return bool(found and found[0])

    def wait(self, seconds: float) -> None:
        """Until there is something new, or the time is over. 0: only take away what was heard while nobody listened."""
        for _ in self._session.notifies(timeout=seconds, stop_after=1):
            pass

    @property
    def _session(self) -> Connection[Any]:
        assert self._connection is not None, "only inside the with block"
        return self._connection

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self.database.pool.putconn(self._connection)
            self._connection = None
