"""intake, intake-kafka: signed webhooks over HTTP, each in the log before it is answered, against a bare application.

64 connections, kept alive, a request under way on each: SendGrid's, which are the dearest to verify (ECDSA P-256). Both
servers are uvicorn in a process of its own, as `sendtrail serve` runs it, and share the machine with the client; ours
also with PostgreSQL, durable, or Kafka, acks=all. After each round every webhook must be in the log.
"""

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID, uuid4

from adapters.bootstrap import Installation
from adapters.database.embedded import EmbeddedServer
from adapters.providers.port import Connection
from adapters.simulator.signing import ecdsa, new_private_key, public_key
from adapters.webhook_log.frames import decode_frame
from adapters.webhook_log.opening import open_reader, prepare_log
from domain.values import Channel
from tests.bench import histories
from tests.bench.load import load, request
from tests.bench.measuring import Figure, Skipped, database, measure
from tests.support.installation import installed
from tests.support.kafka_service import running_kafka
from tests.support.ports import free_port
from tests.support.processes import environment, listening, running

BARE = "bare ASGI that verifies and answers"
KEY = new_private_key()
DIFFERENT = 1000
"""Requests that are signed beforehand, and sent again and again."""
_WARM = 640


def run(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    return measure(
        "intake", "webhooks/s", {"ours": lambda: _ours(server, size), BARE: lambda: _bare(size)}, BARE, rounds
    )


def run_kafka(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    """Raises Skipped where there is no real Kafka."""
    with tempfile.TemporaryDirectory(prefix="sendtrail-kafka-") as folder, running_kafka(Path(folder)) as kafka:
        if kafka.lacking:
            raise Skipped(kafka.lacking)
        contenders = {"ours": lambda: _ours(server, size, kafka.bootstrap), BARE: lambda: _bare(size)}
        return measure("intake-kafka", "webhooks/s", contenders, BARE, rounds)


def signed(connection: UUID, count: int) -> list[bytes]:
    """SendGrid's requests to this connection, all different."""
    return [signed_event(f"/v1/webhooks/{connection}", number, str(uuid4())) for number in range(count)]


def signed_event(path: str, number: int, attempt_id: str) -> bytes:
    """SendGrid says that this attempt was delivered."""
    event = {
        "event": "delivered", "email": f"ap{number}@payer.example", "timestamp": 1768467600, "sg_event_id": uuid4().hex,
        "sg_message_id": f"{uuid4().hex}.recvd-1", "attempt_id": attempt_id, "response": "250 2.0.0 OK",
    }  # fmt: skip
    body, prefix = json.dumps([event]).encode(), "X-Twilio-Email-Event-Webhook"
    headers = {
        "Content-Type": "application/json", f"{prefix}-Timestamp": "1768467600",
        f"{prefix}-Signature": ecdsa(KEY, b"1768467600" + body), "User-Agent": "SendGrid Event API",
    }  # fmt: skip
    return request(path, headers, body)


def _bare(size: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        with running("tests.bench.bare", str(port), public_key(KEY), folder=Path(folder)):
            return _rate(port, signed(uuid4(), DIFFERENT), size)


def _ours(server: EmbeddedServer, size: int, kafka: str = "") -> float:
    with ExitStack() as stack:
        url, folder = stack.enter_context(database(server)), Path(stack.enter_context(tempfile.TemporaryDirectory()))
        owner = stack.enter_context(installed(url, folder, "sendtrail_owner"))
        owner.settings.kafka, owner.settings.webhook_topic = kafka, f"bench-{uuid4().hex[:8]}"
        prepare_log(owner.settings)
        connection, port = add_connection(owner).id, free_port()
        env = environment(url, folder, port, kafka, owner.settings.webhook_topic)
        with running("api.cli", "serve", folder=folder, env=env):
            rate = _rate(port, signed(connection, DIFFERENT), size)
        _check(owner, size + _WARM)
        return rate


def add_connection(owner: Installation) -> Connection:
    """A tenant's, whose webhooks are signed with KEY."""
    tenant = owner.tenants.add("bench", histories.START).id
    return owner.connections.add(
        tenant, "mail", "sendgrid", Channel.EMAIL, histories.START, settings={}, secrets={"public_key": public_key(KEY)}
    )


def _rate(port: int, requests: Sequence[bytes], size: int) -> float:
    listening(port)
    load(port, requests, _WARM)
    found = load(port, requests, size)
    _require(found.statuses, size)
    return size / found.seconds


def _require(statuses: Mapping[int, int], size: int) -> None:
    if statuses != {204: size}:
        sys.exit(f"not all were taken: {dict(statuses)}")


def _check(owner: Installation, count: int) -> None:
    """Everything that was answered is in the log."""
    reader, kept = open_reader(owner.settings, lambda _: {}), 0
    try:
        while kept < count and (batches := reader.poll(10, 10_000)):
            kept += sum(len(decode_frame(record.frame)) for b in batches.values() for record in b.records)
    finally:
        reader.close()
    if kept != count:
        sys.exit(f"{count} webhooks were answered and {kept} are in the log")
