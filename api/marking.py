"""What people mark: sent by hand, ignored, restored."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from adapters.bootstrap import Installation
from adapters.config.api_keys import Caller
from api import rendering
from api.batches import Applied, Job, carry_out, indexed
from api.errors import CommunicationNotFoundError, InvalidFieldError
from api.http.idempotency import Ids
from api.http.problems import parsed
from api.http.schemas import MarkIn, MarkItem, MarkSentIn, PersonIn
from api.rendering import Rendered
from api.sealing import Sealer
from api.sending import Done, Keep, carried_out, subject_id
from domain.communication import InvoiceCommunication
from domain.values import Person, Personal

_AHEAD = timedelta(minutes=5)
"""By how much the caller's clock may be ahead of ours."""
Mark = Callable[[InvoiceCommunication, Person, Personal | None], None]


def mark_sent(
    installation: Installation, caller: Caller, asked: MarkSentIn, ids: Ids, keep: Keep | None = None
) -> Done:
    """One outcome an item: `skipped` for an attempt that somebody marked otherwise before."""
    sealer = Sealer(installation, caller)

    def read(place: int, item: Any) -> Job:
        one = parsed(MarkItem, item)
        if one.sent_at > sealer.now() + _AHEAD:
            raise InvalidFieldError("sent_at", "in_the_future", "Nothing was sent in the future.")
        attempt_id = str(one.attempt_id) if one.attempt_id else ids(place)
        where = subject_id(caller.tenant_id, one.subject)
        return Job(place, where, lambda c: _marked(sealer, c, one, attempt_id, asked.requested_by))

    return carry_out(sealer, *indexed(asked.items, read), keep)


def ignore(installation: Installation, caller: Caller, communication_id: UUID, asked: MarkIn) -> Done:
    """Raises CommunicationNotFoundError."""
    at = installation.clock()
    return _mark(installation, caller, communication_id, asked, lambda c, who, why: c.ignore(who, why, at))


def restore(installation: Installation, caller: Caller, communication_id: UUID, asked: MarkIn) -> Done:
    """Raises CommunicationNotFoundError."""
    at = installation.clock()
    return _mark(installation, caller, communication_id, asked, lambda c, who, why: c.restore(who, why, at))


def _marked(
    sealer: Sealer, communication: InvoiceCommunication, one: MarkItem, attempt_id: str, by: PersonIn
) -> Applied:
    if one.attempt_id is not None:
        communication.attempt(attempt_id)
    key = sealer.key_of(communication)
    communication.mark_as_sent(attempt_id, sealer.person(by, key), one.sent_at, key.seal(one.how), sealer.now())
    attempt = communication.attempt(attempt_id)
    return Applied(attempt_id, attempt.marked_sent_at == one.sent_at and sealer.says(attempt.how, one.how))


def _mark(installation: Installation, caller: Caller, communication_id: UUID, asked: MarkIn, mark: Mark) -> Done:
    sealer, tenant = Sealer(installation, caller), caller.tenant_id

    def command(found: InvoiceCommunication | None) -> tuple[InvoiceCommunication, Rendered]:
        if not isinstance(found, InvoiceCommunication):
            raise CommunicationNotFoundError
        key = sealer.key_of(found)
        mark(found, sealer.person(asked.requested_by, key), key.seal(asked.reason) if asked.reason else None)
        return found, rendering.rendered(found, rendering.overview_row(installation.keys, tenant, found, 0))

    return carried_out(sealer, communication_id, command)
