"""Figures for Prometheus, in its text format 0.0.4."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds, upper ends."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
Sample = tuple[str, dict[str, str], float]
"""Name, labels, value."""


class _Counted:
    """Requests of one kind: how many in each bucket and above the last, and their seconds together."""

    def __init__(self) -> None:
        self.buckets = [0] * (len(_BUCKETS) + 1)
        self.seconds = 0.0


class Metrics:
    """Counts of one process. Routes are patterns, so the number of series stays small whatever is asked for.

    Counted in one event loop, read in any thread.
    """

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str, int], _Counted] = {}

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        kind = (method if method in _METHODS else "other", route, status)
        counted = self._counted.get(kind)
        if counted is None:
            counted = self._counted[kind] = _Counted()
        counted.buckets[bisect_left(_BUCKETS, seconds)] += 1
        counted.seconds += seconds

    def text(self, gauges: Iterable[Sample]) -> str:
        """Everything counted so far, and `gauges` as they are now."""
        counted = sorted(self._counted.copy().items())
        lines = [*_counts(counted), *_durations(counted)]
        kinds: set[str] = set()
        for name, labels, value in gauges:
            if name not in kinds:
                kinds.add(name)
                lines.append(f"# TYPE {name} gauge")
            lines.append(_line(name, labels, value))
        return "\n".join(lines) + "\n"


def _counts(found: Iterable[tuple[tuple[str, str, int], _Counted]]) -> Iterator[str]:
    yield "# HELP sendtrail_http_requests_total Requests answered."
    yield "# TYPE sendtrail_http_requests_total counter"
    for (method, route, status), counted in found:
        labels = {"method": method, "route": route, "status": str(status)}
        yield _line("sendtrail_http_requests_total", labels, sum(counted.buckets))


def _durations(found: Iterable[tuple[tuple[str, str, int], _Counted]]) -> Iterator[str]:
    name = "sendtrail_http_request_seconds"
    yield f"# HELP {name} From the first byte to the end of the answer."
    yield f"# TYPE {name} histogram"
    routes = defaultdict[str, list[_Counted]](list)
    for (_, route, _), counted in found:
        routes[route].append(counted)
    for route, all_counted in sorted(routes.items()):
        reached = 0
        columns = zip(*(counted.buckets for counted in all_counted), strict=True)
        for end, counts in zip([*map(str, _BUCKETS), "+Inf"], columns, strict=True):
            reached += sum(counts)
            yield _line(f"{name}_bucket", {"route": route, "le": end}, reached)
        yield _line(f"{name}_sum", {"route": route}, sum(counted.seconds for counted in all_counted))
        yield _line(f"{name}_count", {"route": route}, reached)


def _line(name: str, labels: dict[str, str], value: float) -> str:
    inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    number = int(value) if value == int(value) else value
    return f"{name}{{{inner}}} {number!r}" if inner else f"{name} {number!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
