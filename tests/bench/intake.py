"""intake, intake-hmac, and both with -kafka: signed webhooks over HTTP, each in the log before it is answered.

Against a bare application that verifies and answers. 64 connections, kept alive, a request under way on each:
SendGrid's, which are the dearest to verify (ECDSA P-256), or Resend's, which cost as little as most do (HMAC-SHA256).
Both servers are uvicorn in a process of its own, as `sendtrail serve` runs it, and share the machine with the client;
ours also with PostgreSQL, durable, or Kafka, acks=all. After each round every webhook must be in the log.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

from adapters.bootstrap import Installation
from adapters.database.embedded import EmbeddedServer
from adapters.providers.port import Connection
from adapters.simulator import svix
from adapters.simulator.signing import ecdsa, new_private_key, public_key
from adapters.webhook_log.frames import decode_frame
from adapters.webhook_log.opening import open_reader, prepare_log
from domain.values import Channel
from tests.bench import histories
from tests.bench.load import load, request
from tests.bench.measuring import Figure, Skipped, database, measure
from tests.bench.spending import Rate, Spending
from tests.support.installation import installed
from tests.support.kafka_service import running_kafka
from tests.support.ports import free_port
from tests.support.processes import environment, listening, running

BARE = "bare ASGI that verifies and answers"
KEY = new_private_key()
DIFFERENT = 1000
"""Requests that are signed beforehand, and sent again and again."""
_WARM = 640


class Signer(NamedTuple):
    """A provider that signs, with one key; `sign` makes a request to an address, the numbered one of many."""

    provider: str
    secrets: Mapping[str, str]
    sign: Callable[[str, int], bytes]


def run(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    return _measured("intake", server, rounds, size, SENDGRID)


def run_hmac(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    return _measured("intake-hmac", server, rounds, size, RESEND)


def run_kafka(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    return _measured_with_kafka("intake-kafka", server, rounds, size, SENDGRID)


def run_hmac_kafka(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    return _measured_with_kafka("intake-hmac-kafka", server, rounds, size, RESEND)


def _measured_with_kafka(name: str, server: EmbeddedServer, rounds: int, size: int, signer: Signer) -> Figure:
    """Raises Skipped where there is no real Kafka."""
    with tempfile.TemporaryDirectory(prefix="sendtrail-kafka-") as folder, running_kafka(Path(folder)) as kafka:
        if kafka.lacking:
            raise Skipped(kafka.lacking)
        return _measured(name, server, rounds, size, signer, kafka.bootstrap)


def _measured(name: str, server: EmbeddedServer, rounds: int, size: int, signer: Signer, kafka: str = "") -> Figure:
    contenders = {"ours": lambda: _ours(server, size, kafka, signer), BARE: lambda: _bare(server, size, signer)}
    return measure(name, "webhooks/s", contenders, BARE, rounds)


def signed(connection: UUID, count: int, sign: Callable[[str, int], bytes] | None = None) -> list[bytes]:
    """Requests to this connection, all different; SendGrid's, unless it is said how to sign."""
    made = sign or _sendgrid
    return [made(f"/v1/webhooks/{connection}", number) for number in range(count)]


def _sendgrid(path: str, number: int) -> bytes:
    return signed_event(path, number, str(uuid4()))


def _resend(path: str, number: int) -> bytes:
    """Resend says that a message was delivered."""
    at = datetime.now(UTC)
    data = {
        "created_at": at.isoformat(), "email_id": str(uuid4()), "from": "Acme <billing@acme.example>",
        "to": [f"ap{number}@payer.example"], "subject": "Invoice", "tags": {"attempt_id": str(uuid4())},
    }  # fmt: skip
    body = json.dumps({"type": "email.delivered", "created_at": at.isoformat(), "data": data}).encode()
    told = svix.headers(RESEND.secrets["webhook_secret"], f"msg_{uuid4().hex}", at, body)
    return request(path, {"Content-Type": "application/json", "User-Agent": "Svix-Webhooks/1.71.0"} | told, body)


SENDGRID = Signer("sendgrid", {"public_key": public_key(KEY)}, _sendgrid)
RESEND = Signer("resend", {"webhook_secret": svix.new_secret()}, _resend)


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


def _bare(server: EmbeddedServer, size: int, signer: Signer = SENDGRID) -> float:
    with tempfile.TemporaryDirectory() as folder:
        port, (key,) = free_port(), signer.secrets.values()
        with running("tests.bench.bare", str(port), signer.provider, key, folder=Path(folder)) as pid:
            return _rate(port, signed(uuid4(), DIFFERENT, signer.sign), size, Spending(server, pid))


def _ours(server: EmbeddedServer, size: int, kafka: str = "", signer: Signer = SENDGRID) -> float:
    with ExitStack() as stack:
        url, folder = stack.enter_context(database(server)), Path(stack.enter_context(tempfile.TemporaryDirectory()))
        owner = stack.enter_context(installed(url, folder, "sendtrail_owner"))
        owner.settings.kafka, owner.settings.webhook_topic = kafka, f"bench-{uuid4().hex[:8]}"
        prepare_log(owner.settings)
        connection, port = add_connection(owner, signer).id, free_port()
        env = environment(url, folder, port, kafka, owner.settings.webhook_topic)
        with running("api.cli", "serve", folder=folder, env=env) as pid:
            rate = _rate(port, signed(connection, DIFFERENT, signer.sign), size, Spending(server, pid))
        _check(owner, size + _WARM)
        return rate


def add_connection(owner: Installation, signer: Signer = SENDGRID) -> Connection:
    """A tenant's, whose webhooks are signed by `signer`."""
    tenant = owner.tenants.add("bench", histories.START).id
    return owner.connections.add(
        tenant, "mail", signer.provider, Channel.EMAIL, histories.START, settings={}, secrets=signer.secrets
    )


def _rate(port: int, requests: Sequence[bytes], size: int, spending: Spending) -> Rate:
    """The client's connections are part of it; they are made in a moment."""
    listening(port)
    load(port, requests, _WARM)
    with spending:
        found = load(port, requests, size)
    _require(found.statuses, size)
    return spending.rate(size)


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
