"""Asks a provider what became of an attempt, and turns its answers into what the webhooks would have told."""

import logging
from collections.abc import Callable, Iterable
from typing import NamedTuple

import httpx
from psycopg import Error as DatabaseError

from adapters.bootstrap import Installation
from adapters.database.queries import load
from adapters.database.session import statement
from adapters.keys.ring import ERASED
from adapters.providers.calls import raw, wait
from adapters.providers.e_invoice import is_key
from adapters.providers.port import Connection, Lookup, MisconfiguredError, ProviderReport
from adapters.providers.registry import provider as provider_named
from consumers.arrivals import Notice, Place, is_possible
from consumers.attaching import Attaching
from consumers.outcomes import take
from domain.attempt import Attempt, Try, TryOutcome
from domain.communication import InvoiceCommunication
from domain.values import HandedMessage, Personal

log = logging.getLogger(__name__)
SQL = load(__file__)
_NOWHERE = Place("asked", 0, 0)
_MAYBE_TAKEN = (TryOutcome.STARTED, TryOutcome.UNKNOWN)


class Question(NamedTuple):
    """About one message of try `number`, or about the try itself where no message id is known."""

    number: int
    recipients: frozenset[int]
    lookup: Lookup


class Asked(NamedTuple):
    """What the provider reports, and the message ids of tries (by number) of which nobody knew that it took them."""

    reports: list[ProviderReport]
    taken: dict[int, str]


class NoAnswerError(Exception):
    """The provider cannot be asked now. `after`: the seconds that it wants to be left alone, if it said so.

    `so_far`: what it answered to the questions before.
    """

    def __init__(self, detail: str, after: float | None = None) -> None:
        super().__init__(detail)
        self.after = after
        self.so_far = Asked([], {})


class Asker:
    """`http` is shared by all questions, and bounds how long one takes. Safe to share between threads."""

    def __init__(self, installation: Installation, http: httpx.Client) -> None:
        self.installation = installation
        self.http = http
        self.attaching = Attaching(installation)

    def questions(self, attempt: Attempt, connection: Connection) -> list[Question]:
        """One for each message with an id of the provider's (an invoice's key is none) and each try without answer."""
        known = _SpokenFor(self.installation, connection, attempt)
        addresses, text = self._opened(attempt, connection)
        return [
            Question(
                one.number,
                frozenset([message.recipient] if message.recipient else one.recipients),
                Lookup(
                    attempt_id=attempt.order.attempt_id,
                    message_id=message.message_id or None,
                    address=addresses.get(message.recipient or _alone(one) or 0),
                    sent_at=one.at,
                    known=known,
                    text=text,
                ),
            )
            for one in attempt.tries
            for message in one.messages or _unnamed(one)
            if not is_key(message.message_id)
        ]

    def ask(
        self, connection: Connection, questions: Iterable[Question], between: Callable[[], object] = lambda: None
    ) -> Asked:
        """`between` is called after each question. Raises NoAnswerError, MisconfiguredError."""
        asked = Asked([], {})
        for question in questions:
            try:
                found = self._status(question.lookup, connection)
            except NoAnswerError as error:
                error.so_far = asked
                raise
            asked.reports.extend(found)
            message_id = _only(found) if question.lookup.message_id is None else None
            if message_id and message_id not in asked.taken.values():
                asked.taken[question.number] = message_id
            between()
        return asked

    def record(
        self, communication: InvoiceCommunication, attempt_id: str, connection: Connection, asked: Asked
    ) -> None:
        """On the aggregate, to be saved by the caller. Safe to run again.

        Raises MissingKeyError, SealError where a key must come back from a backup first.
        """
        at = self.installation.clock()
        for number, message_id in asked.taken.items():
            take(communication, attempt_id, number, [HandedMessage(message_id)], at)
        notices = [Notice.of(_NOWHERE, n, connection, report, at) for n, report in enumerate(asked.reports)]
        self.attaching.attach_to(communication, attempt_id, notices)

    def _status(self, lookup: Lookup, connection: Connection) -> list[ProviderReport]:
        """A report that echoes another attempt is not about this one."""
        provider = provider_named(connection.provider)
        try:
            found = provider.status(lookup, connection, self.http)
        except httpx.HTTPStatusError as error:
            raise NoAnswerError(f"HTTP {error.response.status_code}", wait(raw(error.response))) from None
        except httpx.HTTPError as error:
            raise NoAnswerError(type(error).__name__) from None
        except (MisconfiguredError, DatabaseError):
            raise
        except Exception as error:  # noqa: BLE001 - a module that fails on one answer must not hold up all others
            log.error("attempt %s: asking %s failed with %s", lookup.attempt_id, provider.name, type(error).__name__)
            raise NoAnswerError(type(error).__name__) from None
        return [r for r in found if r.attempt_id in (None, lookup.attempt_id)]

    def _opened(self, attempt: Attempt, connection: Connection) -> tuple[dict[int, str], str | None]:
        """Addresses by recipient number, and the text that was sent; without what was erased."""
        order = attempt.order
        text = order.message.text if order.message else None
        sealed: dict[int, Personal] = {r.number: r.address for r in order.recipients if r.address}
        plain = self.installation.keys.open([text, *sealed.values()], connection.tenant_id)
        addresses = {n: plain[a] for n, a in sealed.items() if plain[a] != ERASED}
        return addresses, plain[text] if text and plain[text] != ERASED else None


class _SpokenFor:
    """The message ids that belong to an attempt already: this one's from memory, the connection's by a look-up each.

    What cannot be an id is spoken for too, so that nobody claims it.
    """

    def __init__(self, installation: Installation, connection: Connection, attempt: Attempt) -> None:
        self.database = installation.database
        self.connection = connection
        self._known = {m.message_id: True for t in attempt.tries for m in t.messages}

    def __contains__(self, message_id: object) -> bool:
        if not isinstance(message_id, str) or not is_possible(message_id):
            return True
        if message_id not in self._known:
            self._known[message_id] = self._look_up(message_id)
        return self._known[message_id]

    def _look_up(self, message_id: str) -> bool:
        whose = (self.connection.id, message_id, self.connection.tenant_id)
        with self.database.transaction(self.connection.tenant_id) as connection:
            return connection.execute(statement(SQL["spoken_for"]), whose).fetchone() is not None


def _unnamed(one: Try) -> list[HandedMessage]:
    """What was never taken as far as we were told is not searched for: another message might be mistaken for it."""
    return [HandedMessage("", _alone(one))] if one.outcome in _MAYBE_TAKEN else []


def _alone(one: Try) -> int | None:
    return one.recipients[0] if len(one.recipients) == 1 else None


def _only(found: list[ProviderReport]) -> str | None:
    """Proof that the provider has it: exactly one message."""
    ids = {r.message_id for r in found if r.message_id and not is_key(r.message_id)}
    return ids.pop() if len(ids) == 1 else None
