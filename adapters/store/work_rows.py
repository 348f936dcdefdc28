"""Which work follows from events: one place, so that whoever records an event also queues and correlates it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from adapters.database.arrays import integers_or_null, moments, texts, uuids, uuids_or_null
from adapters.database.queries import load
from adapters.database.session import Write
from adapters.providers.port import is_pull_only
from adapters.providers.registry import PROVIDERS
from domain import events as e
from domain.asking import next_question
from domain.attempt import Attempt
from domain.communication import InvoiceCommunication
from domain.status import Status

SQL = load(__file__)
Rows = dict[str, list[tuple[Any, ...]]]


def work_writes(changed: Iterable[tuple[InvoiceCommunication, Sequence[object]]]) -> list[Write]:
    """The attempt, queue, correlation and asking rows for aggregates and the events just made of them."""
    rows: Rows = defaultdict(list)
    for communication, made in changed:
        for event in made:
            if type(event) in _FOLLOWED:
                _follow(rows, communication, event)
    return [Write(SQL[name], found, _KINDS.get(name, ())) for name, found in rows.items()]


_KINDS = {
    "open": (uuids, uuids, uuids, uuids_or_null, moments),
    "correlate": (uuids, texts, uuids, uuids, uuids, integers_or_null),
}
"""Of the hottest."""
_id = lru_cache(maxsize=1000)(UUID)
"""An attempt's and its connection's id are wanted for each of its rows."""
_FOLLOWED = {
    e.SendAttempted, e.Resent, e.MarkedAsSent, e.DocumentAdded, e.HandedOver, e.TryFailed, e.OutcomeUnknown,
    e.AttemptSkipped, e.AttemptCancelled,
}  # fmt: skip
"""What `_follow` knows; most events are others."""


def _follow(rows: Rows, communication: InvoiceCommunication, event: object) -> None:
    match event:
        case e.SendAttempted(order=order) | e.Resent(order=order):
            _opened(rows, communication, communication.attempts[order.attempt_id])
        case e.MarkedAsSent(order=order) if order is not None:
            rows["open"].append((_id(order.attempt_id), communication.tenant_id, communication.id, None, None))
        case e.DocumentAdded():
            for attempt in communication.attempts.values():
                if not attempt.tries:
                    _enqueue(rows, communication, attempt)
        case e.HandedOver():
            _handed_over(rows, communication, event)
            _ask_later(rows, communication, event)
        case e.TryFailed(attempt_id=attempt_id, next_at=next_at) if next_at is not None:
            rows["postpone"].append((_id(attempt_id), next_at))
        case e.OutcomeUnknown():
            _dequeue(rows, communication.attempts[event.attempt_id])
            _ask_later(rows, communication, event)
        case e.TryFailed() | e.AttemptSkipped() | e.AttemptCancelled() | e.MarkedAsSent():
            _dequeue(rows, communication.attempts[event.attempt_id])


def _opened(rows: Rows, communication: InvoiceCommunication, attempt: Attempt) -> None:
    rows["open"].append((*_whose(communication, attempt), _due(attempt)))


def _enqueue(rows: Rows, communication: InvoiceCommunication, attempt: Attempt) -> None:
    due = _due(attempt)
    if due is not None:
        rows["enqueue"].append((*_whose(communication, attempt), due))


def _whose(communication: InvoiceCommunication, attempt: Attempt) -> tuple[UUID, UUID, UUID, UUID | None]:
    order = attempt.order
    connection = _id(order.connection_id) if order.connection_id else None
    return _id(order.attempt_id), communication.tenant_id, communication.id, connection


def _due(attempt: Attempt) -> datetime | None:
    """None if it is not to be sent by us, or not now."""
    if attempt.waiting is not Status.QUEUED or attempt.marked_sent_at:
        return None
    return attempt.order.scheduled_at or attempt.created_at


def _handed_over(rows: Rows, communication: InvoiceCommunication, event: e.HandedOver) -> None:
    attempt = communication.attempts[event.attempt_id]
    connection = attempt.order.connection_id
    for message in event.messages if connection else ():
        place = _correlation(communication, str(connection), message.message_id, event.attempt_id, message.recipient)
        rows["correlate"].append(place)
        rows["wake_parked"].append((place[0], message.message_id, event.timestamp))
    _dequeue(rows, attempt)


def _ask_later(rows: Rows, communication: InvoiceCommunication, event: e.HandedOver | e.OutcomeUnknown) -> None:
    """The provider may never call back about it, so it is asked one day."""
    attempt = communication.attempts[event.attempt_id]
    provider, connection = PROVIDERS.get(attempt.order.provider or ""), attempt.order.connection_id
    if provider is None or connection is None or not provider.can_ask:
        return
    at: datetime = event.timestamp
    first = next_question(0, at, attempt.shipped_at or at, pull_only=is_pull_only(provider))
    if first is not None:
        rows["ask"].append((_id(event.attempt_id), communication.tenant_id, communication.id, _id(connection), first))


def _dequeue(rows: Rows, attempt: Attempt) -> None:
    if attempt.waiting is not Status.QUEUED or attempt.marked_sent_at or not attempt.unsent():
        rows["dequeue"].append((_id(attempt.order.attempt_id),))


def _correlation(
    communication: InvoiceCommunication, connection: str, key: str, attempt_id: str, recipient: int | None
) -> tuple[Any, ...]:
    whose = (communication.tenant_id, communication.id, _id(attempt_id))
    return (_id(connection), key, *whose, recipient)
