"""From the log's records to notices: what each raw request says, in our words. Reads nothing but the connection."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from adapters.keys.master import SealError
from adapters.providers.port import Connection, ProviderReport, UnreadableError
from adapters.providers.registry import UnknownProviderError, reports_of
from adapters.webhook_log.frames import UnreadableFrameError, decode_frame
from adapters.webhook_log.port import LoggedRequest, Record

WHOLE_FRAME = -1
"""The `nth` of a dead letter that is a record nobody could take apart."""

LONGEST_KEY = 500
"""Characters. No provider's message id comes near; an index entry could not hold much more."""

FindConnection = Callable[[UUID], Connection | None]


class Place(NamedTuple):
    """Where a request lies: partition name, offset of the record, and the how manieth of the record it is, from 0."""

    log: str
    offset: int
    nth: int


class Arrival(NamedTuple):
    place: Place
    logged: LoggedRequest


class Notice(msgspec.Struct, frozen=True, gc=False):
    """One report of a request (the `number`-th, from 0), on its way to an attempt.

    `keys`: by what the attempt may be found: the id that the provider echoes, then its own message id.
    """

    place: Place
    number: int
    connection: Connection
    report: ProviderReport
    received_at: datetime
    keys: list[str]

    @classmethod
    def of(cls, place: Place, number: int, connection: Connection, report: ProviderReport, at: datetime) -> "Notice":
        first, second = report.attempt_id, report.message_id
        keys = [first] if first and is_possible(first) else []
        if second and is_possible(second):
            keys.append(second)
        return cls(place, number, connection, report, at, keys)

    @property
    def at(self) -> datetime:
        """When it happened, in UTC: by the provider's clock, else when it came in."""
        moment = self.report.occurred_at or self.received_at
        if moment.tzinfo is UTC:
            return moment
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


class Understood(NamedTuple):
    arrival: Arrival
    connection: Connection
    notices: list[Notice]


class Dead(NamedTuple):
    """A request that cannot be read, or a whole `frame`. `reason` holds no personal data.

    `suspect`: many of these in a row mean a bad release.
    """

    place: Place
    reason: str
    arrival: Arrival | None = None
    connection: Connection | None = None
    frame: bytes = b""
    suspect: bool = True


Outcome = Understood | Dead


def understand_records(name: str, records: Iterable[Record], find: FindConnection) -> list[Outcome]:
    """What the requests of these records say, in their order."""
    return [outcome for record in records for outcome in understand_record(name, record, find)]


def understand_record(name: str, record: Record, find: FindConnection) -> list[Outcome]:
    try:
        requests = decode_frame(record.frame)
    except UnreadableFrameError as error:
        return [Dead(Place(name, record.offset, WHOLE_FRAME), str(error), frame=record.frame)]
    offset = record.offset
    return [understand(Arrival(Place(name, offset, nth), logged), find) for nth, logged in enumerate(requests)]


def found_once(find: FindConnection) -> FindConnection:
    """For some thousand requests at once: by the id's number, because a UUID is slow to look up by."""
    known: dict[int, Connection | None] = {}

    def found(connection_id: UUID) -> Connection | None:
        number = connection_id.int
        if number not in known:
            known[number] = find(connection_id)
        return known[number]

    return found


def understand(arrival: Arrival, find: FindConnection) -> Outcome:
    """Whatever a provider module does with a hostile request ends here: in a dead letter, never in a stop."""
    try:
        connection = find(arrival.logged.connection_id)
    except SealError as error:
        return Dead(arrival.place, f"its connection's secrets do not open: {type(error).__name__}", arrival)
    if connection is None:
        return Dead(arrival.place, "its connection is gone or disabled", arrival, suspect=False)
    try:
        reports = reports_of(arrival.logged.request, connection)
    except (UnreadableError, UnknownProviderError) as error:
        return Dead(arrival.place, str(error), arrival, connection)
    except Exception as error:  # noqa: BLE001 - a module that fails on one request must not hold up all others
        return Dead(arrival.place, f"{type(error).__name__} while reading it", arrival, connection)
    return Understood(arrival, connection, notices_of(arrival, connection, reports))


def notices_of(arrival: Arrival, connection: Connection, reports: Iterable[ProviderReport]) -> list[Notice]:
    at = arrival.logged.request.received_at
    return [Notice.of(arrival.place, number, connection, report, at) for number, report in enumerate(reports)]


def is_possible(key: str) -> bool:
    """What PostgreSQL cannot keep as text was never given out as an id either."""
    return len(key) <= LONGEST_KEY and key.isprintable()
