"""The picture of a run's figures."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.bench.chart import BAR, BOUNDED, FULL, WORKS, chart


def drawn(told: dict[str, Any]) -> dict[str, float]:
    """Widths of the rectangles by their class."""
    found = ET.fromstring(chart([told]))
    return {box.get("class", ""): float(box.get("width", "0")) for box in found if box.tag.endswith("rect")}


@pytest.mark.parametrize("name", sorted(WORKS))
def test_a_ratio_below_its_aim_is_told_apart(name: str) -> None:
    aim = WORKS[name].aim
    told = {"name": name, "value": 17_287, "limit": 21_192, "times": {"eventsourcing's own recorder": 15.7}}
    assert "reached" in drawn(told | {"ratio": aim})
    assert drawn(told | {"ratio": aim - 0.1})["missed"] == pytest.approx(BAR * (aim - 0.1) / FULL, abs=1)


@pytest.mark.parametrize("name", sorted(BOUNDED))
def test_what_exceeds_its_bound_is_told_apart_and_stays_on_its_track(name: str) -> None:
    told = {"name": name, "limit": 25, "rows": 9_760_000}
    assert "reached" in drawn(told | {"value": 25})
    assert drawn(told | {"value": 2500})["missed"] == BAR


def test_the_library_is_named_where_it_took_part() -> None:
    told = {"name": "append-16", "value": 1, "limit": 1, "ratio": 1, "times": {"eventsourcing's own recorder": 15.7}}
    assert "16 x the library" in chart([told])
    assert "the library" not in chart([told | {"times": {}}])


def test_a_bench_that_belongs_nowhere_draws_nothing() -> None:
    assert "track" not in "".join(drawn({"name": "send-16"}))
