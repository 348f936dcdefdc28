"""sendtrail connection: a tenant's accounts at providers."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from msgspec.structs import replace

from adapters.config.tenants import ConfigError
from adapters.config.values import ADDRESS
from adapters.providers.port import Connection, Need, Provider
from adapters.providers.registry import PROVIDERS, needs_of, provider
from api.cli.configure import owner
from api.cli.options import DatabaseUrl, DataDir, TenantName, reading
from api.cli.output import console, table
from consumers.health import ConnectionHealth
from consumers.watching import in_words, missing_key, state_of, warnings_of

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
        table(["  name", "", "", "where to find it"], [_need(n) for n in needs_of(found)], empty="  needs nothing")


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
    given, hidden = _read(chosen, values, secrets)
    have = {name for name, value in (given | hidden).items() if value}
    missing = [n for n in needs_of(chosen) if n.required and n.name not in have and n.name != chosen.webhook_key]
    if missing:
        raise ConfigError(f"{provider_name} also needs\n  " + "\n  ".join(f"{n.name}: {n.where}" for n in missing))
    default = default and chosen.sends
    with owner(database_url, data_dir) as installation:
        whose = installation.tenants.named(tenant_name).id
        before = installation.connections.default(whose, chosen.channel)
        made = installation.connections.add(
            whose, name, provider_name, chosen.channel, installation.clock(),
            settings=given, secrets=hidden, open_tracking=open_tracking, default=default,
        )  # fmt: skip
        typer.echo(made.id)
        base = installation.values.get(ADDRESS) or installation.settings.reached_at
    if chosen.webhook_key:
        typer.echo(f"webhook address: {base}/v1/webhooks/{made.id}", err=True)
    if default:
        _tell_default(made, before)
    _warn_without_key(chosen, made)


@connection.command("set")
def change(
    connection_id: UUID,
    values: Values = None,
    secrets: Secrets = None,
    open_tracking: Annotated[bool | None, typer.Option(help="Count opens as read (check the law first).")] = None,
    default: Annotated[bool, typer.Option("--default", help="Use it where a send names no connection.")] = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Change settings or secrets of a connection; what is not named stays. Processes see it within 5 seconds."""
    with owner(database_url, data_dir) as installation:
        found = installation.connections.get(connection_id)
        if found is None:
            raise ConfigError(f"no connection {connection_id}")
        chosen = provider(found.provider)
        if default and not chosen.sends:
            raise ConfigError(f"{found.provider} only reports: nothing can be sent over it")
        given, hidden = _read(chosen, values, secrets)
        tracking = found.open_tracking if open_tracking is None else open_tracking
        changed = replace(
            found, settings=found.settings | given, secrets=found.secrets | hidden, open_tracking=tracking
        )
        installation.connections.update(changed)
        if default:
            installation.connections.make_default(changed)
    _warn_without_key(chosen, changed)


@connection.command("list")
def list_connections(tenant_name: TenantName, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Show a tenant's connections (never their secrets), how they fare, and what needs a person."""
    with owner(database_url, data_dir) as installation:
        whose = installation.tenants.named(tenant_name).id
        found, defaults = installation.connections.of_tenant(whose), installation.connections.defaults(whose)
        now = installation.clock()
        health = ConnectionHealth(installation.database, installation.clock).several(c.id for c in found)
    rows = [
        (str(c.id), c.name, c.provider, c.channel, "yes" if c.id in defaults else "",
         "on" if c.open_tracking else "off", state_of(health[c.id], now))
        for c in found
    ]  # fmt: skip
    columns = ["id", "name", "provider", "channel", "default", "open tracking", "sending"]
    table(columns, rows, empty="No connection yet: sendtrail connection add")
    for one in found:
        for warning in warnings_of(one, health[one.id], now):
            typer.echo(f"! {one.name}: {in_words(warning, one, health[one.id], now)}")


@connection.command("disable")
def disable(connection_id: UUID, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Stop sending over a connection and refuse its webhooks; its history stays."""
    with owner(database_url, data_dir) as installation:
        found = installation.connections.get(connection_id)
        was_default = found and connection_id in installation.connections.defaults(found.tenant_id)
        installation.connections.disable(connection_id, installation.clock())
    if found and was_default:
        typer.echo(
            f"no connection is the default for {found.channel} now: sends that name none need action until\n"
            "  sendtrail connection set ID --default",
            err=True,
        )


def _need(need: Need) -> tuple[str, str, str, str]:
    return f"  {need.name}", "secret" if need.secret else "setting", "" if need.required else "optional", need.where


def _read(
    chosen: Provider, values: list[str] | None, secrets: list[str] | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Settings and secrets. Raises ConfigError for a name the provider lacks, and for a secret given in clear."""
    given, hidden = _settings(values), {n: _secret(n, v) for n, v in _pairs(secrets).items()}
    known = {n.name: n for n in needs_of(chosen)}
    if strangers := sorted((given.keys() | hidden.keys()) - known.keys()):
        raise ConfigError(f"{chosen.name} has no {', '.join(strangers)} (it has: {', '.join(sorted(known))})")
    if bare := sorted(name for name in given if known[name].secret):
        raise ConfigError(f"{', '.join(bare)} must stay secret: give it with --secret")
    return given | {n: hidden.pop(n) for n in list(hidden) if not known[n].secret}, hidden


def _tell_default(made: Connection, before: Connection | None) -> None:
    """Which sends go over it from now on, and how to take that back."""
    instead = f", instead of '{before.name}' (back: sendtrail connection set {before.id} --default)" if before else ""
    typer.echo(f"sends by {made.channel} that name no connection go over it now{instead}", err=True)


def _warn_without_key(chosen: Provider, made: Connection) -> None:
    if need := missing_key(chosen, made):
        typer.echo(
            f"its webhooks wait (503) until you set {need.name} ({need.where}):\n"
            f"  sendtrail connection set {made.id} --secret {need.name}",
            err=True,
        )


def _pairs(given: list[str] | None) -> dict[str, str]:
    return {name: value for name, _, value in (pair.partition("=") for pair in given or ())}


def _settings(given: list[str] | None) -> dict[str, str]:
    if bare := [pair for pair in given or () if "=" not in pair]:
        raise ConfigError(f"--set {bare[0]} says no value: give it as NAME=VALUE")
    return _pairs(given)


def _secret(name: str, value: str) -> str:
    if value.startswith("@"):
        path = Path(value[1:])
        with reading(path):
            return path.read_text(encoding="utf-8").strip()
    return value or str(typer.prompt(name, hide_input=True))
