"""Communications as far as a provider's reports need to know them, and the events that reports become.

Of a stream this takes in what a report is judged by: the orders, the providers' message ids, the ids of the reports
that were recorded, and the version. Folding whole aggregates, changing them and taking their events apart again cost
four times as much, which was most of what a webhook costs.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, cast
from uuid import UUID

import msgspec

from adapters.database import arrays
from adapters.database.queries import load
from adapters.database.session import Database
from adapters.store.mapper import EventMapper
from adapters.store.recorder import EventRow
from domain import events as e
from domain.attempt import Attempt
from domain.communication import InvoiceCommunication
from domain.reports import DeliveryReport
from domain.values import Channel, HandedMessage, Recipient

SQL = load(__file__)


class _Order(msgspec.Struct, gc=False):
    attempt_id: str
    channel: Channel
    recipients: list[Recipient] = []


class _Asked(msgspec.Struct):
    order: _Order | None


class _HandedOver(msgspec.Struct):
    attempt_id: str
    number: int
    messages: list[HandedMessage]


class _Report(msgspec.Struct):
    report_id: str
    attempt_id: str


class _Reported(msgspec.Struct):
    report: _Report


class _Made(msgspec.Struct):
    """An event of a report, as `EventMapper` would write it."""

    timestamp: datetime
    report: DeliveryReport


_STATUS, _ANSWER = e.StatusReported.TOPIC, e.BuyerResponded.TOPIC
_encode = msgspec.json.Encoder().encode
_asked = msgspec.json.Decoder(_Asked).decode
_handed_over = msgspec.json.Decoder(_HandedOver).decode
_reported = msgspec.json.Decoder(_Reported).decode


class ReportedAttempt:
    """`whose`: the recipient (a number) that a message id belongs to, where it belongs to one alone.

    `whole`: the aggregate, where more may have to be asked than the attempt itself tells.
    """

    __slots__ = ("attempt_id", "channel", "key_ids", "messages", "recipients", "report_ids", "whole")

    def __init__(self, order: "_Order | Any") -> None:
        self.attempt_id: str = order.attempt_id
        self.channel: Channel = order.channel
        self.recipients: list[Recipient] = order.recipients
        self.key_ids: list[str] = sorted({r.address.key for r in self.recipients if r.address})
        """Of the keys that the addresses are sealed under."""
        self.messages: dict[int, list[HandedMessage]] = {}
        """By the number of the try."""
        self.report_ids: set[str] = set()
        self.whole: InvoiceCommunication | None = None

    @classmethod
    def of(cls, attempt: Attempt, whole: InvoiceCommunication | None = None) -> "ReportedAttempt":
        """The same of an aggregate's attempt."""
        made = cls(attempt.order)
        made.whole = whole
        made.messages, made.report_ids = {t.number: t.messages for t in attempt.tries}, attempt.report_ids
        return made

    def whose(self, message_id: str | None) -> int | None:
        for _, messages in sorted(self.messages.items()) if message_id and self.messages else ():
            for message in messages:
                if message.message_id == message_id:
                    return message.recipient
        return None


class Reported:
    """One communication, at `version`. `whole`: the aggregate without the reports made since, where it was read.

    Its id and its tenant's are the ids' bytes.
    """

    __slots__ = ("attempts", "id", "tenant", "version", "whole")

    def __init__(self, communication_id: bytes, tenant: bytes) -> None:
        self.id = communication_id
        self.tenant = tenant
        self.version = 0
        self.attempts: dict[str, ReportedAttempt] = {}
        self.whole: InvoiceCommunication | None = None

    def take(self, version: int, topic: str, state: bytes) -> None:
        """The next event of the stream. Raises msgspec.DecodeError."""
        self.version = version
        if (reader := _READERS.get(topic)) is not None:
            reader(self.attempts, state)

    def knows(self, attempt_id: str, report_id: str) -> bool:
        return report_id in self.attempts[attempt_id].report_ids

    def report(self, report: DeliveryReport, at: datetime) -> EventRow:
        """The event to record of a report that is not known yet."""
        self.attempts[report.attempt_id].report_ids.add(report.report_id)
        self.version += 1
        topic = _STATUS if report.buyer_response is None else _ANSWER
        return self.id, self.version, self.tenant, topic, _encode(_Made(at, report))

    def is_plain(self) -> bool:
        """Whether it tells enough by itself: one attempt, addressed under some key."""
        if len(self.attempts) != 1:
            return False
        (one,) = self.attempts.values()
        return bool(one.key_ids)


Attempts = dict[str, ReportedAttempt]


def _open(attempts: Attempts, state: bytes) -> None:
    if (order := _asked(state).order) is not None:
        attempts[order.attempt_id] = ReportedAttempt(order)


def _hand_over(attempts: Attempts, state: bytes) -> None:
    told = _handed_over(state)
    attempts[told.attempt_id].messages[told.number] = told.messages


def _hear(attempts: Attempts, state: bytes) -> None:
    report = _reported(state).report
    attempts[report.attempt_id].report_ids.add(report.report_id)


_READERS: dict[str, Callable[[Attempts, bytes], None]] = {
    e.SendAttempted.TOPIC: _open, e.Resent.TOPIC: _open, e.MarkedAsSent.TOPIC: _open, e.HandedOver.TOPIC: _hand_over,
    e.StatusReported.TOPIC: _hear, e.BuyerResponded.TOPIC: _hear,
}  # fmt: skip
"""All other events say nothing that a report is judged by."""


def reported(database: Database, tenants: Mapping[bytes, bytes]) -> dict[bytes, Reported]:
    """Of these communications and their tenants, those that there are, by id: one read for most of them.

    Only those that are not plain are read from their first event on, and whole.
    """
    known = _taken_in(tenants, _ask(database, "seen", tenants))
    special = {one.id: one.tenant for one in known.values() if not one.is_plain()}
    rows = _ask(database, "whole", special)
    known |= _taken_in(special, rows)
    for originator, stream in groupby(rows, itemgetter(0)):
        known[originator].whole = _whole(UUID(bytes=originator), stream)
    return known


def _ask(database: Database, how: str, tenants: Mapping[bytes, bytes]) -> list[tuple[Any, ...]]:
    return database.ask(SQL[how], [arrays.uuid_bytes(list(tenants))]) if tenants else []


def _taken_in(tenants: Mapping[bytes, bytes], rows: Iterable[tuple[Any, ...]]) -> dict[bytes, Reported]:
    read: dict[bytes, Reported] = {}
    for originator, version, topic, state in rows:
        if (one := read.get(originator)) is None:
            one = read[originator] = Reported(originator, tenants[originator])
        one.take(version, topic, state)
    return read


def _whole(communication_id: UUID, rows: Iterable[tuple[Any, ...]]) -> InvoiceCommunication:
    found: Any = None
    for _, version, topic, state in rows:
        event: Any = EventMapper.read(communication_id, version, topic, state)
        found = event.mutate(found)
    return cast(InvoiceCommunication, found)
