"""lists: how long the database takes for a page and for counts, for every filter and at every depth.

On a store of its own, or on the one of `make bench-data` that SENDTRAIL_BENCH_DATA names. Asked as the API asks: in its
role, under row-level security, one message a question, with what that adds; without HTTP, which `lists-http` measures.
"""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from rich.table import Table

from adapters.database.asking import Asker
from adapters.database.embedded import EmbeddedServer
from adapters.database.pool import connect, sync_pool
from projections.queries.asking import Ask
from tests.bench import data
from tests.bench.measuring import SETTINGS, console, database
from tests.bench.questions import Question, questions, span

LIMIT = 10.0
"""Milliseconds that 99 of 100 pages may take."""
PLAIN = "attempt: everything shown"
SHOWN = 15
Times = Mapping[str, list[float]]
"""Milliseconds, by question."""


class Latencies(NamedTuple):
    """All times of pages and of counts. Searches are told apart: no index holds every part of every text."""

    rows: int
    pages: Times
    counts: Times

    def line(self) -> str:
        worst = max(_most(times) for times in self._pages(words=False).values())
        searches = {name: _most(times) for name, times in self._pages(words=True).items()}
        told = {
            "name": "lists", "value": round(worst, 2), "unit": "ms, the slowest filter's p99 of a page", "limit": LIMIT,
            "ratio": round(worst / LIMIT, 3), "rows": self.rows,
            "times a plain page": round(self._slowest() / statistics.median(self.pages[PLAIN]), 1),
            "p50 of all": round(statistics.median(t for times in self._pages(words=False).values() for t in times), 2),
            "searches within the limit": f"{sum(most <= LIMIT for most in searches.values())} of {len(searches)}",
            "searches beyond it": {name: round(most, 1) for name, most in searches.items() if most > LIMIT},
            "counts, worst": round(max(_most(times) for times in self.counts.values()), 1),
        }  # fmt: skip
        return json.dumps(told)

    def table(self) -> Table:
        shown = Table(
            f"{self.rows:,} attempts", "least", "p50", "p99 ms", title="lists", title_justify="left", box=None
        )
        for what, by_name, most in (
            ("page", self._pages(words=False), SHOWN),
            ("search", self._pages(words=True), None),
            ("counts", self.counts, SHOWN),
        ):
            for name, times in sorted(by_name.items(), key=lambda item: -_most(item[1]))[:most]:
                figures = (min(times), statistics.median(times), _most(times))
                shown.add_row(f"{what}, {name}", *(f"{figure:,.2f}" for figure in figures))
        return shown

    def _slowest(self) -> float:
        """The median of the slowest filter: unlike a p99, other programs hardly change what it is to a plain page's."""
        return max(statistics.median(times) for times in self._pages(words=False).values())

    def _pages(self, *, words: bool) -> Times:
        return {name: times for name, times in self.pages.items() if (": q " in name) is words}


def _most(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


def run(server: EmbeddedServer, rounds: int, size: int) -> Latencies:
    """All questions in turn, `rounds` times three: a machine that slows down slows all of them."""
    with store(server, size) as (_, url, _):
        with connect(url, "sendtrail_worker") as worker:
            of = span(worker)
        asked = list(questions(of))
        pages: dict[str, list[float]] = defaultdict(list)
        counts: dict[str, list[float]] = defaultdict(list)
        with _asking(url, of.tenant) as milliseconds, console.status("lists") as status:
            for number in range(rounds * 3 + 1):
                for question in asked:
                    status.update(f"lists: round {number} of {rounds * 3}, {question.kind}, {question.name}")
                    took = milliseconds(question)
                    # The first round warms up: statements are prepared, what is asked for is in memory.
                    if number:
                        (pages if question.kind == "page" else counts)[question.name].append(took)
    return Latencies(of.rows, pages, counts)


@contextmanager
def _asking(url: str, tenant: UUID) -> Iterator[Callable[[Question], float]]:
    """What asks a question on one connection and says how long that took."""
    with asyncio.Runner() as runner, sync_pool(url, "sendtrail_api", max_size=1) as pool:
        asker = Asker(pool)
        ask: Ask = partial(asker.ask, tenant)
        yield lambda question: runner.run(_milliseconds(ask, question))
        asker.close()


async def _milliseconds(ask: Ask, question: Question) -> float:
    begun = time.perf_counter()
    await question.put(ask)
    return (time.perf_counter() - begun) * 1000


@contextmanager
def store(server: EmbeddedServer, size: int) -> Iterator[tuple[EmbeddedServer, str, Path]]:
    """A store's server, URL and folder: the one that is there, else a small one of `size` attempts."""
    if given := os.environ.get("SENDTRAIL_BENCH_DATA"):
        kept = EmbeddedServer(Path(given) / "postgres", SETTINGS | {"shared_buffers": "2GB"})
        kept.start()
        try:
            yield kept, kept.url(), Path(given)
        finally:
            kept.stop()
        return
    with database(server) as url, tempfile.TemporaryDirectory() as folder:
        data.fill(url, Path(folder), size, events=False)
        yield server, url, Path(folder)
