"""Chunks of webhooks, each with all that is to be written of it, decided while those before it are recorded.

A plan builds on the plans before it, which may not be recorded yet. It holds as long as each of those was recorded as
planned; whenever one was not, all plans made so far are void.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

from adapters.bootstrap import Installation
from adapters.database.session import Write
from adapters.store.reported import Reported
from adapters.webhook_log.frames import how_many
from adapters.webhook_log.port import Batch, Record
from consumers.arrivals import Notice, Outcome, Understood, found_once, understand_record
from consumers.attaching import Attached, Attaching, Known
from consumers.confirming import to_confirm
from consumers.keeping import bury, keep_raw, park

CHUNK_REQUESTS = 1000
_CHUNK_BYTES = 2 * 1024 * 1024
"""Of raw requests: what bounds the events that can come of them, and the memory that a chunk takes."""
_AHEAD = 2
"""Chunks that are planned while one is recorded: with one alone, Python waits for the database again and again."""
Polled = Mapping[str, Batch]


class Told(NamedTuple):
    """What the requests of one record say."""

    offset: int
    outcomes: list[Outcome]


class Plan(NamedTuple):
    """All that is written of one chunk, if nothing changes until then. `line`: that of the plans that it builds on."""

    attached: Attached
    parked: Write
    dead: Write
    writes: list[Write]
    line: int = 0


class Chunk(NamedTuple):
    """What becomes one transaction. `after`: the partition's position before it. `plan`: where it was made ahead."""

    name: str
    after: int
    told: list[Told]
    plan: Plan | None = None


class _Piece(NamedTuple):
    """A chunk's records."""

    name: str
    after: int
    records: list[Record]


class Planning:
    """For one consumer: `chunks` for the thread that records, which says `miss` when one was not as planned."""

    def __init__(self, installation: Installation, attaching: Attaching) -> None:
        self.installation = installation
        self.attaching = attaching
        self._planned: deque[dict[bytes, Reported]] = deque(maxlen=_AHEAD)
        """What the last chunks are about, as their plans leave it: the next is read before they are recorded."""
        self._line = self._planned_in = 0
        """One more whenever a chunk was not recorded as planned."""

    def miss(self) -> None:
        """A chunk was not recorded as planned, or not at all."""
        self._line += 1

    def holds(self, plan: Plan) -> bool:
        return plan.line == self._line

    def chunks(self, polled: Polled, more: Callable[[], Polled]) -> Generator[Chunk, None, None]:
        """In order, each partition's in turn; of a backlog those of `more` too, until what is there makes one chunk a
        partition. While one is recorded, another thread polls and understands the next ones, and a third plans them:
        either waits for the database half of its time.
        """
        pieces = list(_cut(polled))
        if len(pieces) == 1:
            yield self._understand(pieces[0])
        elif pieces:
            self._planned.clear()
            self.miss()
            coming = _on_and_on(polled, pieces, more)
            with ThreadPoolExecutor(1, "planning") as planning, ThreadPoolExecutor(1, "reading") as reading:

                def ahead() -> Future[Chunk | None]:
                    return planning.submit(self._plan_ahead, reading.submit(self._next, coming))

                planned = deque(ahead() for _ in range(_AHEAD))
                while (chunk := planned.popleft().result()) is not None:
                    planned.append(ahead())
                    yield chunk

    def plan(self, outcomes: Sequence[Outcome], known: Known | None = None) -> Plan:
        """`known`: what was read about them, else it is read now."""
        now, master = self.installation.clock(), self.installation.master
        attached = self.attaching.attach(_notices(outcomes), known)
        parked, dead = park(attached.unmatched, master, now), bury(outcomes, now)
        writes = [keep_raw(outcomes, attached.about), parked, dead, to_confirm(outcomes, master, now)]
        return Plan(attached, parked, dead, writes)

    def _next(self, coming: Iterator[_Piece]) -> Chunk | None:
        piece = next(coming, None)
        return self._understand(piece) if piece else None

    def _plan_ahead(self, read: "Future[Chunk | None]") -> Chunk | None:
        """Whatever fails here fails again, and is dealt with, when it is recorded."""
        if (chunk := read.result()) is None:
            return None
        line = self._line
        if self._planned_in != line:
            self._planned.clear()
            self._planned_in = line
        with suppress(Exception):
            outcomes = outcomes_of(chunk.told)
            plan = self.plan(outcomes, self._newest(self.attaching.know(_notices(outcomes))))
            self._planned.append(plan.attached.known)
            return chunk._replace(plan=plan._replace(line=line))
        return chunk

    def _understand(self, piece: _Piece) -> Chunk:
        name, after, records = piece
        find = found_once(self.installation.connections.get)
        return Chunk(name, after, [Told(one.offset, understand_record(name, one, find)) for one in records])

    def _newest(self, known: Known) -> Known:
        """As the plans before leave it; that is taken away from them, because it is planned on from here."""
        for planned in self._planned:
            for number in known.communications.keys() & planned.keys():
                newer = planned.pop(number)
                if newer.version > known.communications[number].version:
                    known.communications[number] = newer
        return known


def outcomes_of(told: Iterable[Told]) -> list[Outcome]:
    return [outcome for one in told for outcome in one.outcomes]


def _notices(outcomes: Iterable[Outcome]) -> list[Notice]:
    return [notice for outcome in outcomes if isinstance(outcome, Understood) for notice in outcome.notices]


def _on_and_on(polled: Polled, pieces: list[_Piece], more: Callable[[], Polled]) -> Iterator[_Piece]:
    yield from pieces
    while len(pieces) > len(polled):
        polled = more()
        pieces = list(_cut(polled))
        yield from pieces


def _cut(polled: Polled) -> Iterator[_Piece]:
    for name, batch in polled.items():
        after = batch.after
        for records in _chunks(batch.records):
            yield _Piece(name, after, records)
            after = records[-1].offset


def _chunks(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Bounded in requests and bytes, because each becomes one transaction."""
    chunk: list[Record] = []
    requests = size = 0
    for record in records:
        more = how_many(record.frame)
        if chunk and (size + len(record.frame) > _CHUNK_BYTES or requests + more > CHUNK_REQUESTS):
            yield chunk
            chunk, requests, size = [], 0, 0
        chunk.append(record)
        requests, size = requests + more, size + len(record.frame)
    if chunk:
        yield chunk
