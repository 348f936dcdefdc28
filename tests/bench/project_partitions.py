"""project-partitions: a backlog in parts, in two processes, against a projector alone and one SQL statement set.

Once with the events of each invoice one after the other, which is best for a projector alone, and once with them far
apart, as they come when many invoices are on their way at once.
"""

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
    together, apart = set[Any](), set[Any]()
    size *= TIMES
    assert size > LARGE, "a backlog of this size is not parted"
    project.pure(server, size // TIMES, set())  # the server's memory is touched for the first time by nobody who counts
    contenders = {
        "ours": lambda: _ours(server, size, together, parted=True),
        "ours alone": lambda: _ours(server, size, together, parted=False),
        project.PURE: lambda: project.pure(server, size, together),
        "ours, events far apart": lambda: _ours(server, size, apart, parted=True, far=True),
        "ours alone, events far apart": lambda: _ours(server, size, apart, parted=False, far=True),
    }
    figure = measure("project-partitions", "events/s", contenders, project.PURE, rounds)
    assert len(together) == len(apart) == 1, "not all made the same rows"
    return figure


def _ours(server: EmbeddedServer, size: int, made: set[Any], *, parted: bool, far: bool = False) -> float:
    """As in `project`; from the first look at the backlog on, so starting the other process and ending it as well."""
    with project.filled(server, size, unsealed=False, apart=far) as (url, installation):
        crew = Crew(PROCESSES, access(installation.settings)) if parted else None
        begun = time.perf_counter()
        Projector(installation.database, installation.keys, crew).run_once()
        seconds = time.perf_counter() - begun
        made.add(project.rows(url, "read"))
        return size // histories.EVENTS * histories.EVENTS / seconds
