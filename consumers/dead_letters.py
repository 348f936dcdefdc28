"""Requests that could not be read: a list of them, and another go."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from adapters.bootstrap import Installation
from adapters.database.queries import load
from adapters.database.session import Write, statement
from adapters.providers.port import RawRequest
from adapters.store.communications import persist
from adapters.webhook_log.port import LoggedRequest, Record
from consumers.arrivals import WHOLE_FRAME, Arrival, Dead, Outcome, Place, Understood, understand, understand_records
from consumers.attaching import Attaching
from consumers.keeping import Days, bury, dead_of, keep_raw, park

SQL = load(__file__)


class DeadLetter(NamedTuple):
    """Without its content. `log_index` -1: a whole record of the log; tenant and provider are absent where unknown."""

    log_name: str
    log_offset: int
    log_index: int
    tenant_id: UUID | None
    connection_id: UUID | None
    provider: str | None
    reason: str
    received_at: datetime
    died_at: datetime
    replayed_at: datetime | None
    size: int

    @property
    def place(self) -> Place:
        return Place(self.log_name, self.log_offset, self.log_index)


class Replayed(NamedTuple):
    """How many were recorded now, and the reasons of those that are still unreadable."""

    done: int
    still_dead: dict[Place, str]


class DeadLetters:
    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.attaching = Attaching(installation)
        self.days = Days(installation.database, installation.clock)

    def listing(self, limit: int = 100, *, replayed_too: bool = False) -> list[DeadLetter]:
        """The oldest first."""
        values = {"all": replayed_too, "limit": limit}
        with self.installation.database.transaction() as connection:
            return [DeadLetter(*row) for row in connection.execute(statement(SQL["list"]), values).fetchall()]

    def replay(self, places: Iterable[Place] | None = None) -> Replayed:
        """Put these (None: all that were never replayed) through the translation again, each on its own."""
        result = Replayed(0, {})
        for place in self._waiting() if places is None else places:
            outcomes = self._understand(place)
            if not outcomes:
                continue
            if not all(isinstance(o, Dead) for o in outcomes):
                self.days.ensure(outcomes)
                persist(lambda place=place, outcomes=outcomes: self._once(place, outcomes))  # type: ignore[misc]
            if reason := _still_dead(place, outcomes):
                result.still_dead[place] = reason
                self._run("died_again", (reason, *place))
            else:
                result = result._replace(done=result.done + 1)
        return result

    def _once(self, place: Place, outcomes: Sequence[Outcome]) -> None:
        now = self.installation.clock()
        attached = self.attaching.attach([n for o in outcomes if isinstance(o, Understood) for n in o.notices])
        writes = [
            keep_raw(outcomes, attached.about),
            park(attached.unmatched, self.installation.master, now),
            bury(outcomes, now),
            Write(SQL["replayed"], [] if _still_dead(place, outcomes) else [(*place, now)]),
        ]
        self.installation.communications.recorder.insert(attached.events, writes=writes)

    def _understand(self, place: Place) -> list[Outcome]:
        """Nothing for a place that holds no letter, or one that was replayed."""
        with self.installation.database.transaction() as connection:
            row = connection.execute(statement(SQL["one"]), place).fetchone()
        if row is None:
            return []
        connection_id, url, headers, body, received_at = row
        find = self.installation.connections.get
        if place.nth == WHOLE_FRAME or connection_id is None:
            return understand_records(place.log, [Record(place.offset, body)], find)
        request = RawRequest(url, headers, body, received_at)
        return [understand(Arrival(place, LoggedRequest(connection_id, request)), find)]

    def _waiting(self) -> list[Place]:
        with self.installation.database.transaction() as connection:
            return [Place(*row) for row in connection.execute(statement(SQL["waiting"])).fetchall()]

    def _run(self, name: str, values: tuple[Any, ...]) -> None:
        with self.installation.database.transaction() as connection:
            connection.execute(statement(SQL[name]), values)


def _still_dead(place: Place, outcomes: Sequence[Outcome]) -> str | None:
    """Why: the request itself cannot be read or names nothing, or nothing in a whole frame can be read."""
    unreadable = all(isinstance(o, Dead) for o in outcomes)
    return next((dead.reason for dead in dead_of(outcomes) if unreadable or dead.place == place), None)
