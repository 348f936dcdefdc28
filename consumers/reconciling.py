"""One turn of asking over one connection: what is settled is struck off, what is open is asked about, slowly."""

import logging
import random
import threading
import time
from collections import deque
from datetime import datetime, timedelta
from typing import NamedTuple

import httpx

from adapters.bootstrap import Installation
from adapters.keys.master import SealError
from adapters.keys.ring import MissingKeyError
from adapters.providers.port import Connection, MisconfiguredError, is_pull_only
from adapters.providers.registry import PROVIDERS
from adapters.store.errors import StoreError
from consumers.asking import Asked, Asker, NoAnswerError
from consumers.open_attempts import OpenAttempt, OpenAttempts, Turn
from domain.asking import askable_until, next_question, open_recipients
from domain.attempt import Attempt
from domain.communication import InvoiceCommunication

log = logging.getLogger(__name__)
MOST = 200
"""Attempts of a turn. Most are settled by then, and cost nothing but the look."""
LONGEST_TURN = 60.0
"""Seconds after which the next connection has its turn, when its last question is answered."""
PACE = 1.0
"""Seconds between two questions to one provider account."""
REST, LONGEST_REST = timedelta(minutes=1), timedelta(hours=1)
"""For a connection whose provider did not answer, and at most where it asks to be left alone."""
UNANSWERED = timedelta(minutes=10)
"""Until an attempt is due again that could not be asked about."""


class _Open(NamedTuple):
    claim: OpenAttempt
    attempt: Attempt
    recipients: set[int]


class Reconciling:
    """`http` is shared by all turns. `pace`: seconds of the real clock between two questions over one connection."""

    def __init__(self, installation: Installation, http: httpx.Client, pace: float = PACE) -> None:
        self.installation = installation
        self.clock = installation.clock
        self.asker = Asker(installation, http)
        self.rows = OpenAttempts(installation.database, installation.clock)
        self.pace = pace

    def work(self, turn: Turn, stop: threading.Event) -> int:
        """Ask until nothing is due or the turn is over; returns about how many attempts.

        Raises psycopg.OperationalError: then turn and claims run out by themselves.
        """
        claims = self.rows.claim(turn, MOST)
        connection = self.installation.connections.get(turn.connection_id)
        asked, rest = 0, timedelta(0)
        if connection is None or not PROVIDERS[connection.provider].can_ask:
            self.rows.drop(claims)
        else:
            left = deque(self._sort_out(claims, connection))
            until = time.monotonic() + LONGEST_TURN
            while left and not rest and not stop.is_set() and time.monotonic() < until:
                asked += 1
                rest = self._ask(left.popleft(), connection, stop)
            self.rows.move((one.claim, self.clock(), one.claim.asked) for one in left)
        self.rows.end_turn(turn, self.clock() + rest)
        return asked

    def _sort_out(self, claims: list[OpenAttempt], connection: Connection) -> list[_Open]:
        """Strikes off what is settled, too old or gone; returns the rest."""
        found = self.installation.communications.load({c.communication_id for c in claims}).found
        pull_only = is_pull_only(PROVIDERS[connection.provider])
        open_ones, done = [], []
        for claim in claims:
            attempt = _attempt(found.get(claim.communication_id), claim)
            recipients = open_recipients(attempt, pull_only=pull_only) if attempt else set()
            if attempt and recipients and self.clock() <= askable_until(_shipped(attempt), pull_only=pull_only):
                open_ones.append(_Open(claim, attempt, recipients))
            else:
                done.append(claim)
        self.rows.drop(done)
        return open_ones

    def _ask(self, one: _Open, connection: Connection, stop: threading.Event) -> timedelta:
        """Returns how long the connection must be left alone: longer than nothing where it could not be asked."""
        try:
            asked = self._answers(one, connection, stop)
        except NoAnswerError as error:
            self._record(one, connection, error.so_far)
            return self._again_later(one, connection, error, timedelta(seconds=error.after or 0))
        except MisconfiguredError as error:
            return self._again_later(one, connection, error, LONGEST_REST)
        except (MissingKeyError, SealError) as error:
            log.error("attempt %s: not asked about: %s", one.claim.attempt_id, type(error).__name__)
            asked = Asked([], {})
        self._schedule(one.claim, self._record(one, connection, asked), connection)
        return timedelta(0)

    def _answers(self, one: _Open, connection: Connection, stop: threading.Event) -> Asked:
        """In any order, so that a question that is never answered does not stand before the same others each time."""
        questions = [q for q in self.asker.questions(one.attempt, connection) if q.recipients & one.recipients]
        random.shuffle(questions)
        return self.asker.ask(connection, questions, lambda: stop.wait(self.pace))

    def _again_later(self, one: _Open, connection: Connection, error: Exception, wished: timedelta) -> timedelta:
        """It does not count as asked; others of the connection go first next time."""
        rest = min(max(wished, REST), LONGEST_REST)
        log.warning("connection %s: cannot be asked (%s), left alone for %s", connection.id, error, rest)
        self.rows.move([(one.claim, self.clock() + UNANSWERED, one.claim.asked)])
        return rest

    def _record(self, one: _Open, connection: Connection, asked: Asked) -> Attempt:
        """The attempt as it is then. One that cannot be recorded is asked about again, and holds up nobody else."""
        if not asked.reports:
            return one.attempt
        attempt_id = one.claim.attempt_id

        def command(found: InvoiceCommunication | None) -> tuple[InvoiceCommunication | None, Attempt]:
            if found is None:
                return None, one.attempt
            self.asker.record(found, attempt_id, connection, asked)
            return found, found.attempt(attempt_id)

        try:
            return self.installation.communications.change(one.claim.communication_id, command)[0]
        except (MissingKeyError, SealError, StoreError) as error:
            log.error("attempt %s: answers not recorded: %s", attempt_id, type(error).__name__)
            return one.attempt

    def _schedule(self, claim: OpenAttempt, attempt: Attempt, connection: Connection) -> None:
        pull_only, asked = is_pull_only(PROVIDERS[connection.provider]), claim.asked + 1
        settled = not open_recipients(attempt, pull_only=pull_only)
        again = None if settled else next_question(asked, self.clock(), _shipped(attempt), pull_only=pull_only)
        log.info("attempt %s: asked, %s", claim.attempt_id, "settled" if settled else f"again at {again}")
        if again is None:
            self.rows.drop([claim])
        else:
            self.rows.move([(claim, again, asked)])


def _attempt(communication: InvoiceCommunication | None, claim: OpenAttempt) -> Attempt | None:
    return communication.attempts.get(claim.attempt_id) if communication else None


def _shipped(attempt: Attempt) -> datetime:
    return attempt.shipped_at or attempt.created_at
