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
from adapters.store.reader import Row
from consumers.hot import Hot
from consumers.places import Reader
from consumers.uncollected import uncollected
from projections.engine import MEANING, Happened, Meaning, Rows, Stream, meaning
from projections.errors import UnprojectedEventError

SQL = load(__file__)
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
    """Reads on from the reader's position. After any error it is of no more use: memory may be ahead of it."""

    def __init__(self, hot: Hot, reader: Reader) -> None:
        self.hot = hot
        self.reader = reader

    def next(self, connection: "Connection[Any]", limit: int) -> Batch | None:
        """Up to `limit` events; None where there are none. Raises UnprojectedEventError right before an unknown one."""
        after = self.reader.position
        stored = self.reader.read(connection, limit)
        if self.reader.position == after:
            return None
        with uncollected():
            read = _decoded(stored)
            if read.stopped:
                self.reader.position = stored[read.size][0] - 1
                if self.reader.position == after:
                    raise read.stopped
            to = self.reader.position
            if read.erasing:
                self.hot.forget()
            return Batch(after, to, read.size, self._rows(connection, read.folding, after), read.erasing)

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


class _Decoded(NamedTuple):
    """The first `size` of some events, by what they mean; all of them, or those before the one that it `stopped` at."""

    size: int
    folding: list[Stream]
    erasing: list[Happened]
    stopped: UnprojectedEventError | None


def _decoded(stored: Sequence[Row]) -> _Decoded:
    """Up to the first event that nobody decided about."""
    erasing: list[Happened] = []
    streams: dict[bytes, Stream] = {}
    size, stopped = 0, None
    of, stream = b"", Stream(UUID(int=0), [])
    for position, raw, version, topic, state in stored:
        try:
            if raw != of:
                of, stream = raw, streams.get(raw) or streams.setdefault(raw, Stream(convert(raw, UUID), []))
            event = EventMapper.read(stream.id, version, topic, state)
            means = MEANING.get(event.__class__) or meaning(event)
        except (TopicError, UnprojectedEventError, MapperDeserialisationError) as error:
            place = f"{topic}, version {version} of {UUID(bytes=raw)}, at position {position}"
            stopped = UnprojectedEventError(f"the read models stop before {place}: {error}")
            break
        size += 1
        if means is Meaning.FOLD:
            stream.happened.append((position, event))
        elif means is Meaning.ERASE:
            erasing.append(Happened(position, event))
    return _Decoded(size, [stream for stream in streams.values() if stream.happened], erasing, stopped)
