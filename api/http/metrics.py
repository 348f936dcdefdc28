"""Figures for Prometheus, in its text format 0.0.4."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from threading import Lock

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds, upper ends."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
Sample = tuple[str, dict[str, str], float]
"""Name, labels, value."""


class Metrics:
    """Counts of one process. Routes are patterns, so the number of series stays small whatever is asked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._seconds: dict[str, list[int]] = defaultdict(lambda: [0] * (len(_BUCKETS) + 1))
        self._total: Counter[str] = Counter()
        self._sum: dict[str, float] = defaultdict(float)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        with self._lock:
            self._requests[method if method in _METHODS else "other", route, status] += 1
            self._seconds[route][bisect_left(_BUCKETS, seconds)] += 1
            self._total[route] += 1
            self._sum[route] += seconds

    def text(self, gauges: Iterable[Sample]) -> str:
        """Everything counted so far, and `gauges` as they are now."""
        with self._lock:
            lines = [*self._counts(), *self._durations()]
        kinds: set[str] = set()
        for name, labels, value in gauges:
            if name not in kinds:
                kinds.add(name)
                lines.append(f"# TYPE {name} gauge")
            lines.append(_line(name, labels, value))
        return "\n".join(lines) + "\n"

    def _counts(self) -> Iterator[str]:
        yield "# HELP sendtrail_http_requests_total Requests answered."
        yield "# TYPE sendtrail_http_requests_total counter"
        for (method, route, status), count in sorted(self._requests.items()):
            labels = {"method": method, "route": route, "status": str(status)}
            yield _line("sendtrail_http_requests_total", labels, count)

    def _durations(self) -> Iterator[str]:
        name = "sendtrail_http_request_seconds"
        yield f"# HELP {name} From the first byte to the end of the answer."
        yield f"# TYPE {name} histogram"
        for route, counts in sorted(self._seconds.items()):
            reached = 0
            for end, count in zip([*map(str, _BUCKETS), "+Inf"], counts, strict=True):
                reached += count
                yield _line(f"{name}_bucket", {"route": route, "le": end}, reached)
            yield _line(f"{name}_sum", {"route": route}, self._sum[route])
            yield _line(f"{name}_count", {"route": route}, self._total[route])


def _line(name: str, labels: dict[str, str], value: float) -> str:
    inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    number = int(value) if value == int(value) else value
    return f"{name}{{{inner}}} {number!r}" if inner else f"{name} {number!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
