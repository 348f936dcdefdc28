"""Answers providers that ask, in a webhook, whether they may call us (SNS: SubscriptionConfirmation).

The wish is recorded with the webhook, in one transaction; the call is made afterwards, and again until it is taken,
for as long as the provider waits for it. Confirming twice does no harm.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import msgspec

from adapters.bootstrap import Installation
from adapters.database.queries import load
from adapters.database.session import Write, statement
from adapters.keys.master import MasterKey, SealError
from adapters.providers.registry import CONFIRMING
from consumers.arrivals import Outcome, Place, Understood

log = logging.getLogger(__name__)
SQL = load(__file__)
TIMEOUT = 10.0
LEASE = timedelta(seconds=60)
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_WAIT = timedelta(days=3)
"""After which SNS has forgotten that it asked."""
KEPT = timedelta(days=62)


class _Claimed(NamedTuple):
    place: Place
    connection_id: UUID
    sealed: bytes
    asked_at: datetime
    tries: int


def to_confirm(outcomes: Iterable[Outcome], master: MasterKey, now: datetime) -> Write:
    """The rows for those among these requests that ask."""
    rows = [_row(o, master, now) for o in outcomes if isinstance(o, Understood) and o.connection.provider in CONFIRMING]
    return Write(SQL["ask"], [row for row in rows if row])


def _row(found: Understood, master: MasterKey, now: datetime) -> tuple[Any, ...] | None:
    place, request = found.arrival.place, found.arrival.logged.request
    asked = CONFIRMING[found.connection.provider].confirmation(request)
    if asked is None:
        return None
    sealed = master.seal(asked.url.encode(), _context(place))
    return (*place, found.connection.tenant_id, found.connection.id, sealed, now, now)


def _context(place: Place) -> bytes:
    return msgspec.json.encode(["confirmation", *place])


class Confirming:
    """Any number of processes may do it at the same time."""

    def __init__(self, installation: Installation, http: httpx.Client | None = None) -> None:
        self.installation = installation
        self._http = http

    def confirm_due(self) -> bool:
        """Make the call that is due for longest; False where there is none. Raises psycopg.OperationalError."""
        now = self.installation.clock()
        with self.installation.database.transaction() as connection:
            row = connection.execute(statement(SQL["claim"]), {"now": now, "lease": now + LEASE}).fetchone()
        if row is None:
            return False
        claimed = _Claimed(Place(*row[:3]), *row[3:])
        done = self._confirm(claimed)
        self._settle(claimed, now if done else None, None if done else self._next(claimed))
        return True

    def drop_old(self) -> int:
        with self.installation.database.transaction() as connection:
            return int(connection.execute(statement(SQL["drop_old"]), (self.installation.clock() - KEPT,)).rowcount)

    def _confirm(self, claimed: _Claimed) -> bool:
        about = f"connection {claimed.connection_id}: the subscription to its webhooks"
        if self.installation.connections.get(claimed.connection_id) is None:
            log.warning("%s is not confirmed: the connection is gone or disabled", about)
            return False
        try:
            url = self.installation.master.open(claimed.sealed, _context(claimed.place)).decode()
            answer = self._client().get(url, follow_redirects=False, timeout=TIMEOUT)
        except (httpx.HTTPError, httpx.InvalidURL, SealError) as error:
            log.warning("%s could not be confirmed: %s", about, type(error).__name__)
            return False
        if answer.is_success:
            log.info("%s is confirmed", about)
        else:
            log.warning("%s could not be confirmed: HTTP %d", about, answer.status_code)
        return answer.is_success

    def _next(self, claimed: _Claimed) -> datetime | None:
        doubled: timedelta = FIRST_PAUSE * 2 ** min(claimed.tries, 20)
        at = self.installation.clock() + min(doubled, LONGEST_PAUSE)
        if at < claimed.asked_at + LONGEST_WAIT:
            return at
        log.error("connection %s: its webhooks were never confirmed; subscribe again", claimed.connection_id)
        return None

    def _settle(self, claimed: _Claimed, confirmed_at: datetime | None, next_try_at: datetime | None) -> None:
        place = dict(zip(("log", "offset", "nth"), claimed.place, strict=True))
        values = {**place, "confirmed_at": confirmed_at, "next_try_at": next_try_at}
        with self.installation.database.transaction() as connection:
            connection.execute(statement(SQL["settle"]), values)

    def _client(self) -> httpx.Client:
        if self._http is None:
            self._http = httpx.Client()
        return self._http
