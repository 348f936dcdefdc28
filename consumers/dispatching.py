"""Sends one claimed attempt: records that it starts, calls the provider, records the answer. Never twice on a guess."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import httpx

from adapters.bootstrap import Installation
from adapters.providers.port import (
    Answer,
    Connection,
    MisconfiguredError,
    Outgoing,
    Provider,
    Refused,
    Unknown,
)
from adapters.providers.registry import provider as provider_named
from consumers.asking import Asked, Asker, NoAnswerError
from consumers.breaker import Breaker
from consumers.health import ConnectionHealth
from consumers.outcomes import apply_answer
from consumers.outgoing import CannotSendError, prepare
from consumers.queue import Claim, Queue
from domain.attempt import Attempt, Try, TryOutcome
from domain.communication import InvoiceCommunication
from domain.errors import DispatchRefusedError
from domain.status import Status
from domain.values import Personal, Recipient

log = logging.getLogger(__name__)
T = TypeVar("T")
_DIED = "the sending process ended between the call and its answer"


class Dispatching:
    """`http` is shared by all calls; the time-outs are the provider modules' own."""

    def __init__(self, installation: Installation, queue: Queue, http: httpx.Client) -> None:
        self.installation = installation
        self.queue = queue
        self.http = http
        self.clock = installation.clock
        self.asker = Asker(installation, http)
        self.breaker = Breaker(ConnectionHealth(installation.database, installation.clock))

    def dispatch(self, claim: Claim) -> None:
        """Carry a claimed attempt as far as it goes now."""
        attempt = self.installation.communications.get(claim.communication_id).attempt(claim.attempt_id)
        connection = self._connection(attempt)
        broken = [t for t in attempt.tries if t.outcome is TryOutcome.STARTED]
        for one in broken:
            self._settle_broken(claim, connection, attempt, one)
        settled = {number for t in broken for number in t.recipients}
        waiting = [r for r in attempt.unsent() if r.number not in settled]
        if attempt.waiting is not Status.QUEUED or attempt.marked_sent_at or not waiting:
            self.queue.forget(claim.attempt_id)
            return
        for recipients in _calls(connection, waiting):
            if connection is not None and (due := self.breaker.blocked_until(connection)):
                self.queue.release(claim.attempt_id, due)
                return
            self._send(claim, connection, attempt, recipients)

    def _send(
        self, claim: Claim, connection: Connection | None, attempt: Attempt, recipients: Sequence[Recipient]
    ) -> None:
        numbers, at = [r.number for r in recipients], self.clock()
        try:
            number = self._change(claim, lambda c: _start(c, claim.attempt_id, numbers, at))
        except DispatchRefusedError:
            self.queue.forget(claim.attempt_id)
            return
        answer = self._call(claim, connection, attempt, recipients)
        self._record(claim, attempt, number, answer)
        if connection is not None:
            self.breaker.heard(connection, answer, at)

    def _call(
        self, claim: Claim, connection: Connection | None, attempt: Attempt, recipients: Sequence[Recipient]
    ) -> Answer:
        if connection is None:
            return Refused("no_connection", "its connection was removed", Status.FAILED)
        communication = self.installation.communications.get(claim.communication_id)
        try:
            outgoing = prepare(self.installation, communication, attempt, recipients)
        except CannotSendError as error:
            return Refused(error.reason, str(error), Status.FAILED)
        return _guarded(provider_named(connection.provider), outgoing, connection, self.http)

    def _settle_broken(self, claim: Claim, connection: Connection | None, attempt: Attempt, broken: Try) -> None:
        """A dispatcher died between start and answer: look it up at the provider, else say that nobody knows."""
        asked = self._look_up(connection, attempt, broken) if connection else None
        seal, at = self._sealer(attempt), self.clock()

        def settle(communication: InvoiceCommunication) -> None:
            if connection and asked:
                self.asker.record(communication, claim.attempt_id, connection, asked)
            apply_answer(communication, claim.attempt_id, broken.number, Unknown(_DIED), seal, at)

        self._change(claim, settle)
        known = "known to the provider" if asked and asked.taken else "unknown"
        log.info("attempt %s, try %d: its answer was lost, %s", claim.attempt_id, broken.number, known)

    def _look_up(self, connection: Connection, attempt: Attempt, broken: Try) -> Asked | None:
        """What the provider has of it. Finding nothing proves nothing: it may be seen there later."""
        if not provider_named(connection.provider).can_ask:
            return None
        questions = [q for q in self.asker.questions(attempt, connection) if q.number == broken.number]
        try:
            return self.asker.ask(connection, questions)
        except (NoAnswerError, MisconfiguredError) as error:
            log.warning("attempt %s: could not ask (%s)", attempt.order.attempt_id, error)
            return None

    def _record(self, claim: Claim, attempt: Attempt, number: int, answer: Answer) -> None:
        at = self.clock()
        seal = self._sealer(attempt)
        self._change(claim, lambda c: apply_answer(c, claim.attempt_id, number, answer, seal, at))
        log.info("attempt %s, try %d: %s", claim.attempt_id, number, type(answer).__name__)

    def _sealer(self, attempt: Attempt) -> Callable[[str], Personal | None]:
        """Seals the provider's words under the recipients' key, else the document's; drops them where that is gone."""
        order = attempt.order
        keys = [r.address.key for r in order.recipients if r.address] or [d.key for d in order.documents]
        under = next(iter(keys), None)
        key = self.installation.keys.keys([under])[under] if under else None
        return lambda text: key.seal(text) if key and text else None

    def _change(self, claim: Claim, command: Callable[[InvoiceCommunication], T]) -> T:
        def run(communication: InvoiceCommunication | None) -> tuple[InvoiceCommunication | None, T]:
            if communication is None:
                raise DispatchRefusedError
            return communication, command(communication)

        return self.installation.communications.change(claim.communication_id, run)[0]

    def _connection(self, attempt: Attempt) -> Connection | None:
        named = attempt.order.connection_id
        return self.installation.connections.get(UUID(named)) if named else None


def _calls(connection: Connection | None, waiting: list[Recipient]) -> list[list[Recipient]]:
    """One call for all, or one for each where the provider takes them one by one."""
    alone = connection is not None and provider_named(connection.provider).one_by_one
    return [[r] for r in waiting] if alone else [waiting]


def _start(communication: InvoiceCommunication, attempt_id: str, numbers: list[int], at: datetime) -> int:
    """The number of the try; of the one begun just now, if its commit went through and the answer was lost."""
    mine = (t.number for t in communication.attempt(attempt_id).tries if t.at == at and t.recipients == numbers)
    return next(mine, 0) or communication.start_dispatch(attempt_id, numbers, at)


def _guarded(provider: Provider, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
    """A provider module that fails unexpectedly may have sent: only a missing setting certainly did not."""
    try:
        return provider.send(outgoing, connection, http)
    except MisconfiguredError as error:
        return Refused("misconfigured", str(error), Status.FAILED)
    except Exception as error:  # noqa: BLE001 - whatever it was, the outcome is unknown and must be recorded as such
        log.error("attempt %s: %s failed with %s", outgoing.attempt_id, provider.name, type(error).__name__)
        return Unknown(f"unexpected {type(error).__name__} while calling {provider.name}")
