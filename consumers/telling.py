"""Whole streams into the rows that live processing would have left of them."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import MapperDeserialisationError
from eventsourcing.utils import TopicError
from msgspec import convert
from psycopg import Connection

from adapters.database.queries import load
from adapters.database.session import statement
from adapters.keys.ring import KeyRing
from adapters.store.mapper import EventMapper
from adapters.store.reader import Row
from projections.engine import MEANING, Happened, Meaning, Rows, Stream, keys_of, meaning, retell, rows
from projections.errors import UnprojectedEventError
from projections.folded import Folded

SQL = load(__file__)


class Erasures:
    """All between two positions, of which the second only grows, by the keys that they destroyed."""

    def __init__(self, after: int = 0) -> None:
        self._until = after
        self._by_key: dict[str, list[Happened]] = {}

    def read(self, connection: "Connection[Any]", until: int) -> None:
        """Those up to there that are not known yet."""
        cursor = connection.cursor(binary=True).execute(statement(SQL["erasures"]), (self._until, until))
        for position, originator, version, topic, state in cursor:
            event: Any = EventMapper.read(originator, version, topic, state)
            for key in event.key_ids:
                self._by_key.setdefault(key, []).append(Happened(position, event))
        self._until = max(self._until, until)

    def keys(self, after: int, until: int) -> list[UUID]:
        """Those destroyed in between."""
        known = self._by_key.items()
        return [UUID(key) for key, erasures in known if any(after < e.position <= until for e in erasures)]

    def of(self, keys: Iterable[str]) -> list[Happened]:
        """Those that concern any of these keys, in their order."""
        if not self._by_key:
            return []
        found = {e.position: e for key in keys for e in self._by_key.get(key, ())}
        return [found[position] for position in sorted(found)]


class Telling:
    """Tells streams up to one place. `erasures`: all up to there.

    Without the first of them the rows are the same, but those that nothing else touched since stand at earlier places.
    """

    def __init__(self, keys: KeyRing, erasures: Erasures) -> None:
        self.keys = keys
        self.erasures = erasures

    def rows(self, streams: Sequence[Row]) -> Rows:
        """Of whole streams, one after the other, each row (position, id in bytes, version, topic, state).

        Raises UnprojectedEventError, MissingKeyError.
        """
        changed = [self._folded(stream) for stream in _decoded(streams)]
        return rows(changed, self.keys.opening(keys_of(changed)))

    def _folded(self, stream: Stream) -> Folded:
        """Few communications were ever touched by an erasure; those are told again with each in its place."""
        folded = Folded().follow(stream.happened)
        if erasures := self.erasures.of(folded.keys):
            (folded,) = retell((Happened(*one) for one in stream.happened), erasures)
        return folded


def whole_streams(connection: "Connection[Any]", ids: Sequence[UUID], until: int) -> list[Row]:
    """As `Telling.rows` takes them."""
    cursor = connection.cursor(binary=True)
    return cursor.execute(statement(SQL["streams"]), (list(ids), until)).fetchall()


def _decoded(rows: Iterable[Row]) -> list[Stream]:
    """What is folded, in the order of the streams. Raises UnprojectedEventError."""
    found: list[Stream] = []
    of, stream = b"", Stream(UUID(int=0), [])
    for position, raw, version, topic, state in rows:
        if raw != of:
            of, stream = raw, Stream(convert(raw, UUID), [])
            found.append(stream)
        try:
            event = EventMapper.read(stream.id, version, topic, state)
            if (MEANING.get(event.__class__) or meaning(event)) is Meaning.FOLD:
                stream.happened.append((position, event))
        except (TopicError, UnprojectedEventError, MapperDeserialisationError) as error:
            place = f"{topic}, version {version} of {stream.id}, at position {position}"
            raise UnprojectedEventError(f"no row can be made of {place}: {error}", position) from error
    return [stream for stream in found if stream.happened]
