"""What the consumer drops between polls."""

from datetime import timedelta

from adapters.idempotency import KEPT
from consumers.attaching import Attaching
from consumers.chores import DROP_EVERY, Chores
from tests.consumers.hooks import Hooks


def claim(world: Hooks, key: str, age: timedelta) -> None:
    with world.worker.database.transaction() as connection:
        connection.execute(
            "INSERT INTO work.idempotency (tenant_id, key, request_hash, created_at) VALUES (%s, %s, 'x', %s)",
            (world.tenant, key, world.clock() - age),
        )


def test_idempotency_keys_go_after_their_days(world: Hooks) -> None:
    claim(world, "old", KEPT)
    claim(world, "young", KEPT - timedelta(minutes=30))
    chores = Chores(world.worker, Attaching(world.worker))
    chores.do()
    assert world.count("work.idempotency") == 1
    world.clock.forward(seconds=DROP_EVERY.total_seconds())
    chores.do()
    assert world.count("work.idempotency") == 0
