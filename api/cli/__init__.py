"""The console command `sendtrail`."""

import sys
from collections.abc import Callable

import typer
from psycopg import OperationalError

from adapters.config.tenants import ConfigError
from adapters.database.embedded import EmbeddedServerError
from adapters.database.migrate import MigrationError
from adapters.keys.master import SealError
from adapters.providers.port import ProviderError
from adapters.store.errors import StoreError
from adapters.webhook_log.port import WebhookLogError
from api.cli import audit, configure, letters, projections, run, tools, up
from api.cli.connections import connection
from api.demo.client import StoryError
from api.demo.run import demo
from consumers.rebuild.errors import RebuildError
from projections.errors import ProjectionError

EXPECTED = (
    ConfigError, EmbeddedServerError, MigrationError, SealError, ProviderError, StoreError, WebhookLogError,
    ProjectionError, RebuildError, StoryError, up.StartError, OSError,
)  # fmt: skip
"""Errors whose text says all that a person needs; anything else is a defect and keeps its traceback."""

app = typer.Typer(
    help="Sendtrail: the record of every attempt to send an invoice, and what became of it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
RUN: tuple[Callable[..., None], ...] = (up.up, demo, run.serve, run.consume, run.project, run.dispatch, run.reconcile)
LOOK_AFTER: tuple[Callable[..., None], ...] = (tools.migrate, tools.simulate, letters.retention)
for command in RUN:
    app.command(rich_help_panel="Run")(command)
for command in LOOK_AFTER:
    app.command(rich_help_panel="Look after")(command)
for name, group in (
    ("projection", projections.projection),
    ("audit", audit.audit),
    ("webhook", tools.webhook),
    ("dead-letter", letters.dead_letter),
    ("parked", letters.parked),
):
    app.add_typer(group, name=name, rich_help_panel="Look after")
for name, group in (
    ("tenant", configure.tenant),
    ("key", configure.key),
    ("connection", connection),
    ("customer", configure.customer),
):
    app.add_typer(group, name=name, rich_help_panel="Configure")


def main() -> None:
    """Run the command line; an expected error is one line on stderr and exit status 1."""
    try:
        app()
    except EXPECTED as error:
        sys.exit(f"sendtrail: {error}")
    except OperationalError as error:
        sys.exit(f"sendtrail: the database cannot be used: {str(error).strip().splitlines()[0]}")
