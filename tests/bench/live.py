"""live: from the commit of a delivery report to a client of the stream that has it, at 1,000 reports a second.

Real processes: a writer that commits as the webhook consumer does, `sendtrail project`, `sendtrail serve`. Beside them
two listeners on PostgreSQL in the same run: how soon a bare NOTIFY is heard, and how soon the read models have it.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from uuid import UUID

from adapters.bootstrap import Installation
from adapters.database.embedded import EmbeddedServer
from tests.bench import histories
from tests.bench.browser import Browser, chromium
from tests.bench.delays import Delays
from tests.bench.ears import News, Stream
from tests.bench.live_writer import Written
from tests.bench.measuring import Skipped, console, database
from tests.support.eventually import eventually
from tests.support.installation import installed
from tests.support.ports import free_port
from tests.support.processes import environment, listening, running

RATE = 1000
LIMIT, BROWSER_LIMIT = 25.0, 1000.0
"""Milliseconds."""
Client = Callable[[int, str], Stream | Browser]
"""Made of the API's port and a key."""
HEARD, READ = "a bare NOTIFY is heard", "in the read models"
LIVE, SHOWN = "at a client of the stream", "shown by a page in Chromium"


def run(server: EmbeddedServer, rounds: int, size: int) -> Delays:
    return _measure("live", LIMIT, server, rounds, size, (HEARD, READ, LIVE), Stream)


def run_browser(server: EmbeddedServer, rounds: int, size: int) -> Delays:
    """Raises Skipped where there is no Chromium."""
    command = chromium()
    if command is None:
        raise Skipped("no Chromium here")
    stages = (HEARD, READ, SHOWN)
    return _measure("live-browser", BROWSER_LIMIT, server, rounds, size, stages, partial(Browser, command))


def _measure(
    name: str, limit: float, server: EmbeddedServer, rounds: int, size: int, stages: Sequence[str], client: Client
) -> Delays:
    found: dict[str, list[Sequence[float]]] = {stage: [] for stage in stages}
    for number in range(1, rounds + 1):
        with console.status(f"{name}: round {number} of {rounds}"):
            for stage, delays in zip(stages, _round(server, size, client), strict=True):
                found[stage].append(delays)
    return Delays(name, found, limit)


def _round(server: EmbeddedServer, size: int, client: Client) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds from each commit until it was heard of, until it was read, and until the client had it."""
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
        caught_up(owner)
        news, watching = stack.enter_context(News(url)), client(port, key)
        stack.enter_context(watching)
        written = writer()
        eventually(lambda: len(watching.arrivals()) >= size and news.knows(written[-1].position), within=120)
        return _delays(written, news, watching.arrivals())


def _delays(
    written: Sequence[Written], news: News, arrived: Mapping[str, float]
) -> tuple[list[float], list[float], list[float]]:
    commits = sorted({(w.answered, w.position) for w in written})
    return (
        [(at - commit) * 1000 for (commit, _), at in zip(commits, news.appended, strict=False)],
        [(news.projected(position) - commit) * 1000 for commit, position in commits],
        [(arrived[w.attempt_id] - w.answered) * 1000 for w in written],
    )


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


def caught_up(owner: Installation) -> None:
    """Returns once the read models hold every event."""

    def all_read() -> bool:
        with owner.database.transaction() as connection:
            row = connection.execute(
                "SELECT (SELECT max(notification_id) FROM events.event) = (SELECT min(position) FROM read.checkpoint)"
            ).fetchone()
        return bool(row and row[0])

    eventually(all_read, within=120)
