"""From the event store to rows, a batch at a time: read, decode, fold, open what is sealed. Nothing is written here."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.persistence import MapperDeserialisationError
from eventsourcing.utils import TopicError
from msgspec import convert
from psycopg import Connection

from adapters.database.queries import load
from adapters.database.session import statement
from adapters.store.mapper import EventMapper
from adapters.store.reader import EVENTS_LOCK, GapSafeReader, Row
from consumers.hot import Hot
from consumers.uncollected import uncollected
from projections.engine import MEANING, Happened, Meaning, Rows, Stream, meaning
from projections.errors import UnprojectedEventError

SQL = load(__file__)
MOST_BYTES = 8_000_000
"""Of events' states, in one batch."""
STREAMS_AT_ONCE = 200
"""Communications that are read whole at a time."""


class Batch(NamedTuple):
    """The rows that `size` events after `after`, up to `to`, make; and the erasures among them."""

    after: int
    to: int
    size: int
    rows: Rows
    erasing: list[Happened]


class Batches:
    """Reads on from a position. After any error it is of no more use: memory may be ahead of it."""

    def __init__(self, hot: Hot, position: int) -> None:
        self.hot = hot
        self.reader = GapSafeReader(_events_after, EVENTS_LOCK, position)

    def next(self, connection: "Connection[Any]", limit: int) -> Batch | None:
        """Up to `limit` events; None where there are none. Raises UnprojectedEventError before an unknown event."""
        after = self.reader.position
        stored = self.reader.read(connection, limit)
        if not stored:
            return None
        with uncollected():
            read = _decoded(stored)
            self.reader.position = read.to
            if read.erasing:
                self.hot.forget()
            return Batch(after, read.to, read.size, self._rows(connection, read.folding, after), read.erasing)

    def streams(self, connection: "Connection[Any]", ids: Sequence[UUID], until: int) -> Iterator[list[Happened]]:
        """Whole streams up to a position, some at a time: memory holds no more of them than that."""
        cursor = connection.cursor(binary=True)
        for start in range(0, len(ids), STREAMS_AT_ONCE):
            some = list(ids[start : start + STREAMS_AT_ONCE])
            stored = cursor.execute(statement(SQL["streams_until"]), (some, until)).fetchall()
            yield [Happened(position, EventMapper.read(*event)) for position, *event in stored]

    def _rows(self, connection: "Connection[Any]", folding: Sequence[Stream], after: int) -> Rows:
        changed = self.hot.fold(folding, lambda ids: self.streams(connection, ids, after))
        made = self.hot.rows(changed)
        self.hot.remember(changed)
        return made


def _events_after(connection: "Connection[Any]", after: int, limit: int) -> list[Row]:
    cursor = connection.cursor(binary=True)
    return cursor.execute(statement(SQL["events"]), (after, limit, MOST_BYTES), prepare=True).fetchall()


class _Decoded(NamedTuple):
    """`size` events, the last at position `to`, by what they mean."""

    size: int
    to: int
    folding: list[Stream]
    erasing: list[Happened]


def _decoded(stored: Sequence[Row]) -> _Decoded:
    """Up to the first event that nobody decided about; if that is the very first, raises UnprojectedEventError."""
    erasing: list[Happened] = []
    streams: dict[bytes, Stream] = {}
    size = to = 0
    of, stream = b"", Stream(UUID(int=0), [])
    for position, raw, version, topic, state in stored:
        try:
            if raw != of:
                of, stream = raw, streams.get(raw) or streams.setdefault(raw, Stream(convert(raw, UUID), []))
            event = EventMapper.read(stream.id, version, topic, state)
            means = MEANING.get(event.__class__) or meaning(event)
        except (TopicError, UnprojectedEventError, MapperDeserialisationError) as error:
            if size:
                break
            place = f"{topic}, version {version} of {UUID(bytes=raw)}, at position {position}"
            raise UnprojectedEventError(f"the read models stop before {place}: {error}") from error
        size, to = size + 1, position
        if means is Meaning.FOLD:
            stream.happened.append((position, event))
        elif means is Meaning.ERASE:
            erasing.append(Happened(position, event))
    return _Decoded(size, to, [stream for stream in streams.values() if stream.happened], erasing)
