"""Reports that matched nothing when they came: tried again when their message becomes known, and on a schedule."""

import logging
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import OperationalError

from adapters.bootstrap import Installation
from adapters.database.queries import load
from adapters.database.session import Write, statement
from adapters.keys.master import SealError
from adapters.store.communications import persist
from adapters.store.errors import StoreError
from consumers.arrivals import Notice, Place
from consumers.attaching import Attached, Attaching
from consumers.keeping import FIRST_PAUSE, open_report

log = logging.getLogger(__name__)
SQL = load(__file__)
LEASE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(hours=6)


class Parked(NamedTuple):
    """A report that waits, without its content. `keys` are what its attempt would be found by."""

    log_name: str
    log_offset: int
    log_index: int
    report_no: int
    tenant_id: UUID
    connection_id: UUID
    provider: str
    keys: list[str]
    received_at: datetime
    next_try_at: datetime
    tries: int


class _Claimed(NamedTuple):
    place: Place
    number: int
    connection_id: UUID
    sealed: bytes
    received_at: datetime
    tries: int

    @property
    def key(self) -> tuple[Any, ...]:
        return (*self.place, self.number)


class ParkedReports:
    """Any number of processes may try at the same time: an attempt takes a report once, by its id."""

    def __init__(self, installation: Installation, attaching: Attaching) -> None:
        self.installation = installation
        self.attaching = attaching

    def attach_due(self, limit: int = 200) -> int:
        """Try the reports that are due; returns how many found their attempt."""
        now = self.installation.clock()
        lease = now + LEASE
        values = {"now": now, "lease": lease, "limit": limit}
        with self.installation.database.transaction() as connection:
            rows = connection.execute(statement(SQL["claim"]), values).fetchall()
        claimed = [_Claimed(Place(*row[:3]), *row[3:]) for row in rows]
        if not claimed:
            return 0
        attached = self._try(claimed, lease)
        log.info("%d parked reports tried, %d attached", len(claimed), attached)
        return attached

    def listing(self, limit: int = 100) -> list[Parked]:
        """The oldest first."""
        with self.installation.database.transaction() as connection:
            return [Parked(*row) for row in connection.execute(statement(SQL["list"]), (limit,)).fetchall()]

    def _try(self, claimed: list[_Claimed], lease: datetime) -> int:
        """One that cannot be recorded stays parked and holds up nobody else."""
        try:
            return persist(lambda: self._once(claimed, lease))
        except (OperationalError, StoreError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is about, it is about one of these reports
            if len(claimed) > 1:
                return sum(self._try([one], lease) for one in claimed)
            log.error("parked report at %s offset %d: %s", *claimed[0].place[:2], type(error).__name__)
            return 0

    def _once(self, claimed: list[_Claimed], lease: datetime) -> int:
        notices = [notice for one in claimed if (notice := self._notice(one))]
        attached = self.attaching.attach(notices)
        waiting = {(*n.place, n.number) for n in attached.unmatched}
        found = [n for n in notices if (*n.place, n.number) not in waiting]
        left = {one.key for one in claimed} - {(*n.place, n.number) for n in found}
        writes = [
            Write(SQL["attached"], [(*n.place, n.number) for n in found]),
            Write(SQL["about"], _about(notices, attached)),
            Write(SQL["postpone"], [(*c.key, lease, self._next(c)) for c in claimed if c.key in left]),
        ]
        self.installation.communications.recorder.insert(attached.events, writes=writes)
        return len(found)

    def _notice(self, claimed: _Claimed) -> Notice | None:
        """None while its connection is disabled, and for what does not open."""
        connection = self.installation.connections.get(claimed.connection_id)
        if connection is None:
            return None
        try:
            report = open_report(self.installation.master, claimed.place, claimed.number, claimed.sealed)
        except SealError as error:
            log.error("parked report at %s offset %d: %s", *claimed.place[:2], type(error).__name__)
            return None
        return Notice.of(claimed.place, claimed.number, connection, report, claimed.received_at)

    def _next(self, claimed: _Claimed) -> datetime:
        doubled: timedelta = FIRST_PAUSE * 2 ** min(claimed.tries + 1, 20)
        return self.installation.clock() + min(doubled, LONGEST_PAUSE)


def _about(notices: list[Notice], attached: Attached) -> list[tuple[Any, ...]]:
    told = zip(notices, attached.about, strict=True)
    rows = {(n.received_at, *n.place, UUID(bytes=about)) for n, about in told if about}
    return sorted(rows, key=str)
