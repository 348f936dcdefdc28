"""sendtrail projection: how far the read models are behind, and building them anew."""

import os
from enum import Enum
from typing import Annotated

import typer

from adapters.bootstrap import install
from api.cli.options import DatabaseUrl, DataDir, located, settings
from api.cli.output import console, table
from api.cli.progress import shown_progress
from consumers.projecting import NAMES
from consumers.projector import Projector
from consumers.rebuild.comparing import Compared, Difference
from consumers.rebuild.rebuilding import Rebuilding

projection = typer.Typer(help="Read models: how far behind they are; build them anew.", no_args_is_help=True)
Name = Enum("Name", {name: name for name in NAMES}, type=str)  # type: ignore[misc]
CORES = os.cpu_count() or 1


@projection.command("status")
def status(database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Show how far each projection is behind the last event."""
    with install(located(settings(database_url=database_url, data_dir=data_dir)), "sendtrail_worker") as installation:
        projector = Projector(installation.database, installation.keys)
        found, parts = projector.lag(), projector.parts()
    rows = [(lag.projection, str(lag.position), str(lag.head), str(lag.behind)) for lag in found]
    table(["projection", "position", "last event", "behind"], rows, empty="no projection yet")
    if parts:
        at = ", ".join(str(one.position) for one in parts)
        console.print(f"catching up to {parts[0].part.until} in {len(parts)} parts, which are at {at}")


@projection.command("rebuild")
def rebuild(
    name: Annotated[Name | None, typer.Argument(help="One projection.", show_default="all of them")] = None,
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that build.", show_default="one a core")
    ] = CORES,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Compare the live tables with what the events say, row for row, and leave them as they are. "
            "Exit status 1 where they differ.",
        ),
    ] = False,
    swap: Annotated[bool, typer.Option("--swap", help="With --verify: then exchange the tables all the same.")] = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Build read models anew from all events, and exchange them when they have caught up.

    Everything goes on meanwhile, and readers never see a table that is not whole. It needs as much disk again as the
    read models take. When it was killed, or the disk was full, the same command goes on from there.
    """
    if swap and not verify:
        raise typer.BadParameter("without --verify the tables are exchanged anyway", param_hint="--swap")
    found = located(settings(database_url=database_url, data_dir=data_dir))
    with install(found, "sendtrail_owner", pool_size=4) as installation, shown_progress() as audience:
        chosen = [name.value] if name else []
        rebuilding = Rebuilding(installation, chosen, processes=processes, audience=audience)
        compared = rebuilding.verify(swap=swap) if verify else None
        position = None if verify else rebuilding.rebuild()
    if compared:
        _report(compared, swapped=swap)
    else:
        console.print(f"exchanged: the read models stand at {position}")


def _report(compared: Compared, *, swapped: bool) -> None:
    """Raises typer.Exit with 1 where anything differs."""
    rows = [(d.table, *(f"{n:,}" for n in (d.rows, d.lacking, d.too_many, d.differing))) for d in compared.differences]
    columns = ["table", "rows by the events", "lacking", "too many", "different"]
    table(columns, rows, empty="nothing to compare")
    for difference in compared.differences:
        _name_some(difference)
    if compared.left_out:
        console.print(f"{compared.left_out} communications of customers erased this moment were left out")
    said = "the live tables are" if not swapped else "the live tables, exchanged now, were"
    how = "the same, row for row," if compared.same else "not what the events say"
    console.print(f"{said} {how} at position {compared.position}")
    if not compared.same:
        raise typer.Exit(1)


def _name_some(difference: Difference) -> None:
    for odd in difference.first:
        columns = f" in {', '.join(odd.columns)}" if odd.columns else ""
        console.print(f"  {difference.table} {' '.join(odd.key)} {odd.how}{columns}", markup=False)
