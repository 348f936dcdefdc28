"""Many items in one request: recorded together, and each with an outcome of its own."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import OperationalError

from adapters.store.communications import persist
from adapters.store.errors import BusyError
from api import rendering
from api.errors import SubjectNotFoundError
from api.http.problems import Problem, problem_of
from api.rendering import Shown
from api.sealing import Sealer, ref_of
from api.sending import Done, Keep
from domain.communication import InvoiceCommunication
from domain.status import Status


class Applied(NamedTuple):
    """`as_asked` False: the attempt is there, and not by this request."""

    attempt_id: str
    as_asked: bool = True


class Job(NamedTuple):
    """One item. `apply` raises what refuses it, before it has changed anything."""

    place: int
    communication_id: UUID
    apply: Callable[[InvoiceCommunication], Applied]


class _Outcome(NamedTuple):
    communication: InvoiceCommunication
    attempt_id: str
    as_asked: bool


Outcomes = dict[int, _Outcome | Problem]


class _Said(NamedTuple):
    """What an answer says of some items: the JSON of each, by its place; and whose personal data is in it."""

    items: dict[int, str]
    customers: frozenset[str] = frozenset()
    position: int = 0

    def beside(self, other: "_Said") -> "_Said":
        position = max(self.position, other.position)
        return _Said(self.items | other.items, self.customers | other.customers, position)

    def done(self) -> Done:
        data = ",".join(self.items[place] for place in sorted(self.items))
        return Done(f'{{"data":[{data}],"position":{self.position}}}', self.position, self.customers)


def carry_out(sealer: Sealer, jobs: Sequence[Job], refused: Mapping[int, Problem], keep: Keep | None = None) -> Done:
    """The answer to all items, `refused` those that no job could be made of. Raises OperationalError."""
    batch, said = _Batch(sealer), _Said({place: _refused(place, problem) for place, problem in refused.items()})
    by_communication: dict[UUID, list[Job]] = defaultdict(list)
    for job in jobs:
        by_communication[job.communication_id].append(job)
    try:
        return persist(lambda: batch.record(by_communication, said, keep)).done()
    except BusyError:
        # One communication with many writers must not hold up the others.
        for communication_id, its_jobs in by_communication.items():
            said = batch.record_alone(communication_id, its_jobs, said)
        return said.done()


class _Batch:
    def __init__(self, sealer: Sealer) -> None:
        self.sealer = sealer
        self.communications = sealer.installation.communications
        self.tenant = sealer.tenant

    def record(self, jobs: Mapping[UUID, Sequence[Job]], others: _Said, keep: Keep | None = None) -> _Said:
        """One transaction; `others` are said beside it. Raises VersionConflictError and OperationalError.

        `keep`: what keeps the whole answer, in that transaction.
        """
        loaded = self.communications.load(jobs, self.tenant)
        self.sealer.fetch(loaded.found.values())
        outcomes: Outcomes = {}
        for communication_id, its_jobs in jobs.items():
            outcomes |= _apply(loaded.found.get(communication_id), its_jobs)
        changed = {one.communication.id: one.communication for one in outcomes.values() if isinstance(one, _Outcome)}
        said = self._said(outcomes)
        before = max((loaded.positions.get(one, 0) for one in changed), default=0)

        def whole(recorded: int | None) -> _Said:
            return others.beside(said._replace(position=recorded or before))

        also = None if keep is None else lambda recorded: keep(whole(recorded).done())
        return whole(self.communications.record(changed.values(), tenant=self.tenant, also=also))

    def record_alone(self, communication_id: UUID, jobs: Sequence[Job], others: _Said) -> _Said:
        try:
            return persist(lambda: self.record({communication_id: jobs}, others))
        except (BusyError, OperationalError) as error:
            problem = problem_of(error) or Problem(503)
            return others.beside(_Said({job.place: _refused(job.place, problem) for job in jobs}))

    def _said(self, outcomes: Outcomes) -> _Said:
        opened = {place: one for place, one in outcomes.items() if isinstance(one, _Outcome)}
        shown = (Shown(one.communication, one.attempt_id, 0) for one in opened.values())
        documents = rendering.attempts(self.sealer.installation.keys, self.tenant, shown)
        items = {place: _refused(place, one) for place, one in outcomes.items() if isinstance(one, Problem)}
        for (place, one), document in zip(opened.items(), documents, strict=True):
            items[place] = _recorded(place, one, document)
        return _Said(items, frozenset(ref_of(one.communication) for one in opened.values()))


def _apply(communication: Any, jobs: Sequence[Job]) -> Outcomes:
    outcomes: Outcomes = {}
    for job in jobs:
        try:
            if communication is None:
                raise SubjectNotFoundError
            outcomes[job.place] = _Outcome(communication, *job.apply(communication))
        except Exception as error:
            problem = problem_of(error)
            if problem is None or problem.status_code >= 500:
                raise
            outcomes[job.place] = problem
    return outcomes


def _recorded(place: int, one: _Outcome, document: str) -> str:
    skipped = not one.as_asked or one.communication.attempt(one.attempt_id).outcome().status is Status.SKIPPED
    word = "skipped" if skipped else "accepted"
    return f'{{"index":{place},"outcome":"{word}","attempt":{document},"error":null}}'


def _refused(place: int, problem: Problem) -> str:
    return f'{{"index":{place},"outcome":"refused","attempt":null,"error":{json.dumps(problem.document())}}}'


def indexed(items: Iterable[Any], read: Callable[[int, Any], Job]) -> tuple[list[Job], dict[int, Problem]]:
    """A job for each item that `read` can make one of; for the others, why not."""
    jobs: list[Job] = []
    refused: dict[int, Problem] = {}
    for index, item in enumerate(items):
        try:
            jobs.append(read(index, item))
        except Exception as error:
            problem = problem_of(error)
            if problem is None or problem.status_code >= 500:
                raise
            refused[index] = problem
    return jobs, refused
