"""rebuild: all read models anew in two processes and exchanged, against plain SQL that makes the same rows."""

import tempfile
import time
from pathlib import Path
from typing import Any

from adapters.database.embedded import EmbeddedServer
from consumers.rebuild.rebuilding import Rebuilding
from tests.bench import project
from tests.bench.measuring import Figure, measure
from tests.support.installation import installed

PROCESSES = 2
TIMES = 10
"""A rebuild is about many events: so many times as many as the other benches take."""


def run(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    """Raises AssertionError where ours and the statement set did not make the same rows."""
    made: set[Any] = set()
    contenders = {
        "ours": lambda: _ours(server, size * TIMES, made),
        project.PURE: lambda: project.pure(server, size * TIMES, made),
    }
    figure = measure("rebuild", "events/s", contenders, project.PURE, rounds)
    assert len(made) == 1, "the rebuild and plain SQL made different rows"
    return figure


def _ours(server: EmbeddedServer, size: int, made: set[Any]) -> float:
    """From the command to the exchanged tables: starting a process, opening values, indexes, statistics, catching up.

    What plain SQL leaves out in its favour, its own docstring says; nor does it gather statistics or exchange anything.
    """
    with (
        project.filled(server, size, unsealed=False) as (url, _),
        tempfile.TemporaryDirectory() as folder,
        installed(url, Path(folder), "sendtrail_owner") as owner,
    ):
        begun = time.perf_counter()
        done = Rebuilding(owner, processes=PROCESSES).rebuild()
        seconds = time.perf_counter() - begun
        made.add(project.rows(url, "read"))
        return done / seconds
