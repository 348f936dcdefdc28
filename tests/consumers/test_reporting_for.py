"""A connection that only reports: what it says is about another one's attempts, of the same tenant."""

from typing import Any
from uuid import UUID, uuid4

from adapters.webhook_log.frames import partition_of
from adapters.webhook_log.postgres import PARTITIONS
from domain.status import Status
from domain.values import Channel
from tests.adapters.providers.kit_standard_webhooks import event
from tests.consumers.hooks import Hooks, Sent, add_sendgrid


def reporting(world: Hooks, **settings: Any) -> UUID:
    return world.owner.connections.add(
        world.tenant, "reports", "standard_webhooks", Channel.EMAIL, world.clock(), settings=settings,
        secrets={"webhook_secret": "whsec_AAAA"}, default=False,
    ).id  # fmt: skip


def status(world: Hooks, sent: Sent) -> Status:
    return world.attempt(sent).outcome().status


def test_it_reaches_the_attempts_of_the_connection_that_it_names(world: Hooks) -> None:
    made = reporting(world, reports_for=str(world.connection), events="coo.arrived=delivered")
    by_message, by_attempt = world.sent(), world.sent()
    world.put(event("coo.arrived", message_id=by_message.message_id, attempt_id=None), connection=made)
    world.put(event("coo.arrived", message_id=None, attempt_id=by_attempt.attempt_id), connection=made)
    world.consume()
    assert (status(world, by_message), status(world, by_attempt)) == (Status.DELIVERED, Status.DELIVERED)


def test_without_a_name_or_with_another_tenants_it_reaches_nothing(world: Hooks) -> None:
    theirs = world.owner.tenants.add("theirs", world.clock()).id
    connection = add_sendgrid(world.owner, theirs)
    victim, own = world.sent(connection=connection, tenant=theirs), world.sent()
    for sent, settings in ((victim, {"reports_for": str(connection)}), (own, {}), (own, {"reports_for": "x"})):
        world.owner.connections.forget()
        made = world.owner.connections.add(
            world.tenant, f"reports {settings}", "standard_webhooks", Channel.EMAIL, world.clock(), settings=settings,
            secrets={}, default=False,
        ).id  # fmt: skip
        world.put(event("x.bounced", message_id=sent.message_id, attempt_id=sent.attempt_id), connection=made)
    world.consume()
    assert (status(world, victim), status(world, own)) == (Status.SENT, Status.SENT)
    assert world.count("work.parked_report") == 3


def test_naming_another_tenants_connection_reaches_nothing_while_that_one_reports_the_same_itself(world: Hooks) -> None:
    theirs = world.owner.tenants.add("theirs", world.clock()).id
    connection = add_sendgrid(world.owner, theirs)
    victim = world.sent(connection=connection, tenant=theirs)
    beside = next(made for made in iter(uuid4, None) if _partition(made) == _partition(connection))
    world.owner.connections.add(
        world.tenant, "reports", "standard_webhooks", Channel.EMAIL, world.clock(),
        settings={"reports_for": str(connection)}, secrets={}, default=False, connection_id=beside,
    )  # fmt: skip
    world.put([victim.event()], connection=connection)
    told = {"message_id": victim.message_id, "attempt_id": victim.attempt_id}
    world.put(event("x.complained", **told), connection=beside)
    assert world.consume() == 2
    assert (status(world, victim), world.reports(victim)) == (Status.DELIVERED, 1)
    assert world.count("work.parked_report") == 1


def _partition(connection: UUID) -> int:
    return partition_of(connection, PARTITIONS)
