"""A circuit breaker per connection: a provider that fails again and again is left alone for a while.

Closed: all goes out. Open: nothing does, and attempts wait without a try. After the pause it is half open: one attempt
goes out; it closes the breaker, or opens it for twice as long.
"""

import logging
import random
from datetime import datetime, timedelta

from adapters.providers.port import Answer, Connection, Refused, Taken, TryLater, Unknown
from consumers.health import ConnectionHealth, Health
from domain.reasons import reason as describe
from domain.values import Actor

log = logging.getLogger(__name__)
MOST_FAILURES = 5
"""In a row, over all processes."""
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=16)
PROBE = timedelta(minutes=3)
"""After which a probe that was never heard of again is made by another."""
AGAIN = timedelta(seconds=10)
"""Until those look again who wait for somebody else's probe."""
SPREAD = timedelta(seconds=15)
"""Over which those come back who waited, not all in one moment."""


class Breaker:
    def __init__(self, health: ConnectionHealth) -> None:
        self.health = health
        self.clock = health.clock

    def blocked_until(self, connection: Connection) -> datetime | None:
        """When to come again; None: send. A caller that may send after a pause is the probe, and must."""
        known, now = self.health.of(connection.id), self.clock()
        if known.open_until is None:
            return None
        if known.open_until > now:
            return _spread(min(known.open_until, now + AGAIN) if known.probing else known.open_until)
        if self.health.probe(connection, known.open_until, now + PROBE):
            log.info("connection %s: paused long enough, trying it", connection.id)
            return None
        return _spread(now + AGAIN)

    def heard(self, connection: Connection, answer: Answer, sent_at: datetime) -> None:
        """What a call that began at `sent_at` brought."""
        if isinstance(answer, Refused) and describe(answer.reason).actor is Actor.US:
            return  # nobody was called
        code = _failure(answer)
        if code is None:
            self.health.worked(connection, sent_at if isinstance(answer, Taken) else None)
            return
        found = self.health.failed(connection, code)
        if found.failures >= MOST_FAILURES and self._may_open(found):
            pause = min(FIRST_PAUSE * 2 ** min(found.openings, 10), LONGEST_PAUSE)
            self.health.open(connection, found.open_until, self.clock() + pause)
            log.warning("connection %s: %d failures in a row (%s), paused", connection.id, found.failures, code)

    def _may_open(self, found: Health) -> bool:
        """Calls that were already under way when it opened do not make the pause longer."""
        return found.open_until is None or found.probing or found.open_until <= self.clock()


def _failure(answer: Answer) -> str | None:
    """The code of an answer that says the provider is away or does not let us in; None for any other."""
    match answer:
        case Unknown():
            return "no_answer"
        case TryLater(reason="provider_outage" as code) | Refused(reason="authentication" as code):
            return code
    return None


def _spread(due: datetime) -> datetime:
    return due + random.uniform(0, 1) * SPREAD
