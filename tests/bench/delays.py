"""Delays from one moment to another, in milliseconds, and how they are printed."""

import json
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.table import Table


class Delays(NamedTuple):
    """`stages`: for each, the delays of each round. The last is held against `limit`, by its 99th percentile."""

    name: str
    stages: Mapping[str, list[Sequence[float]]]
    limit: float

    def line(self) -> str:
        last = list(self.stages)[-1]
        told = {
            "name": self.name, "value": self._at(last, 99), "unit": "ms p99", "limit": self.limit,
            "ratio": round(self.limit / max(self._at(last, 99), 0.001), 3), "runs": len(self.stages[last]),
            "median of": "rounds", "p50": {s: self._at(s, 50) for s in self.stages},
            "p99": {s: self._at(s, 99) for s in self.stages},
        }  # fmt: skip
        return json.dumps(told)

    def table(self) -> Table:
        shown = Table("", "ms p50", "p99", "worst", title=self.name, title_justify="left", box=None)
        for name in self.stages:
            worst = max(max(found) for found in self.stages[name])
            shown.add_row(name, f"{self._at(name, 50):.1f}", f"{self._at(name, 99):.1f}", f"{worst:.1f}")
        return shown

    def _at(self, stage: str, percent: int) -> float:
        """The percentile's median over the rounds."""
        return round(statistics.median(percentile(found, percent) for found in self.stages[stage]), 1)


def percentile(found: Sequence[float], percent: int) -> float:
    return sorted(found)[min(len(found) * percent // 100, len(found) - 1)]
