"""sendtrail connection: a tenant's accounts at providers."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from adapters.config.tenants import ConfigError
from adapters.providers.port import Need
from adapters.providers.registry import PROVIDERS, provider
from api.cli.configure import owner
from api.cli.options import DatabaseUrl, DataDir, TenantName
from api.cli.output import console, table

connection = typer.Typer(help="Connections: a tenant's accounts at providers.", no_args_is_help=True)

Values = Annotated[list[str] | None, typer.Option("--set", help="A setting, NAME=VALUE. Repeat for several.")]
Secrets = Annotated[
    list[str] | None,
    typer.Option("--secret", help="NAME=VALUE, NAME=@FILE, or NAME alone to be asked for it. Repeat for several."),
]


@connection.command("providers")
def providers() -> None:
    """Show what each provider needs, and where to find it."""
    for name in sorted(PROVIDERS):
        found = provider(name)
        console.print(f"\n[bold]{name}[/bold] ({found.channel})")
        table(["  name", "", "", "where to find it"], [_need(n) for n in found.needs], empty="  needs nothing")


@connection.command("add")
def add(
    name: str,
    provider_name: Annotated[str, typer.Option("--provider", help="See `sendtrail connection providers`.")],
    tenant_name: TenantName,
    values: Values = None,
    secrets: Secrets = None,
    open_tracking: Annotated[bool, typer.Option(help="Count opens as read (check the law first).")] = False,
    default: Annotated[
        bool, typer.Option(help="Use it where a send names no connection (never one that only reports).")
    ] = True,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Set up an account and print the connection's id and webhook address."""
    chosen = provider(provider_name)
    given, hidden = _pairs(values), {n: _secret(n, v) for n, v in _pairs(secrets).items()}
    known = {n.name for n in chosen.needs}
    if strangers := sorted((given.keys() | hidden.keys()) - known):
        raise ConfigError(f"{provider_name} has no {', '.join(strangers)} (it has: {', '.join(sorted(known))})")
    have = given.keys() | hidden.keys()
    missing = [f"{n.name}: {n.where}" for n in chosen.needs if n.required and n.name not in have]
    if missing:
        raise ConfigError(f"{provider_name} also needs\n  " + "\n  ".join(missing))
    with owner(database_url, data_dir) as installation:
        made = installation.connections.add(
            installation.tenants.named(tenant_name).id, name, provider_name, chosen.channel, installation.clock(),
            settings=given, secrets=hidden, open_tracking=open_tracking, default=default and chosen.sends,
        )  # fmt: skip
        typer.echo(made.id)
        console.print(f"webhook address: {installation.settings.webhook_url(made.id)}")


@connection.command("list")
def list_connections(tenant_name: TenantName, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Show a tenant's connections (never their secrets)."""
    with owner(database_url, data_dir) as installation:
        found = installation.connections.of_tenant(installation.tenants.named(tenant_name).id)
    rows = [(str(c.id), c.name, c.provider, c.channel, "on" if c.open_tracking else "off") for c in found]
    columns = ["id", "name", "provider", "channel", "open tracking"]
    table(columns, rows, empty="No connection yet: sendtrail connection add")


@connection.command("disable")
def disable(connection_id: UUID, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Stop sending over a connection and refuse its webhooks; its history stays."""
    with owner(database_url, data_dir) as installation:
        installation.connections.disable(connection_id, installation.clock())


def _need(need: Need) -> tuple[str, str, str, str]:
    return f"  {need.name}", "secret" if need.secret else "setting", "" if need.required else "optional", need.where


def _pairs(given: list[str] | None) -> dict[str, str]:
    return {name: value for name, _, value in (pair.partition("=") for pair in given or ())}


def _secret(name: str, value: str) -> str:
    if value.startswith("@"):
        return Path(value[1:]).read_text().strip()
    return value or str(typer.prompt(name, hide_input=True))
