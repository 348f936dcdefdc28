"""sendtrail serve, consume, project, dispatch, reconcile: one kind of process each, any number of each."""

import logging
import os
from typing import Annotated

import typer
import uvicorn

from adapters.bootstrap import install
from adapters.settings import Settings
from api.cli.listening import require_free
from api.cli.options import ClockFile, DatabaseUrl, DataDir, Host, Kafka, Port, PublicUrl, located, settings
from api.cli.process import set_up_logging, stop_event, when_parent_ends
from api.http.app import build_app
from api.http.server import Server
from consumers.dispatcher import Dispatcher
from consumers.parts.leading import Crew
from consumers.projector import Projector
from consumers.reconciler import Reconciler
from consumers.running import consume_webhooks
from consumers.workers import access

log = logging.getLogger(__name__)
PROCESSES = min(os.cpu_count() or 1, 8)
GRACE = 10
"""Seconds that requests under way may take when the API stops."""


def serve(
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    kafka: Kafka = None,
    host: Host = None,
    port: Port = None,
    public_url: PublicUrl = None,
    clock_file: ClockFile = None,
) -> None:
    """Serve the HTTP API: clients, webhooks, live stream."""
    set_up_logging("serve")
    found = located(
        settings(
            database_url=database_url, data_dir=data_dir, kafka=kafka, host=host, port=port,
            public_url=public_url, clock_file=clock_file,
        )
    )  # fmt: skip
    require_free(found.host, found.port)
    with install(found, "sendtrail_api", pool_size=20) as installation:
        app = build_app(installation)
        server = Server(
            uvicorn.Config(
                app, host=found.host, port=found.port, log_config=None, access_log=False, server_header=False,
                proxy_headers=False, timeout_graceful_shutdown=GRACE, ws="none",
            )
        )  # fmt: skip
        when_parent_ends(lambda: setattr(server, "should_exit", True))
        server.run()


def consume(
    database_url: DatabaseUrl = None, data_dir: DataDir = None, kafka: Kafka = None, clock_file: ClockFile = None
) -> None:
    """Take webhooks from the log and record what they say."""
    set_up_logging("consume")
    with install(_worker(database_url, data_dir, kafka, clock_file), "sendtrail_worker") as installation:
        consume_webhooks(installation, stop_event())


def project(
    processes: Annotated[
        int,
        typer.Option(min=1, max=64, help="Processes that share a large backlog.", show_default="one a core, 8 at most"),
    ] = PROCESSES,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    clock_file: ClockFile = None,
) -> None:
    """Keep the overview and the log up to date."""
    set_up_logging("project")
    found = _worker(database_url, data_dir, None, clock_file)
    with install(found, "sendtrail_worker") as installation:
        Projector(installation.database, installation.keys, Crew(processes, access(found))).run(stop_event())


def dispatch(
    width: Annotated[int, typer.Option(min=1, max=64, help="Attempts that are sent at a time.")] = 8,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    public_url: PublicUrl = None,
    clock_file: ClockFile = None,
) -> None:
    """Send what is due."""
    set_up_logging("dispatch")
    found = _worker(database_url, data_dir, None, clock_file, public_url)
    with install(found, "sendtrail_worker", pool_size=width + 2) as installation:
        Dispatcher(installation, width=width).run(stop_event())


def reconcile(
    width: Annotated[int, typer.Option(min=1, max=64, help="Connections that are asked over at a time.")] = 4,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    clock_file: ClockFile = None,
) -> None:
    """Ask providers about what stays open, and watch the connections."""
    set_up_logging("reconcile")
    with install(_worker(database_url, data_dir, None, clock_file), "sendtrail_worker", pool_size=width + 2) as found:
        Reconciler(found, width=width).run(stop_event())


def _worker(
    database_url: DatabaseUrl,
    data_dir: DataDir,
    kafka: Kafka,
    clock_file: ClockFile,
    public_url: PublicUrl = None,
) -> Settings:
    return located(
        settings(
            database_url=database_url, data_dir=data_dir, kafka=kafka, clock_file=clock_file, public_url=public_url
        )
    )
