"""sendtrail tenant, key, customer: whose data it is, who may ask for it, and forgetting it."""

from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from adapters.bootstrap import Installation, install
from adapters.config.api_keys import Scope
from adapters.config.tenants import RESEND_WINDOW
from api.cli.options import DatabaseUrl, DataDir, TenantName, located, settings
from api.cli.output import table
from api.erasing import erase_customer
from domain.values import Person

ResendDays = Annotated[int, typer.Option(min=1, max=36500, help="For how many days an attempt can be sent again.")]

tenant = typer.Typer(help="Tenants: whose data is held apart.", no_args_is_help=True)
key = typer.Typer(help="API keys: shown once, scoped, revocable.", no_args_is_help=True)
customer = typer.Typer(help="Customers: erase their personal data.", no_args_is_help=True)


def owner(database_url: str | None, data_dir: Path | None) -> AbstractContextManager[Installation]:
    """The installation in the role that may change its configuration."""
    return install(located(settings(database_url=database_url, data_dir=data_dir)), "sendtrail_owner", pool_size=2)


@tenant.command("add")
def add_tenant(
    name: str,
    resend_days: ResendDays = RESEND_WINDOW.days,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Make a tenant and print its id."""
    with owner(database_url, data_dir) as installation:
        typer.echo(installation.tenants.add(name, installation.clock(), timedelta(days=resend_days)).id)


@tenant.command("list")
def list_tenants(database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Show all tenants."""
    with owner(database_url, data_dir) as installation:
        rows = [(str(t.id), t.name, f"{t.resend_window.days} days") for t in installation.tenants.every()]
    table(["id", "name", "resend window"], rows, empty="No tenant yet: sendtrail tenant add NAME")


@tenant.command("set")
def set_tenant(
    name: str,
    resend_days: ResendDays,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Change a tenant's resend window."""
    with owner(database_url, data_dir) as installation:
        installation.tenants.set_window(installation.tenants.named(name).id, timedelta(days=resend_days))


@key.command("add")
def add_key(
    tenant_name: TenantName,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "default",
    scope: Annotated[list[Scope] | None, typer.Option(help="Repeat for several.", show_default="send, read")] = None,
    mask_addresses: Annotated[
        bool, typer.Option("--mask-addresses", help="Show its readers masked addresses.")
    ] = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Make an API key and print it, this once. Use it as `Authorization: Bearer KEY`."""
    scopes = scope or [Scope.SEND, Scope.READ]
    with owner(database_url, data_dir) as installation:
        whose = installation.tenants.named(tenant_name).id
        seen = not mask_addresses
        typer.echo(installation.api_keys.add(whose, name, scopes, installation.clock(), sees_addresses=seen))


@key.command("list")
def list_keys(tenant_name: TenantName, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Show a tenant's keys (never their secrets)."""
    with owner(database_url, data_dir) as installation:
        found = installation.api_keys.of_tenant(installation.tenants.named(tenant_name).id)
    rows = [
        (key_id, name, ", ".join(scopes), "in clear" if seen else "masked", f"{made:%Y-%m-%d}", f"{gone or ''!s:.10}")
        for key_id, name, scopes, seen, made, gone in found
    ]
    columns = ["id", "name", "scopes", "addresses", "made", "revoked"]
    table(columns, rows, empty=f"No key yet: sendtrail key add --tenant {tenant_name}")


@key.command("revoke")
def revoke_key(key_id: str, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Take a key's rights away, for good, within 5 seconds."""
    with owner(database_url, data_dir) as installation:
        installation.api_keys.revoke(key_id, installation.clock())


@customer.command("erase")
def erase(
    customer_id: str,
    tenant_name: TenantName,
    by: Annotated[str, typer.Option(help="Who decided it: an id, kept in the history.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Destroy a customer's key: names, addresses, messages and documents can never be read again."""
    if not yes:
        typer.confirm(f"Erase everything personal about customer {customer_id}? It cannot be undone", abort=True)
    with owner(database_url, data_dir) as installation:
        whose = installation.tenants.named(tenant_name).id
        count = erase_customer(installation, whose, customer_id, Person(id=by))
    typer.echo(f"{count} key(s) destroyed" if count else "nothing is kept about this customer")
