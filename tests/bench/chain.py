"""live-webhooks: the whole way, from a signed webhook being sent to a client of the stream that has what it says.

1,000 a second over HTTP into `sendtrail serve`, through the webhook log in PostgreSQL, `sendtrail consume` and
`sendtrail project`, and out of `serve` again. Each is sent at its time whatever becomes of the others, so that a part
which falls behind shows.
"""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from adapters.database.embedded import EmbeddedServer
from tests.bench.delays import Delays
from tests.bench.ears import Stream
from tests.bench.intake import add_connection, signed, signed_event
from tests.bench.live import RATE, caught_up
from tests.bench.live_writer import handed_over
from tests.bench.load import load, paced
from tests.bench.measuring import console, database
from tests.support.eventually import eventually
from tests.support.installation import installed
from tests.support.ports import free_port
from tests.support.processes import environment, listening, running

ANSWERED, LIVE = "answered with 204", "at a client of the stream"
LIMIT = 1000.0
"""Milliseconds."""
_WARM = 200
"""Webhooks about nothing that is known, sent first."""


def run(server: EmbeddedServer, rounds: int, size: int) -> Delays:
    stages: dict[str, list[Sequence[float]]] = {ANSWERED: [], LIVE: []}
    for number in range(1, rounds + 1):
        with console.status(f"live-webhooks: round {number} of {rounds}"):
            answered, live = _round(server, size)
        stages[ANSWERED].append(answered)
        stages[LIVE].append(live)
    return Delays("live-webhooks", stages, LIMIT)


def _round(server: EmbeddedServer, size: int) -> tuple[list[float], list[float]]:
    """Milliseconds from the moment that each was to be sent."""
    with ExitStack() as stack:
        url, folder = stack.enter_context(database(server)), Path(stack.enter_context(tempfile.TemporaryDirectory()))
        owner = stack.enter_context(installed(url, folder, "sendtrail_owner"))
        worker, port = stack.enter_context(installed(url, folder, "sendtrail_worker")), free_port()
        connection = add_connection(owner)
        made = handed_over(worker, connection.tenant_id, size, connection.id)
        ids = [attempt_id for communication in made for attempt_id in communication.attempts]
        env = environment(url, folder, port)
        for name in ("project", "consume", "serve"):
            stack.enter_context(running("api.cli", name, folder=folder, env=env))
        listening(port)
        caught_up(owner)
        load(port, signed(connection.id, _WARM), _WARM)
        key = owner.api_keys.add(connection.tenant_id, "bench", ["read"], owner.clock())
        stream = stack.enter_context(Stream(port, key))
        path = f"/v1/webhooks/{connection.id}"
        sent = paced(port, [signed_event(path, n, attempt_id) for n, attempt_id in enumerate(ids)], RATE)
        eventually(lambda: len(stream.arrivals()) >= size, within=180)
        return _delays(sent, [stream.arrivals()[attempt_id] for attempt_id in ids])


def _delays(sent: Sequence[tuple[float, float]], arrived: Sequence[float]) -> tuple[list[float], list[float]]:
    answered = [(answer - begun) * 1000 for begun, answer in sent]
    return answered, [(at - begun) * 1000 for (begun, _), at in zip(sent, arrived, strict=True)]
