"""The figures of one run as a picture: what each path does as a share of what the same machine can do at all.

Two panels of bars: a second's work (longer is better), and times and memory (shorter is better). The thin line is the
raw limit, or the bound; a notch is the aim. What misses its aim is yellow.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

WIDTH, LEFT, BAR, ROW = 1040, 370, 340, 30
FULL = 1.25
"""The share that a bar of the whole width shows."""
STYLE = """
text { font: 14px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; fill: #24292f }
.head { font-size: 16px; font-weight: 600 } .soft { fill: #656d76; font-size: 12.5px }
.track { fill: #f0f2f4 } .reached { fill: #2da44e } .missed { fill: #d4a72c } .aim { fill: #24292f }
.limit { fill: #8c959f }
"""
Told = Mapping[str, Any]
"""The JSON line of a bench."""


class Work(NamedTuple):
    """`aim`: the least share of what it is held `against`."""

    what: str
    against: str
    aim: float


WORKS = {
    "append-16": Work("appends by 16 clients", "raw one-row commits", 0.8),
    "intake": Work("signed webhooks over HTTP", "verify and answer only", 0.7),
    "intake-kafka": Work("the same, kept in Kafka", "verify and answer only", 0.7),
    "ingest-consumer": Work("webhooks to events", "raw batched rows", 0.25),
    "ingest-consumer-kafka": Work("the same, from Kafka", "raw batched rows", 0.2),
    "project": Work("events to read models", "one SQL statement set", 0.8),
    "project-partitions": Work("the same, a backlog in two parts", "one SQL statement set", 0.8),
    "rebuild": Work("events to new read models", "one SQL statement set", 1.2),
    "replay": Work("audit stream, decoded", "an undecoded cursor", 0.5),
    "lists-http": Work("list pages over HTTP", "pgbench, the query alone", 0.3),
}
BOUNDED = {
    "live": ("commit to a client of the stream", "{value:.0f} of {limit:.0f} ms, p99"),
    "live-browser": ("commit to a page in a browser", "{value:.0f} of {limit:,.0f} ms, p99"),
    "live-webhooks": ("webhook to a client of the stream", "{value:.0f} of {limit:,.0f} ms, p99"),
    "lists": ("a list page, the slowest filter", "{value:.1f} of {limit:.0f} ms, p99, {rows:,} attempts"),
    "memory": ("memory of the projector", "{value:.0f} of {limit:.0f} MB"),
    "memory-partitions": ("memory of a projector in parts, each", "{value:.0f} of {limit:.0f} MB"),
    "memory-consumer": ("memory of the consumer", "{value:.0f} of {limit:.0f} MB"),
    "memory-rebuild": ("memory of a rebuild, a process", "{value:.0f} of {limit:.0f} MB"),
    "memory-export": ("memory of the audit export", "{value:.0f} of {limit:.0f} MB"),
}


class Bar(NamedTuple):
    """`share` and `aim` of the limit; `rate` stands before the bar, `said` behind it."""

    what: str
    rate: str
    share: float
    aim: float
    reached: bool
    said: str


def chart(lines: Sequence[Told]) -> str:
    """SVG. Benches that belong in neither panel are left out."""
    works = [_work(WORKS[told["name"]], told) for told in lines if told["name"] in WORKS]
    bounded = [_bounded(*BOUNDED[told["name"]], told) for told in lines if told["name"] in BOUNDED]
    panels = {
        "A second's work, as a share of the raw limit": works,
        "Times and memory, as a share of their bound": bounded,
    }
    parts, y = [], 0
    for title, bars in panels.items():
        if bars:
            parts.append(_panel(y, title, bars))
            y += 70 + ROW * len(bars)
    size = f'viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}"'
    frame = f'<rect width="{WIDTH}" height="{y}" rx="10" fill="#ffffff"/>'
    return "\n".join(
        (f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', f"<style>{STYLE}</style>", frame, *parts, "</svg>\n")
    )


def _work(work: Work, told: Told) -> Bar:
    ratio = float(told["ratio"])
    library = next((times for other, times in told["times"].items() if other.startswith("eventsourcing")), None)
    said = f"{ratio:.2f} of {work.against}" + (f", {library:.0f} x the library" if library else "")
    return Bar(work.what, f"{told['value']:,} a second", ratio, work.aim, ratio >= work.aim, said)


def _bounded(what: str, said: str, told: Told) -> Bar:
    share = float(told["value"]) / float(told["limit"])
    return Bar(what, "", share, 1, share <= 1, said.format(**told))


def _panel(y: int, title: str, bars: Sequence[Bar]) -> str:
    top = y + 50
    limit = f'<rect class="limit" x="{_x(1):.0f}" y="{top}" width="1" height="{ROW * len(bars)}"/>'
    drawn = (_bar(top + ROW * number, bar) for number, bar in enumerate(bars))
    return "\n".join((f'<text class="head" x="20" y="{y + 34}">{escape(title)}</text>', limit, *drawn))


def _bar(y: int, bar: Bar) -> str:
    text, box = y + 20, f'y="{y + 7}" height="16" rx="3"'
    kind = "reached" if bar.reached else "missed"
    return "\n".join(
        (
            f'<text x="20" y="{text}">{escape(bar.what)}</text>',
            f'<text class="soft" x="{LEFT - 10}" y="{text}" text-anchor="end">{escape(bar.rate)}</text>',
            f'<rect class="track" x="{LEFT}" {box} width="{BAR}"/>',
            f'<rect class="{kind}" x="{LEFT}" {box} width="{_x(bar.share) - LEFT:.0f}"/>',
            f'<rect class="aim" x="{_x(bar.aim):.0f}" y="{y + 4}" width="2" height="22"/>',
            f'<text class="soft" x="{LEFT + BAR + 12}" y="{text}">{escape(bar.said)}</text>',
        )
    )


def _x(share: float) -> float:
    """Never outside the track."""
    return LEFT + BAR * min(share / FULL, 1)
