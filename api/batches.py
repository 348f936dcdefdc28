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
from api.sending import Done
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
    shown: Shown
    as_asked: bool


Outcomes = dict[int, _Outcome | Problem]


def carry_out(sealer: Sealer, jobs: Sequence[Job], refused: Mapping[int, Problem]) -> Done:
    """The answer to all items, `refused` those that no job could be made of. Raises OperationalError."""
    batch = _Batch(sealer)
    by_communication: dict[UUID, list[Job]] = defaultdict(list)
    for job in jobs:
        by_communication[job.communication_id].append(job)
    outcomes: Outcomes = dict(refused)
    try:
        outcomes |= persist(lambda: batch.record(by_communication))
    except BusyError:
        # One communication with many writers must not hold up the others.
        for communication_id, its_jobs in by_communication.items():
            outcomes |= batch.record_alone(communication_id, its_jobs)
    return _done(sealer, outcomes)


class _Batch:
    def __init__(self, sealer: Sealer) -> None:
        self.sealer = sealer
        self.communications = sealer.installation.communications
        self.tenant = sealer.tenant

    def record(self, jobs: Mapping[UUID, Sequence[Job]]) -> Outcomes:
        """One transaction. Raises VersionConflictError, OperationalError: nothing was recorded."""
        loaded = self.communications.load(jobs, self.tenant)
        self.sealer.fetch(loaded.found.values())
        outcomes: Outcomes = {}
        for communication_id, its_jobs in jobs.items():
            position = loaded.positions.get(communication_id, 0)
            outcomes |= _apply(loaded.found.get(communication_id), its_jobs, position)
        opened = [o.shown for o in outcomes.values() if isinstance(o, _Outcome)]
        changed = {one.communication.id: one.communication for one in opened}
        recorded = self.communications.record(changed.values(), tenant=self.tenant)
        return {index: _at(outcome, recorded) for index, outcome in outcomes.items()}

    def record_alone(self, communication_id: UUID, jobs: Sequence[Job]) -> Outcomes:
        try:
            return persist(lambda: self.record({communication_id: jobs}))
        except (BusyError, OperationalError) as error:
            return {job.place: problem_of(error) or Problem(503) for job in jobs}


def _apply(communication: Any, jobs: Sequence[Job], position: int) -> Outcomes:
    outcomes: Outcomes = {}
    for job in jobs:
        try:
            if communication is None:
                raise SubjectNotFoundError
            attempt_id, as_asked = job.apply(communication)
            outcomes[job.place] = _Outcome(Shown(communication, attempt_id, position), as_asked)
        except Exception as error:
            problem = problem_of(error)
            if problem is None or problem.status_code >= 500:
                raise
            outcomes[job.place] = problem
    return outcomes


def _at(outcome: "_Outcome | Problem", recorded: int | None) -> "_Outcome | Problem":
    if recorded is None or isinstance(outcome, Problem):
        return outcome
    return outcome._replace(shown=outcome.shown._replace(position=recorded))


def _done(sealer: Sealer, outcomes: Outcomes) -> Done:
    opened = {index: o for index, o in outcomes.items() if isinstance(o, _Outcome)}
    documents = rendering.attempts(sealer.installation.keys, sealer.tenant, (o.shown for o in opened.values()))
    rendered = dict(zip(opened, documents, strict=True))
    position = max((o.shown.position for o in opened.values()), default=0)
    data = ",".join(_item(index, outcomes[index], rendered.get(index)) for index in sorted(outcomes))
    customers = frozenset(ref_of(o.shown.communication) for o in opened.values())
    return Done(f'{{"data":[{data}],"position":{position}}}', position, customers)


def _item(index: int, outcome: "_Outcome | Problem", document: str | None) -> str:
    if isinstance(outcome, Problem):
        error = json.dumps(outcome.document())
        return f'{{"index":{index},"outcome":"refused","attempt":null,"error":{error}}}'
    attempt = outcome.shown.communication.attempt(outcome.shown.attempt_id)
    skipped = not outcome.as_asked or attempt.outcome().status is Status.SKIPPED
    word = "skipped" if skipped else "accepted"
    return f'{{"index":{index},"outcome":"{word}","attempt":{document},"error":null}}'


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
