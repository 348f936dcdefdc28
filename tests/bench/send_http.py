"""send-http-16: `POST /v1/attempts` with an Idempotency-Key by 16 clients over HTTP, against raw one-row commits."""

import json
from asyncio import StreamReader, StreamWriter, open_connection
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from adapters.database.embedded import EmbeddedServer
from domain.values import Channel
from tests.bench import clients, histories, raw
from tests.bench.measuring import Figure, database, measure
from tests.bench.spending import Rate, Spending
from tests.support.installation import add_connection, add_tenant, installed
from tests.support.processes import serving

SUBJECTS = 20_000
SENT = {"channel": "email", "message": {"subject": "Invoice", "text": "Please find the invoice attached."}}


def run(server: EmbeddedServer, rounds: int, _: int) -> Figure:
    """Ours is one `sendtrail serve`, its clients in this process; the subjects are put before.

    Each send is checked, claims its key, seals three values, records one event and three work rows, renders its answer
    and keeps it: two commits. A raw one is one row and no HTTP.
    """
    contenders = {"ours": lambda: _ours(server), raw.NAME: lambda: raw.rate(server)}
    return measure("send-http-16", "sends/s", contenders, raw.NAME, rounds)


def _ours(server: EmbeddedServer) -> float:
    with database(server) as url, TemporaryDirectory() as folder:
        with installed(url, Path(folder), "sendtrail_owner") as owner:
            tenant, at = add_tenant(owner), owner.clock()
            key = owner.api_keys.add(tenant, "bench", ["send"], at)
            add_connection(owner.connections, tenant, "sendgrid", Channel.EMAIL, at)
            histories.put(owner, tenant, SUBJECTS)
        with serving(url, Path(folder)) as (port, pid):
            return uvloop.run(_rate(port, key, Spending(server, pid)))


async def _rate(port: int, key: str, spending: Spending) -> Rate:
    """One kept connection a client: the client costs as little as can be."""
    free = [await open_connection("127.0.0.1", port) for _ in range(clients.CLIENTS)]

    async def ask(number: int) -> None:
        reader, writer = free.pop()
        await _post(reader, writer, _request(number, key))
        free.append((reader, writer))

    found = await clients.rate(ask, spending)
    for _, writer in free:
        writer.close()
    return found


def _request(number: int, key: str) -> bytes:
    subject = {"type": "invoice", "external_id": f"B-{histories.parted(number % SUBJECTS)}"}
    body = json.dumps({"subject": subject, "recipients": [{"address": f"ap{number}@payer.example"}], **SENT}).encode()
    head = (
        f"POST /v1/attempts HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\nIdempotency-Key: k{number}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _post(reader: StreamReader, writer: StreamWriter, request: bytes) -> None:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    body = await reader.readexactly(int(length.split(b":")[1]))
    assert head.startswith(b"HTTP/1.1 202"), body
