"""Keys of many customers at once are the very keys that they have one by one."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.bootstrap import Installation
from adapters.database.prepared import Ask
from adapters.database.session import Write, asks, write
from adapters.keys.many import customer_keys
from adapters.keys.ring import CustomerKey
from tests.support.installation import START, TestClock, installed

TENANT, OTHER = uuid4(), uuid4()


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    with installed(database_url, tmp_path, "sendtrail_api", TestClock()) as found:
        yield found


def many(installation: Installation, *refs: str) -> dict[str, CustomerKey]:
    return installation.database.carry_out(customer_keys(installation.master, TENANT, refs, START), TENANT)


def test_they_are_found_and_made(api: Installation) -> None:
    known = api.keys.customer(TENANT, "customer:1", START)
    found = many(api, "customer:1", "customer:2", "customer:1")
    assert set(found) == {"customer:1", "customer:2"}
    assert found["customer:1"] == known
    assert api.keys.customer(TENANT, "customer:2", START) == found["customer:2"]
    assert many(api) == {}


def test_a_destroyed_key_is_not_given_out_again(api: Installation) -> None:
    before = many(api, "customer:1")["customer:1"]
    with api.database.transaction(TENANT) as connection:
        write(connection, [api.keys.destruction(api.keys.living(TENANT, "customer:1"), START)])
    assert many(api, "customer:1")["customer:1"].id != before.id


def test_another_tenants_customer_has_another_key(api: Installation) -> None:
    theirs = api.keys.customer(OTHER, "customer:1", START)
    assert many(api, "customer:1")["customer:1"].id != theirs.id


def test_made_at_once_in_any_order_they_are_the_same(api: Installation) -> None:
    """Opposite orders must not wait for each other."""
    refs = [f"customer:{n}" for n in range(200)]
    found: list[dict[str, CustomerKey]] = []
    orders = [refs, refs[::-1]] * 3
    gate = threading.Barrier(len(orders))

    def run(order: list[str]) -> None:
        gate.wait()
        found.append(many(api, *order))

    threads = [threading.Thread(target=run, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(orders)
    assert all(one == found[0] for one in found)


def test_they_are_made_in_one_order(api: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test above needs, and only sometimes sees when it is missing."""
    made: list[str] = []

    def noted(writes: Sequence[Write]) -> list[Ask]:
        made.extend(row[2] for one in writes for row in one.rows)
        return asks(writes)

    monkeypatch.setattr("adapters.keys.many.asks", noted)
    many(api, "customer:3", "customer:1", "customer:2")
    assert made == ["customer:1", "customer:2", "customer:3"]
