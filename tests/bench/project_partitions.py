"""project-partitions: a backlog in two processes, against the same in one and against one SQL statement set."""

import time
from typing import Any

from adapters.database.embedded import EmbeddedServer
from consumers.parts.leading import LARGE, Crew
from consumers.projector import Projector
from consumers.workers import access
from tests.bench import histories, project
from tests.bench.measuring import Figure, measure

PROCESSES = 2
TIMES = 10
"""A backlog that is worth other processes: so many times as many events as the other benches take."""


def run(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    """Raises AssertionError where not all made the same rows."""
    made: set[Any] = set()
    assert size * TIMES > LARGE, "a backlog of this size is not parted"
    contenders = {
        "ours": lambda: _ours(server, size * TIMES, made, PROCESSES),
        "ours in one process": lambda: _ours(server, size * TIMES, made, 1),
        project.PURE: lambda: project.pure(server, size * TIMES, made),
    }
    figure = measure("project-partitions", "events/s", contenders, project.PURE, rounds)
    assert len(made) == 1, "ours and plain SQL made different rows"
    return figure


def _ours(server: EmbeddedServer, size: int, made: set[Any], processes: int) -> float:
    """As in `project`; from the first look at the backlog on, so starting the other process and ending it as well."""
    with project.filled(server, size, unsealed=False) as (url, installation):
        crew = Crew(processes, access(installation.settings))
        begun = time.perf_counter()
        Projector(installation.database, installation.keys, crew).run_once()
        seconds = time.perf_counter() - begun
        made.add(project.rows(url, "read"))
        return size // histories.EVENTS * histories.EVENTS / seconds
