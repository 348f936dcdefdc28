"""What is kept of a request beside events: the raw request, reports that match nothing yet, and dead letters.

Every row names its place in the log, so that taking a record in again adds nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from adapters.clock import Clock
from adapters.database import arrays
from adapters.database.queries import load
from adapters.database.session import Database, Write, statement
from adapters.keys.master import MasterKey
from adapters.providers.port import ProviderReport
from consumers.arrivals import Dead, Notice, Outcome, Place, Understood

SQL = load(__file__)
FIRST_PAUSE = timedelta(seconds=5)
_encode = msgspec.json.Encoder().encode
NAMELESS = "what it says names neither a message nor an attempt"


class Days:
    """The raw requests' partitions, one a day. Those of late are made once: they are never dropped as long as they are
    that new, and asking for them cost more than a tenth of a chunk's time."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self._made: set[date] = set()

    def ensure(self, outcomes: Iterable[Outcome]) -> None:
        """In transactions of their own: making a partition takes stronger locks than writing into it."""
        late = self.clock().date() - timedelta(days=1)
        self._made = {day for day in self._made if day >= late}
        for day in sorted(_days_of(outcomes) - self._made):
            with self.database.transaction() as connection:
                connection.execute(statement(SQL["day"]), (day,))
            self._made.add(day)


def _days_of(outcomes: Iterable[Outcome]) -> set[date]:
    kept = {o.arrival.logged.request.received_at for o in outcomes if isinstance(o, Understood)}
    return {moment.astimezone(UTC).date() for moment in kept}


_RAW = (
    arrays.moments, arrays.words, arrays.bigints, arrays.bigints, arrays.uuid_bytes, arrays.uuid_bytes, arrays.words,
    arrays.utf8, arrays.words, arrays.byteas, arrays.texts,
)  # fmt: skip
"""The columns of a raw request."""


def keep_raw(outcomes: Iterable[Outcome], about: Iterable[bytes | None]) -> Write:
    """`about`: the ids of the communications that all their notices, in order, are about."""
    known: dict[int, tuple[bytes, bytes, str]] = {}
    told, rows = iter(about), []
    for found in outcomes:
        if isinstance(found, Understood):
            one = found.connection
            if (whose := known.get(id(one))) is None:
                whose = known[id(one)] = (one.tenant_id.bytes, one.id.bytes, one.provider)
            rows.append(_raw_row(found, whose, [next(told) for _ in found.notices]))
    return Write(SQL["raw"], rows, _RAW)


def park(notices: Sequence[Notice], master: MasterKey, now: datetime) -> Write:
    """Those that name something: the others could never be attached."""
    return Write(SQL["park"], [_parked_row(notice, master, now + FIRST_PAUSE) for notice in notices if notice.keys])


def bury(outcomes: Iterable[Outcome], now: datetime) -> Write:
    return Write(SQL["bury"], [_dead_row(dead, now) for dead in dead_of(outcomes)])


def dead_of(outcomes: Iterable[Outcome]) -> list[Dead]:
    """What is set aside for a person: a request that cannot be read, or that says something of nobody knows what."""
    return [d for o in outcomes if (d := o if isinstance(o, Dead) else _nameless(o))]


def _nameless(found: Understood) -> Dead | None:
    """Beside all that it says of messages, which is recorded all the same."""
    for notice in found.notices:
        if not notice.keys:
            return Dead(found.arrival.place, NAMELESS, found.arrival, found.connection)
    return None


def seal_report(master: MasterKey, place: Place, number: int, report: ProviderReport) -> bytes:
    return master.seal(msgspec.json.encode(report), _context(place, number))


def open_report(master: MasterKey, place: Place, number: int, sealed: bytes) -> ProviderReport:
    """Raises TamperedError."""
    return msgspec.json.decode(master.open(sealed, _context(place, number)), type=ProviderReport)


def storable(text: str) -> str:
    """PostgreSQL's text has neither NUL nor half a surrogate pair; HTTP allows the second in a header."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "").encode(errors="replace").decode()


def _context(place: Place, number: int) -> bytes:
    return msgspec.json.encode(["parked", *place, number])


def _raw_row(found: Understood, whose: tuple[bytes, bytes, str], about: Iterable[bytes | None]) -> tuple[Any, ...]:
    place, (_, request) = found.arrival
    communications = "{" + ",".join(sorted({one.hex() for one in about if one})) + "}"
    return (request.received_at, *place, *whose, _headers(request.headers), storable(request.url), request.body,
            communications)  # fmt: skip


def _parked_row(notice: Notice, master: MasterKey, next_try: datetime) -> tuple[Any, ...]:
    connection = notice.connection
    sealed = seal_report(master, notice.place, notice.number, notice.report)
    ids = (connection.tenant_id, connection.id, connection.provider)
    return (*notice.place, notice.number, *ids, "\n".join(notice.keys), sealed, notice.received_at, next_try)


def _dead_row(dead: Dead, now: datetime) -> tuple[Any, ...]:
    connection, logged = dead.connection, dead.arrival.logged if dead.arrival else None
    tenant, provider = (connection.tenant_id, connection.provider) if connection else (None, None)
    whose = (tenant, logged.connection_id if logged else None, provider)
    if logged is None:
        return (*dead.place, *whose, dead.reason, "", "{}", dead.frame, now, now)
    request = logged.request
    told = (storable(request.url), _headers(request.headers).decode(), request.body, request.received_at)
    return (*dead.place, *whose, storable(dead.reason), *told, now)


def _headers(headers: Mapping[str, str]) -> bytes:
    """As JSON. Name by name only where one of them cannot be stored as it is."""
    try:
        if b"\\u0000" not in (told := _encode(headers)):
            return told
    except UnicodeEncodeError:
        pass
    return _encode({storable(name): storable(value) for name, value in headers.items()})
