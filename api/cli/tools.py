"""sendtrail migrate, webhook, simulate, retention: looking after an installation."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from adapters.clock import clock_from
from adapters.simulator.config import Config, load
from adapters.simulator.page import help_text
from adapters.simulator.server import run as run_simulator
from api.cli.listening import require_free
from api.cli.options import ClockFile, DatabaseUrl, DataDir, Kafka, located, reading, settings
from api.cli.output import console
from api.cli.process import set_up_logging
from api.cli.up import prepare
from api.explain import explain_lines

webhook = typer.Typer(help="Webhooks: what a provider's request means.", no_args_is_help=True)


def migrate(database_url: DatabaseUrl = None, data_dir: DataDir = None, kafka: Kafka = None) -> None:
    """Bring the database to the newest schema, and make the webhook topic where Kafka is used."""
    set_up_logging("migrate")
    found = located(settings(database_url=database_url, data_dir=data_dir, kafka=kafka))
    applied = prepare(found, found.public_url, lambda name: console.print(f"applying {name}"))
    console.print("the schema is the newest" if applied else "nothing to do: the schema is the newest")


@webhook.command("explain")
def explain(
    file: Annotated[Path | None, typer.Argument(help="JSON lines; without it, standard input.")] = None,
) -> None:
    """Say offline what provider requests mean: JSON lines in, JSON lines out (see docs/webhooks.md)."""
    for answer in explain_lines(_lines(file) if file else sys.stdin):
        typer.echo(answer)


def _lines(file: Path) -> Iterator[str]:
    with reading(file), file.open(encoding="utf-8-sig") as lines:
        yield from lines


def simulate(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port for the providers' APIs and the control page; 0: a free one.")] = 8025,
    smtp_port: Annotated[int, typer.Option(help="Port for SMTP; 0: a free one.")] = 2525,
    config: Annotated[Path | None, typer.Option(help="Accounts and pace, TOML or JSON.")] = None,
    behaviours: Annotated[bool, typer.Option("--behaviours", help="Show how recipients behave, and end.")] = False,
    clock_file: ClockFile = None,
) -> None:
    """Run the provider simulator: sends, asks and calls back as the real ones do, and misbehaves on request."""
    if behaviours:
        typer.echo(help_text())
        return
    set_up_logging("simulate")
    require_free(host, port)
    require_free(host, smtp_port, "--smtp-port")
    clock = clock_from(settings(clock_file=clock_file).clock_file)
    run_simulator(host, port, smtp_port, clock, load(config) if config else Config())
