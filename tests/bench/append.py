"""append-16: first sends by 16 clients at once, three events a commit, against raw one-row commits and the library."""

import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

from adapters.database.embedded import EmbeddedServer, binaries
from adapters.database.pool import connect
from tests.bench import histories
from tests.bench.library import application, plain_invoice
from tests.bench.measuring import Figure, database, measure
from tests.support.installation import installed

CLIENTS, SECONDS = 16, 3.0
RAW = "raw one-row commits (pgbench)"
_TABLE = (
    "CREATE TABLE raw (id uuid, version bigint, topic text, state bytea, position bigserial, PRIMARY KEY (id, version))"
)
_INSERT = (
    "INSERT INTO raw (id, version, topic, state)"
    " VALUES (gen_random_uuid(), 1, 'InvoiceCommunication.SendAttempted', convert_to(repeat('x', 600), 'UTF8'));"
)


def run(server: EmbeddedServer, rounds: int, _: int) -> Figure:
    contenders = {
        "ours": lambda: _ours(server),
        RAW: lambda: _raw(server),
        "eventsourcing's own recorder": lambda: _library(server),
    }
    return measure("append-16", "appends/s", contenders, RAW, rounds)


def _ours(server: EmbeddedServer) -> float:
    """In the API's role: the queue and correlation rows go into the same commit."""
    tenant, connection = uuid4(), uuid4()
    with (
        database(server) as url,
        tempfile.TemporaryDirectory() as folder,
        installed(url, Path(folder), "sendtrail_api") as installation,
    ):
        key = installation.keys.customer(tenant, "bench", histories.START)

        def append(number: int) -> None:
            made = histories.asked(tenant, key, number, connection)
            installation.communications.record([made], tenant=tenant)

        return _rate(append)


def _library(server: EmbeddedServer) -> float:
    with database(server) as url, application(url) as library:

        def append(number: int) -> None:
            library.save(plain_invoice(number))

        return _rate(append)


def _raw(server: EmbeddedServer) -> float:
    """pgbench prints `tps = N (without initial connection time)`."""
    with database(server) as url, tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        with connect(url, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA bench")
            connection.execute(_TABLE.replace("raw", "bench.raw", 1))
        script.write(_INSERT.replace("raw", "bench.raw", 1))
        script.flush()
        parts = urlsplit(url)
        host = unquote(parse_qs(parts.query)["host"][0])
        command = [
            str(binaries() / "pgbench"), "-h", host, "-U", parts.username or "", "-n", "-M", "prepared",
            "-c", str(CLIENTS), "-j", "2", "-T", str(int(SECONDS)), "-f", script.name, parts.path[1:],
        ]  # fmt: skip
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return next(float(line.split()[2]) for line in told.splitlines() if line.startswith("tps"))


def _rate(append: Callable[[int], None]) -> float:
    """Calls a second by 16 threads over 3 s."""
    numbers, stop = count(), threading.Event()

    def client(_: int) -> int:
        done = 0
        while not stop.is_set():
            append(next(numbers))
            done += 1
        return done

    with ThreadPoolExecutor(CLIENTS) as threads:
        begun = time.perf_counter()
        clients = [threads.submit(client, n) for n in range(CLIENTS)]
        stop.wait(SECONDS)
        stop.set()
        done = sum(c.result() for c in clients)
    return done / (time.perf_counter() - begun)
