"""How a rebuild goes on: a bar on a terminal, a plain line now and then where a program or a log reads."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from api.cli.output import console
from consumers.rebuild.audience import Audience
from consumers.rebuild.plan import Progress as Built

EVERY = 5.0
"""Seconds between plain lines."""


class Rate:
    """Of what this run has done; what a run before it did took none of our time."""

    def __init__(self) -> None:
        self._begun: tuple[float, Built] | None = None

    def say(self, built: Built) -> str:
        now = time.monotonic()
        if self._begun is None:
            self._begun = now, built
        since, first = self._begun
        events = built.events - first.events
        return f"{events / (now - since):,.0f} events/s" if events else "begins"


class Bar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._rate = Rate()
        self._task = progress.add_task("building", total=None, says="")

    def says(self, line: str) -> None:
        self._progress.console.print(line, markup=False)

    def shows(self, progress: Built) -> None:
        says = self._rate.say(progress) if progress.done < progress.jobs - progress.indexes else _indexes(progress)
        self._progress.update(self._task, total=progress.jobs, completed=progress.done, says=says)


class Lines:
    def __init__(self) -> None:
        self._rate = Rate()
        self._said_at = time.monotonic()

    def says(self, line: str) -> None:
        console.print(line, markup=False)

    def shows(self, progress: Built) -> None:
        rate = self._rate.say(progress)
        if time.monotonic() - self._said_at >= EVERY:
            self._said_at = time.monotonic()
            share = 100 * progress.done // max(progress.jobs, 1)
            console.print(f"{share} % built, {progress.events:,} events, {rate}, {_indexes(progress)}")


@contextmanager
def shown_progress() -> Iterator[Audience]:
    if not console.is_terminal:
        yield Lines()
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[says]}"),
        TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console) as progress:
        yield Bar(progress)


def _indexes(progress: Built) -> str:
    return f"{progress.indexes_done} of {progress.indexes} indexes"
