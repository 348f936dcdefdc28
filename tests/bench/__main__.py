"""`make bench`: every figure as a table and a line of JSON; `make bench NAME=project` for some of them."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from adapters.database.embedded import EmbeddedServer
from tests.bench import (
    append,
    chain,
    ingest,
    ingest_memory,
    ingest_two,
    intake,
    lists,
    lists_http,
    live,
    memory,
    project,
    project_partitions,
    rebuild,
    replay,
    send_http,
)
from tests.bench.chart import chart
from tests.bench.measuring import Skipped, Told, console, durable_server

BENCHES: dict[str, Callable[[EmbeddedServer, int, int], Told]] = {
    "append-16": append.append,
    "append-slow-disk": append.append_slow_disk,
    "send-16": append.send,
    "send-http-16": send_http.run,
    "intake": intake.run,
    "intake-kafka": intake.run_kafka,
    "intake-hmac": intake.run_hmac,
    "intake-hmac-kafka": intake.run_hmac_kafka,
    "ingest-consumer": ingest.run,
    "ingest-consumer-kafka": ingest.run_kafka,
    "ingest-consumer-several": ingest.run_several,
    "ingest-consumer-two": ingest_two.run,
    "project": project.run,
    "project-partitions": project_partitions.run,
    "rebuild": rebuild.run,
    "replay": replay.run,
    "live": live.run,
    "live-webhooks": chain.run,
    "live-browser": live.run_browser,
    "lists": lists.run,
    "lists-http": lists_http.run,
    "memory": memory.run,
    "memory-partitions": memory.run_partitions,
    "memory-consumer": ingest_memory.run,
    "memory-rebuild": memory.run_rebuild,
    "memory-export": memory.run_export,
}


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"Some of: {', '.join(BENCHES)}.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; the median counts.")] = 3,
    size: Annotated[int, typer.Option(min=600, help="Events, webhooks or attempts.")] = 12_000,
    picture: Annotated[Path | None, typer.Option("--chart", help="Draw the figures into this file (SVG).")] = None,
) -> None:
    """Measure on a real, durable PostgreSQL of its own. Close other programs: only ratios within one run mean much."""
    chosen = names or list(BENCHES)
    if unknown := set(chosen) - BENCHES.keys():
        sys.exit(f"no bench {', '.join(sorted(unknown))}; there are: {', '.join(BENCHES)}")
    lines: list[str] = []
    with durable_server() as server:
        for name in chosen:
            try:
                figure = BENCHES[name](server, rounds, size)
            except Skipped as why:
                console.print(f"{name}: skipped, {why}")
                continue
            console.print(figure.table())
            lines.append(figure.line())
            typer.echo(lines[-1])
            if picture:
                picture.write_text(chart([json.loads(line) for line in lines]))


if __name__ == "__main__":
    typer.run(main)
