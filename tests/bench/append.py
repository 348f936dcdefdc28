"""append-16, append-slow-disk, send-16: commands of 16 clients, against raw one-row commits and the library.

Ours is what the API runs: commands through the coalescer, one loop of 16 coroutines, in the API's role under row-level
security, personal values sealed. Left out: HTTP (send-http-16 has it), reading the customer's key, rendering an answer.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import uvloop

from adapters.bootstrap import Installation
from adapters.database.embedded import EmbeddedServer
from adapters.database.pool import connect
from domain.communication import InvoiceCommunication
from tests.bench import clients, histories, raw
from tests.bench.library import PlainInvoice, application, plain_invoice
from tests.bench.measuring import Figure, database, measure
from tests.bench.spending import Spending
from tests.support.installation import installed

LIBRARY = "eventsourcing's own recorder"
DELAY = 1000
"""Microseconds by which PostgreSQL delays each flush, so that any disk is as slow as a cloud volume."""
Make = Callable[[UUID, histories.Key, int, UUID], InvoiceCommunication]


def append(server: EmbeddedServer, rounds: int, _: int) -> Figure:
    """One append is a new subject with its customer: a new aggregate, two events, one sealed value, one commit at most.

    The library's has the same two events. A raw one is one row. A bare subject is one event, with nothing to seal.
    """
    contenders = {
        "ours": lambda: _ours(server, histories.named),
        "ours, a bare subject (1 event)": lambda: _ours(server, histories.bare),
        raw.NAME: lambda: raw.rate(server),
        LIBRARY: lambda: _library(server, _plain_subject),
    }
    return measure("append-16", "appends/s", contenders, raw.NAME, rounds)


def append_slow_disk(server: EmbeddedServer, rounds: int, _: int) -> Figure:
    """The same with 1 ms more for each flush, for all alike: commits that come meanwhile share it."""
    contenders = {
        "ours": lambda: _ours(server, histories.named),
        raw.NAME: lambda: raw.rate(server),
        LIBRARY: lambda: _library(server, _plain_subject),
    }
    with slow_flushes(server):
        return measure("append-slow-disk", "appends/s", contenders, raw.NAME, rounds)


def send(server: EmbeddedServer, rounds: int, _: int) -> Figure:
    """A whole first send in one command: three events, four sealed values; queue, correlation and attempt rows.

    The library's has the same three events and no rows beside them. A raw one is still one row.
    "Nothing sealed" shows what sealing costs: the same command with its values in clear.
    """
    contenders = {
        "ours": lambda: _ours(server, histories.asked),
        "ours, nothing sealed": lambda: _ours(server, histories.asked, unsealed=True),
        raw.NAME: lambda: raw.rate(server),
        LIBRARY: lambda: _library(server, plain_invoice),
    }
    return measure("send-16", "sends/s", contenders, raw.NAME, rounds)


def _ours(server: EmbeddedServer, make: Make, *, unsealed: bool = False) -> float:
    with (
        database(server) as url,
        TemporaryDirectory() as folder,
        installed(url, Path(folder), "sendtrail_api") as installation,
    ):
        return uvloop.run(clients.rate(_asking(installation, make, unsealed=unsealed), Spending(server)))


def _asking(installation: Installation, make: Make, *, unsealed: bool) -> clients.Ask:
    tenant, connection = uuid4(), uuid4()
    known = installation.keys.customer(tenant, "bench", histories.START)
    key: histories.Key = histories.Unsealed(known.id) if unsealed else known

    async def ask(number: int) -> None:
        def command(_: InvoiceCommunication | None) -> tuple[InvoiceCommunication, None]:
            return make(tenant, key, number, connection), None

        place = InvoiceCommunication.create_id(tenant, "invoice", f"B-{histories.parted(number)}")
        await installation.communications.change_async(place, command, tenant=tenant)

    return ask


def _plain_subject(number: int) -> PlainInvoice:
    made = PlainInvoice(f"2026-{number}")
    made.revise("121.00", "EUR", "Payer Ltd")
    return made


def _library(server: EmbeddedServer, make: Callable[[int], PlainInvoice]) -> float:
    """16 threads, as its documentation has it."""
    with database(server) as url, application(url) as library, ThreadPoolExecutor(clients.CLIENTS) as threads:
        numbers, stop = count(), threading.Event()

        def client(_: int) -> int:
            done = 0
            while not stop.is_set():
                library.save(make(next(numbers)))
                done += 1
            return done

        begun = time.perf_counter()
        running = [threads.submit(client, n) for n in range(clients.CLIENTS)]
        stop.wait(clients.SECONDS)
        stop.set()
        return sum(one.result() for one in running) / (time.perf_counter() - begun)


@contextmanager
def slow_flushes(server: EmbeddedServer) -> Iterator[None]:
    with connect(server.url("postgres", "postgres"), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET commit_siblings = 0")
        admin.execute(f"ALTER SYSTEM SET commit_delay = {DELAY}")
        admin.execute("SELECT pg_reload_conf()")
        try:
            _check_that_it_is_slow(server)
            yield
        finally:
            admin.execute("ALTER SYSTEM RESET commit_siblings")
            admin.execute("ALTER SYSTEM RESET commit_delay")
            admin.execute("SELECT pg_reload_conf()")


def _check_that_it_is_slow(server: EmbeddedServer) -> None:
    commits = 50
    with connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute("CREATE TABLE slow (n int)")
        begun = time.perf_counter()
        for number in range(commits):
            connection.execute("INSERT INTO slow VALUES (%s)", (number,))
        each = (time.perf_counter() - begun) / commits
        connection.execute("DROP TABLE slow")
    assert each > DELAY / 1e6, f"a commit took {each * 1e6:.0f} us: PostgreSQL does not delay its flushes"
