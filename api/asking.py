"""Asks a provider now what became of an attempt, and records it as its webhooks would have told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import httpx

from adapters.bootstrap import Installation
from adapters.config.api_keys import Caller
from adapters.keys.ring import ERASED
from adapters.providers.port import Connection, Lookup, MisconfiguredError, ProviderReport
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
from api.rendering import Shown, with_fields
from api.sealing import ref_of
from api.sending import Done, existing
from consumers.arrivals import Notice, Place
from consumers.attaching import delivery_report, recipient_number
from domain.attempt import Attempt
from domain.communication import InvoiceCommunication
from domain.values import HandedMessage

ASKABLE = timedelta(days=25)
"""After an attempt was shipped; some providers forget after 30 days."""
_AT_ONCE = 8
"""Questions at a time: a slow provider must not take all threads from those who send."""
_NOWHERE = Place("asked", 0, 0)


class Asking:
    """`http` is shared by all questions, and bounds how long one takes."""

    def __init__(self, installation: Installation, http: httpx.Client) -> None:
        self.installation = installation
        self.http = http
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    def refresh(self, caller: Caller, attempt_id: UUID) -> Done:
        """Raises AttemptUnknownError, NotSentYetError, TooOldToAskError, CannotAskError, ProviderUnavailableError."""
        tenant, communications = caller.tenant_id, self.installation.communications
        place = communication_of(self.installation.database, tenant, attempt_id)
        attempt = existing(communications.load([place], tenant).found.get(place)).attempt(str(attempt_id))
        connection = self._connection(attempt)
        with self._turn():
            reports = self._ask(attempt, connection)
        at = self.installation.clock()
        notices = [Notice(_NOWHERE, number, connection, report, at) for number, report in enumerate(reports)]

        def command(found: InvoiceCommunication | None) -> tuple[InvoiceCommunication, InvoiceCommunication]:
            communication = existing(found)
            self._record(communication, str(attempt_id), notices)
            return communication, communication

        communication, position = communications.change(place, command, tenant=tenant)
        document = rendering.attempt(self.installation.keys, tenant, Shown(communication, str(attempt_id), position))
        return Done(with_fields(document, position=position), position, frozenset({ref_of(communication)}))

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

    def _ask(self, attempt: Attempt, connection: Connection) -> list[ProviderReport]:
        provider = PROVIDERS[connection.provider]
        try:
            found = [r for lookup in self._lookups(attempt) for r in provider.status(lookup, connection, self.http)]
        except httpx.HTTPError:
            raise ProviderUnavailableError from None
        except MisconfiguredError as error:
            raise CannotAskError(str(error)) from None
        return [r for r in found if r.attempt_id in (None, attempt.order.attempt_id)]

    def _lookups(self, attempt: Attempt) -> Iterator[Lookup]:
        """One for each message that the provider gave an id; one by the attempt's own id for a try that got none."""
        sealed = {r.number: r.address for r in attempt.order.recipients}
        plain = self.installation.keys.open(sealed.values())
        addresses = {n: plain[a] for n, a in sealed.items() if a and plain[a] != ERASED}
        known = frozenset(m.message_id for t in attempt.tries for m in t.messages)
        for one in attempt.tries:
            alone = one.recipients[0] if len(one.recipients) == 1 else None
            unnamed = [HandedMessage("", alone)] if not one.messages else []
            for message in (*one.messages, *unnamed):
                address = addresses.get(message.recipient or alone or 0)
                yield Lookup(attempt.order.attempt_id, message.message_id or None, address, one.at, known)

    def _record(self, communication: InvoiceCommunication, attempt_id: str, notices: list[Notice]) -> None:
        attempt = communication.attempt(attempt_id)
        used = {r.address.key for r in attempt.order.recipients if r.address}
        keys = self.installation.keys.keys(used, communication.tenant_id)
        key = next((keys[id_] for id_ in sorted(used)), None)
        for notice in notices:
            recipient = recipient_number(attempt, notice.report.recipient, keys) or _of_message(attempt, notice.report)
            report = delivery_report(notice, attempt_id, recipient, key)
            communication.record_report(report, self.installation.clock())

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._free.acquire(blocking=False):
            raise TryLaterError
        try:
            yield
        finally:
            self._free.release()


def _of_message(attempt: Attempt, report: ProviderReport) -> int | None:
    messages = (m for t in attempt.tries for m in t.messages if m.message_id == report.message_id)
    return next((m.recipient for m in messages), None)
