"""sendtrail audit: the whole history, as it was recorded, for whoever has to check it."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO
from uuid import UUID

import msgspec
import typer
from psycopg import Connection
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from adapters.bootstrap import install
from adapters.database.pool import connect
from adapters.store.reader import Row, settled_head
from adapters.store.replay import stored
from api.cli.options import DatabaseUrl, DataDir, located, settings

audit = typer.Typer(help="The history as it was recorded.", no_args_is_help=True)
EVERY = 1000
"""Events between two looks at the bar."""


class Line(msgspec.Struct):
    """One event. `state` as it lies in the store, where personal values are sealed."""

    position: int
    tenant_id: UUID
    aggregate_id: UUID
    version: int
    topic: str
    state: msgspec.Raw


@audit.command("export")
def export(
    tenant_name: Annotated[str | None, typer.Option("--tenant", help="Only this tenant's, by name or id.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Only events after this position.")] = 0,
    output: Annotated[
        Path | None, typer.Option(help="A file to write, which must not exist yet.", show_default="standard output")
    ] = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Write all events that are recorded by now, in their order: one JSON object a line.

    None is left out that a slower writer has yet to commit: those are waited for. Personal values stay sealed.
    """
    found = located(settings(database_url=database_url, data_dir=data_dir))
    with install(found, "sendtrail_worker", pool_size=2) as installation:
        tenant = installation.tenants.named(tenant_name).id if tenant_name else None
    with connect(found.database_url, "sendtrail_worker", autocommit=True) as connection:
        until = settled_head(connection)
        if output is None:
            count = _write(sys.stdout.buffer, stored(connection, until, after=after, tenant=tenant))
        else:
            count = _write_file(output, connection, until, after, tenant)
    typer.echo(f"{count:,} events, up to position {until}", err=True)


def _write_file(output: Path, connection: "Connection[Any]", until: int, after: int, tenant: UUID | None) -> int:
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with output.open("xb") as file, Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(output.name, total=until - after)

        def counted(events: Iterable[Row]) -> Iterator[Row]:
            for number, event in enumerate(events):
                if number % EVERY == 0:
                    progress.update(task, completed=event[0] - after)
                yield event
            progress.update(task, completed=until - after)

        return _write(file, counted(stored(connection, until, after=after, tenant=tenant)))


def _write(file: BinaryIO, events: Iterable[Row]) -> int:
    encode, count = msgspec.json.Encoder().encode, 0
    for position, tenant, aggregate, version, topic, state in events:
        file.write(encode(Line(position, tenant, aggregate, version, topic, msgspec.Raw(state))) + b"\n")
        count += 1
    file.flush()
    return count
