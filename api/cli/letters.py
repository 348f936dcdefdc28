"""sendtrail dead-letter, parked, retention: what could not be read or matched, and what is too old to keep."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from adapters.bootstrap import Installation, install
from adapters.idempotency import drop_expired
from adapters.provider_events import drop_old
from api.cli.options import DatabaseUrl, DataDir, located, settings
from api.cli.output import console, table
from consumers.arrivals import Place
from consumers.attaching import Attaching
from consumers.dead_letters import DeadLetters
from consumers.parked import ParkedReports

dead_letter = typer.Typer(help="Requests that could not be read: look, and try again.", no_args_is_help=True)
parked = typer.Typer(help="Reports whose attempt is not known (yet): look, and try again.", no_args_is_help=True)

Limit = Annotated[int, typer.Option(min=1, max=10_000, help="Rows to show at the most.")]


def worker(database_url: str | None, data_dir: Path | None) -> AbstractContextManager[Installation]:
    return install(located(settings(database_url=database_url, data_dir=data_dir)), "sendtrail_worker", pool_size=4)


@dead_letter.command("list")
def list_dead(
    limit: Limit = 100,
    replayed: Annotated[bool, typer.Option("--replayed", help="Also those that were read since.")] = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Show dead letters, the oldest first."""
    with worker(database_url, data_dir) as installation:
        found = DeadLetters(installation).listing(limit, replayed_too=replayed)
    rows = [
        (d.log_name, str(d.log_offset), str(d.log_index), d.provider or "?", f"{d.received_at:%Y-%m-%d %H:%M:%S}",
         str(d.size), d.reason)
        for d in found
    ]  # fmt: skip
    table(["log", "offset", "index", "provider", "received (UTC)", "bytes", "reason"], rows, empty="No dead letter.")


@dead_letter.command("replay")
def replay_dead(
    place: Annotated[
        list[str] | None,
        typer.Argument(help="LOG:OFFSET:INDEX as `list` shows them; without any: all that were never read."),
    ] = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Read dead letters again, after the release that can."""
    places = [_place(text) for text in place] if place else None
    with worker(database_url, data_dir) as installation:
        result = DeadLetters(installation).replay(places)
    console.print(f"{result.done} recorded, {len(result.still_dead)} still unreadable")
    for where, reason in result.still_dead.items():
        console.print(f"  {where.log} offset {where.offset}: {reason}", markup=False)


@parked.command("list")
def list_parked(limit: Limit = 100, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Show parked reports, the oldest first."""
    with worker(database_url, data_dir) as installation:
        found = ParkedReports(installation, Attaching(installation)).listing(limit)
    rows = [
        (str(p.connection_id), p.provider, ", ".join(p.keys), f"{p.received_at:%Y-%m-%d %H:%M:%S}", str(p.tries),
         f"{p.next_try_at:%Y-%m-%d %H:%M:%S}")
        for p in found
    ]  # fmt: skip
    columns = ["connection", "provider", "names", "received (UTC)", "tries", "next try (UTC)"]
    table(columns, rows, empty="Nothing is parked.")


@parked.command("retry")
def retry_parked(database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Look for the attempts of the reports that are due."""
    with worker(database_url, data_dir) as installation:
        count = ParkedReports(installation, Attaching(installation)).attach_due()
    console.print(f"{count} attached")


def retention(database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Drop raw provider data and idempotency keys past their days. `consume` does so every hour."""
    with worker(database_url, data_dir) as installation:
        dropped = drop_old(installation.database, installation.clock, installation.settings.raw_days)
        dropped["idempotency keys"] = drop_expired(installation.database, installation.clock)
    for what, count in dropped.items():
        console.print(f"{count} {what} dropped")


def _place(text: str) -> Place:
    """`LOG:OFFSET:INDEX`; the log's name may hold colons itself."""
    try:
        log, offset, index = text.rsplit(":", 2)
        return Place(log, int(offset), int(index))
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not LOG:OFFSET:INDEX") from None
