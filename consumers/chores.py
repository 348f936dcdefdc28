"""What the webhook consumer does between polls: parked reports, confirmations, who called back, what is too old."""

import logging
import time
from datetime import datetime, timedelta

from psycopg import OperationalError

from adapters.bootstrap import Installation
from adapters.idempotency import drop_expired
from adapters.provider_events import drop_old
from consumers.attaching import Attaching
from consumers.confirming import Confirming
from consumers.health import ConnectionHealth, Heard
from consumers.parked import ParkedReports

log = logging.getLogger(__name__)
PARKED_EVERY = 1.0
DROP_EVERY = timedelta(hours=1)


class Chores:
    def __init__(self, installation: Installation, attaching: Attaching) -> None:
        self.installation = installation
        self.heard = Heard(ConnectionHealth(installation.database, installation.clock))
        self.parked = ParkedReports(installation, attaching)
        self.confirming = Confirming(installation)
        self._parked_at = 0.0
        self._dropped_at: datetime | None = None

    def do(self) -> None:
        """What is due by now. Raises psycopg.OperationalError, BusyError."""
        if time.monotonic() >= self._parked_at:
            self._parked_at = time.monotonic() + PARKED_EVERY
            while self.parked.attach_due():
                pass
            self.confirming.confirm_due()
        self.heard.write_when_due()
        now = self.installation.clock()
        if self._dropped_at is None or not self._dropped_at <= now < self._dropped_at + DROP_EVERY:
            self._dropped_at = now
            self.drop_old()

    def end(self) -> None:
        """Before the consumer goes; never fails."""
        try:
            self.heard.write()
        except OperationalError as error:
            log.warning("when connections called could not be noted (%s)", type(error).__name__)

    def drop_old(self) -> None:
        dropped = drop_old(self.installation.database, self.installation.clock, self.installation.settings.raw_days)
        dropped["confirmations"] = self.confirming.drop_old()
        dropped["idempotency keys"] = drop_expired(self.installation.database, self.installation.clock)
        if any(dropped.values()):
            log.info("too old and dropped: %s", ", ".join(f"{count} {what}" for what, count in dropped.items()))
