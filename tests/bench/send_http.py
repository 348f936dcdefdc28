"""send-http-16: `POST /v1/attempts` with an Idempotency-Key by 16 clients over HTTP, against raw one-row commits."""

import json
import os
import subprocess
import sys
from asyncio import StreamReader, StreamWriter, open_connection
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import uvloop

from adapters.database.embedded import EmbeddedServer
from domain.values import Channel
from tests.bench import clients, histories, raw
from tests.bench.measuring import Figure, database, measure
from tests.support.eventually import eventually
from tests.support.installation import MASTER_KEY, add_connection, add_tenant, installed
from tests.support.ports import free_port

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
        with _serving(url, Path(folder)) as port:
            return uvloop.run(_rate(port, key))


@contextmanager
def _serving(url: str, folder: Path) -> Iterator[int]:
    port = free_port()
    given = {"DATABASE_URL": url, "DATA_DIR": str(folder), "MASTER_KEY": MASTER_KEY, "PORT": str(port)}
    environment = os.environ | {f"SENDTRAIL_{name}": value for name, value in given.items()}
    with (folder / "serve.log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "api.cli", "serve"], env=environment, stderr=log)
    try:
        eventually(lambda: _is_ready(port), within=60)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    except httpx.TransportError:
        return False


async def _rate(port: int, key: str) -> float:
    """One kept connection a client: the client costs as little as can be."""
    free = [await open_connection("127.0.0.1", port) for _ in range(clients.CLIENTS)]

    async def ask(number: int) -> None:
        reader, writer = free.pop()
        await _post(reader, writer, _request(number, key))
        free.append((reader, writer))

    found = await clients.rate_in_loop(ask)
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
