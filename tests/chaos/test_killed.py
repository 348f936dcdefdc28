"""kill -9 of every process in mid-work, and restarts of what they stand on: nothing is lost, nothing happens twice."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from adapters.database.embedded import EmbeddedServer
from adapters.simulator.config import Config
from tests.support.eventually import eventually
from tests.support.kafka_broker import KafkaBroker
from tests.support.story import order, upload_invoice
from tests.support.system import System, system

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
INVOICES = 40
PACE = Config(delay=0.05, batch_wait=0.05, hang=2.0, retries=(0.2,) * 100)


@pytest.fixture
def running(database_url: str, tmp_path: Path) -> Iterator[System]:
    with system(database_url, tmp_path, config=PACE) as found:
        yield found


def ask_for_many(running: System, count: int = INVOICES) -> list[str]:
    """Sends by e-mail, whose provider calls back again and again while nobody answers; returns the attempts' ids."""
    for n in range(count):
        upload_invoice(running, str(n))
    items = [order(str(n), f"ap{n}@payer.example") for n in range(count)]
    outcomes = running.call("POST", "/v1/attempts:bulk", json={"items": items})["data"]
    assert [o["outcome"] for o in outcomes] == ["accepted"] * count
    return [o["attempt"]["id"] for o in outcomes]


def settled(running: System, ids: list[str]) -> Counter[str]:
    """The number of attempts per status, once none is on its way any more."""

    def look() -> Counter[str] | None:
        listed = running.read("/v1/attempts", limit=200) or {"data": []}
        found = {a["id"]: a["status"] for a in listed["data"]}
        open_ones = [i for i in ids if found.get(i) not in ("delivered", "unknown")]
        return None if open_ones else Counter(found[i] for i in ids)

    return eventually(look, within=240)


def taken(running: System) -> Counter[str]:
    """How often the provider took a message for each address."""
    listed = httpx.get(f"{running.simulator}/_control/messages", params={"limit": 1000}).json()["messages"]
    return Counter(m["address"] for m in listed if m["taken"])


def recorded_twice(database_url: str) -> int:
    """Reports that stand in the store more than once."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT count(*) - count(DISTINCT state -> 'report' ->> 'report_id') FROM events.history"
            " WHERE topic = 'InvoiceCommunication.StatusReported'"
        ).fetchone()
    return int(row[0]) if row else -1


@pytest.mark.parametrize("victim", ["consume", "project", "serve"])
def test_killed_in_mid_work(running: System, database_url: str, victim: str) -> None:
    ids = ask_for_many(running)
    for _ in range(3):
        running.kill(victim)
        eventually(lambda: running.child(victim), within=30)
    assert settled(running, ids) == Counter({"delivered": INVOICES})
    assert taken(running) == Counter({f"ap{n}@payer.example": 1 for n in range(INVOICES)})
    assert recorded_twice(database_url) == 0


def test_a_killed_dispatcher_never_sends_twice(running: System) -> None:
    ids = ask_for_many(running)
    eventually(lambda: len(taken(running)) > 3, within=30)
    running.kill("dispatch")
    eventually(lambda: running.child("dispatch"), within=30)
    running.pass_time(minutes=4)
    after = settled(running, ids)
    sent = taken(running)
    assert max(sent.values()) == 1
    assert after["delivered"] == len(sent)
    assert after["unknown"] == INVOICES - len(sent)


def test_postgresql_killed_and_started_again(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "postgres")
    url = server.start()
    try:
        with system(url, tmp_path, config=PACE) as running:
            ids = ask_for_many(running)
            psutil.Process(server.pid()).kill()
            eventually(lambda: not server.is_running())
            server.start()
            running.pass_time(minutes=4)
            assert settled(running, ids)["delivered"] + 8 >= INVOICES
            assert max(taken(running).values()) == 1
            assert recorded_twice(url) == 0
    finally:
        server.stop()


@pytest.mark.real_kafka
def test_kafka_killed_and_started_again(database_url: str, tmp_path: Path, kafka_broker: KafkaBroker) -> None:
    with system(database_url, tmp_path, kafka_broker.bootstrap, PACE) as running:
        ids = ask_for_many(running)
        eventually(lambda: len(taken(running)) > 3, within=30)
        kafka_broker.kill()
        kafka_broker.restart()
        assert settled(running, ids) == Counter({"delivered": INVOICES})
        assert recorded_twice(database_url) == 0
