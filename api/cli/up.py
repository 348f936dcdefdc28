"""sendtrail up: everything on one machine, ended by one Ctrl-C."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from adapters.bootstrap import install, master_key
from adapters.config.values import ADDRESS
from adapters.database.embedded import EmbeddedServer
from adapters.database.migrate import migrate
from adapters.settings import Settings
from adapters.webhook_log.opening import prepare_log
from api.cli.listening import alone_in, require_free
from api.cli.options import ClockFile, DatabaseUrl, DataDir, Host, Kafka, Port, PublicUrl, settings
from api.cli.output import console
from api.cli.process import set_up_logging, stop_event
from api.cli.supervisor import Supervisor

log = logging.getLogger(__name__)


class StartError(Exception):
    """A part did not come up."""


def up(
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    kafka: Kafka = None,
    host: Host = None,
    port: Port = None,
    public_url: PublicUrl = None,
    clock_file: ClockFile = None,
) -> None:
    """Run everything: PostgreSQL (embedded, unless one is named), schema, API, and all workers. Ctrl-C ends it."""
    set_up_logging("up")
    stop = stop_event()
    given = settings(
        database_url=database_url, data_dir=data_dir, kafka=kafka, host=host, port=port,
        public_url=public_url, clock_file=clock_file,
    )  # fmt: skip
    with running(given) as (found, supervisor):
        console.print(f"Sendtrail is up at [bold]{address(found)}[/bold]")
        _say_what_is_missing(found)
        supervisor.watch(stop)
        console.print("ending ...")


@contextmanager
def running(given: Settings) -> Iterator[tuple[Settings, Supervisor]]:
    """All parts, ready to serve: the settings that they share, and who looks after them."""
    require_free(given.host, given.port)
    master_key(given, create=True)
    with _database(given) as located:
        found = located.model_copy(update={"port": located.port or free_port(located.host)})
        prepare(found, found.reached_at)
        with Supervisor(environment(found)) as supervisor:
            for name in ("serve", "consume", "project", "dispatch", "reconcile"):
                supervisor.start(name, name)
            _wait_until_ready(found, supervisor)
            yield found, supervisor


def prepare(located: Settings, reached_at: str, begins: Callable[[str], object] = lambda _: None) -> list[str]:
    """The newest schema, this installation's master key and address known to the database, and the Kafka topic.

    Without an address the one that is known stays. Returns the migrations applied; `begins` is told each before.
    """
    applied = migrate(located.database_url, begins=begins)
    with install(located, "sendtrail_owner", pool_size=1) as installation:
        if reached_at:
            installation.values.put(ADDRESS, reached_at)
        prepare_log(located)
    return applied


def address(found: Settings) -> str:
    return f"http://{found.host}:{found.port}"


def free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def environment(found: Settings) -> dict[str, str]:
    """The settings as the children read them; the master key travels only as the variable or file that it came by."""
    values = found.model_dump(exclude={"master_key"}, exclude_none=True)
    return {f"SENDTRAIL_{name.upper()}": str(value) for name, value in values.items()}


@contextmanager
def _database(given: Settings) -> Iterator[Settings]:
    """The database named, or the embedded one, stopped afterwards: also one that a killed `up` has left running."""
    if given.database_url:
        yield given
        return
    with alone_in(given.data_dir):
        server = EmbeddedServer(given.data_dir / "postgres")
        console.print("starting PostgreSQL ...")
        try:
            yield given.model_copy(update={"database_url": server.start()})
        finally:
            server.stop()


def _wait_until_ready(found: Settings, supervisor: Supervisor) -> None:
    """Until /readyz says yes. Raises StartError when the API does not come up."""
    stop, until = threading.Event(), time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if httpx.get(f"{address(found)}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        stop.wait(0.1)
        if all(c.process and c.process.poll() is not None for c in supervisor.children):
            break
    raise StartError("the API did not come up; the lines above say why")


def _say_what_is_missing(found: Settings) -> None:
    with install(found, "sendtrail_owner", pool_size=1) as installation:
        if not installation.tenants.every():
            where = "" if found.data_dir == Settings().data_dir else f" --data-dir {found.data_dir}"
            console.print(
                "No tenant yet. In another terminal:\n"
                f"  sendtrail tenant add acme{where}\n"
                f"  sendtrail key add --tenant acme{where}\n"
                f"  sendtrail connection add --help"
            )
