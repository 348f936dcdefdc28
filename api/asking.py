"""Asks a provider now what became of an attempt, for a client that waits for the answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import httpx

from adapters.bootstrap import Installation
from adapters.config.api_keys import Caller
from adapters.providers.port import Connection, MisconfiguredError
from adapters.providers.registry import PROVIDERS
from api import rendering
from api.errors import (
    CannotAskError,
    NotSentYetError,
    ProviderUnavailableError,
    TooOldToAskError,
    TryLaterError,
)
from api.finding import communication_of
from api.rendering import Rendered
from api.sealing import Sealer
from api.sending import Done, done, existing
from consumers.asking import Asked, Asker, NoAnswerError
from domain.asking import ASKABLE
from domain.attempt import Attempt
from domain.communication import InvoiceCommunication

_AT_ONCE = 8
"""Questions at a time: a slow provider must not take all threads from those who send."""


class Asking:
    """`http` is shared by all questions, and bounds how long one takes."""

    def __init__(self, installation: Installation, http: httpx.Client) -> None:
        self.installation = installation
        self.asker = Asker(installation, http)
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    def refresh(self, caller: Caller, attempt_id: UUID) -> Done:
        """Raises AttemptUnknownError, NotSentYetError, TooOldToAskError, CannotAskError, ProviderUnavailableError."""
        tenant, communications = caller.tenant_id, self.installation.communications
        sealer = Sealer(self.installation, caller)
        place = communication_of(self.installation.database, tenant, attempt_id)
        attempt = existing(communications.load([place], tenant).found.get(place)).attempt(str(attempt_id))
        connection = self._connection(attempt)
        with self.turn():
            asked = self._ask(attempt, connection)

        def command(found: InvoiceCommunication | None) -> tuple[InvoiceCommunication, Rendered]:
            communication = existing(found)
            self.asker.record(communication, str(attempt_id), connection, asked)
            return communication, rendering.one_attempt(sealer, communication, str(attempt_id))

        return done(communications.change(place, command, tenant=tenant))

    def _connection(self, attempt: Attempt) -> Connection:
        if attempt.shipped_at is None:
            raise NotSentYetError
        named = attempt.order.connection_id
        connection = self.installation.connections.get(UUID(named)) if named else None
        if connection is None or not PROVIDERS[connection.provider].can_ask:
            raise CannotAskError
        if self.installation.clock() > attempt.shipped_at + ASKABLE:
            raise TooOldToAskError
        return connection

    def _ask(self, attempt: Attempt, connection: Connection) -> Asked:
        try:
            return self.asker.ask(connection, self.asker.questions(attempt, connection))
        except NoAnswerError:
            raise ProviderUnavailableError from None
        except MisconfiguredError as error:
            raise CannotAskError(str(error)) from None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Raises TryLaterError."""
        if not self._free.acquire(blocking=False):
            raise TryLaterError
        try:
            yield
        finally:
            self._free.release()
