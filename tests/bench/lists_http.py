"""lists-http: pages of 50 over HTTP from one process of `sendtrail serve`, against pgbench on the same query.

pgbench sends nothing but the prepared query, over sessions that have named their tenant: it opens no transaction, looks
up no key, and puts nothing into an answer.
"""

import asyncio
import os
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from uuid import UUID

from psycopg import ClientCursor

from adapters.config.api_keys import Scope
from adapters.database.embedded import EmbeddedServer, binaries
from adapters.database.pool import connect
from projections.queries.filters import Filters
from projections.queries.lists import page_query
from projections.queries.pieces import LOG
from tests.bench.lists import store
from tests.bench.measuring import Figure, measure
from tests.bench.questions import PAGE, span
from tests.bench.spending import Rate, Spending
from tests.support.installation import installed
from tests.support.processes import serving

CLIENTS, SECONDS = 16, 4.0
RAW = "the query alone (pgbench)"


def run(server: EmbeddedServer, rounds: int, size: int) -> Figure:
    with store(server, size) as (asked, url, folder):
        with connect(url, "sendtrail_worker") as worker:
            tenant = span(worker).tenant
        with installed(url, folder, "sendtrail_owner") as owner:
            key = owner.api_keys.add(tenant, "bench", [Scope.READ], datetime.now(UTC))
        with serving(url, folder) as (port, pid):
            spending = Spending(asked, pid)
            contenders = {"ours": lambda: asyncio.run(_requests(port, key, spending)), RAW: lambda: _raw(url, tenant)}
            return measure("lists-http", "pages/s", contenders, RAW, rounds)


async def _requests(port: int, key: str, spending: Spending) -> Rate:
    """Answers a second, to clients that ask again as soon as they have one."""
    request = f"GET /v1/attempts?limit={PAGE} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    until = time.perf_counter() + SECONDS
    with spending:
        done = await asyncio.gather(*(_client(port, request, until) for _ in range(CLIENTS)))
    return spending.rate(sum(done))


async def _client(port: int, request: bytes, until: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    done = 0
    while time.perf_counter() < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        done += 1
    writer.close()
    return done


def _raw(url: str, tenant: UUID) -> float:
    """pgbench prints `tps = N (without initial connection time)`."""
    query = page_query(LOG, Filters(), None, PAGE)
    with connect(url) as connection, tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(f"{ClientCursor(connection).mogrify(query.sql, query.values)};\n")
        script.flush()
        environment = os.environ | {"PGOPTIONS": f"-c role=sendtrail_api -c app.tenant={tenant}"}
        command = [
            str(binaries() / "pgbench"), "-n", "-M", "prepared", "-c", "8", "-j", "2", "-T", str(round(SECONDS)),
            "-f", script.name, url,
        ]  # fmt: skip
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    return float(said.partition("tps = ")[2].split()[0])
