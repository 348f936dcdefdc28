"""What a bench says of processor time is what was taken meanwhile, and by whom."""

import json
import math
import time

from adapters.database.pool import connect
from tests.bench.measuring import Figure, durable_server
from tests.bench.spending import Each, Rate, Spending


def busy(seconds: float) -> None:
    """So much of this thread's processor time."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        math.factorial(500)


def test_each_is_told_what_it_took() -> None:
    with durable_server() as server:
        with Spending(server) as ours:
            busy(0.3)
        with Spending(server) as theirs, connect(server.url("postgres", "postgres")) as connection:
            connection.execute("SELECT sum(sqrt(n)) FROM generate_series(1, 3000000) AS n")
    assert ours.rate(10).each.python >= 29_000
    assert theirs.rate(10).each.postgresql > theirs.rate(10).each.python


def test_the_median_stands_beside_the_rates() -> None:
    ours: list[float] = [Rate.of(2, 1.0, Each(s, 1.0)) for s in (1.0, 4.0, 2.0)]
    figure = Figure("x", "things/s", {"ours": ours, "raw": [4.0]}, "raw")
    told = json.loads(figure.line())
    assert (told["ratio"], told["processor us"]) == (0.5, {"python": 1e6, "postgresql": 5e5})
    assert figure.each("raw") is None
