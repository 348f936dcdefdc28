"""live: from the commit of a delivery report to a client of the stream that has it, at 1,000 reports a second.

Real processes: a writer that commits as the webhook consumer does, `sendtrail project`, `sendtrail serve`. Beside them
two listeners on PostgreSQL in the same run: how soon a bare NOTIFY is heard, and how soon the read models have it.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from adapters.bootstrap import Installation
from adapters.database.embedded import EmbeddedServer
from tests.bench import histories
from tests.bench.delays import Delays
from tests.bench.ears import News, Stream
from tests.bench.live_writer import Written
from tests.bench.measuring import console, database
from tests.support.eventually import eventually
from tests.support.installation import installed
from tests.support.ports import free_port
from tests.support.processes import environment, listening, running

RATE = 1000
LIMIT = 25.0
"""Milliseconds."""
HEARD, READ, LIVE = "a bare NOTIFY is heard", "in the read models", "at a client of the stream"


def run(server: EmbeddedServer, rounds: int, size: int) -> Delays:
    stages: dict[str, list[Any]] = {HEARD: [], READ: [], LIVE: []}
    for number in range(1, rounds + 1):
        with console.status(f"live: round {number} of {rounds}"):
            for stage, found in _round(server, size).items():
                stages[stage].append(found)
    return Delays("live", stages, LIMIT)


def _round(server: EmbeddedServer, size: int) -> dict[str, list[float]]:
    with ExitStack() as stack:
        url, folder = stack.enter_context(database(server)), Path(stack.enter_context(tempfile.TemporaryDirectory()))
        owner, port = stack.enter_context(installed(url, folder, "sendtrail_owner")), free_port()
        tenant = owner.tenants.add("bench", histories.START).id
        key = owner.api_keys.add(tenant, "bench", ["read"], owner.clock())
        env = environment(url, folder, port)
        stack.enter_context(running("api.cli", "project", folder=folder, env=env))
        stack.enter_context(running("api.cli", "serve", folder=folder, env=env))
        writer = stack.enter_context(_writer(env, folder, size, tenant))
        listening(port)
        _caught_up(owner)
        news, stream = stack.enter_context(News(url)), stack.enter_context(Stream(port, key))
        written = writer()
        eventually(lambda: len(stream.arrivals()) >= size, within=120)
        return _delays(written, news, stream)


def _delays(written: Sequence[Written], news: News, stream: Stream) -> dict[str, list[float]]:
    arrived = stream.arrivals()
    commits = sorted({(w.answered, w.position) for w in written})
    return {
        HEARD: [(at - commit) * 1000 for (commit, _), at in zip(commits, news.appended, strict=False)],
        READ: [(news.projected(position) - commit) * 1000 for commit, position in commits],
        LIVE: [(arrived[w.attempt_id] - w.answered) * 1000 for w in written],
    }


@contextmanager
def _writer(env: dict[str, str], folder: Path, size: int, tenant: UUID) -> Iterator[Callable[[], list[Written]]]:
    """Ready to write; a call makes it write, and answers when what was committed."""
    command = [sys.executable, "-m", "tests.bench.live_writer", str(folder), str(size), str(RATE), str(tenant)]
    process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    told = process.stdout
    if told.readline() != "ready\n":
        sys.exit("the writer did not get ready")
    try:
        yield lambda: [Written(*one) for one in json.loads(process.communicate("go\n")[0])]
    finally:
        process.kill()
        process.communicate()


def _caught_up(owner: Installation) -> None:
    def all_read() -> bool:
        with owner.database.transaction() as connection:
            row = connection.execute(
                "SELECT (SELECT max(notification_id) FROM events.event) = (SELECT min(position) FROM read.checkpoint)"
            ).fetchone()
        return bool(row and row[0])

    eventually(all_read, within=120)
