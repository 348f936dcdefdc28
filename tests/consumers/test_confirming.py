"""A provider that asks whether it may call: answered after the log has it, again until it is taken, never twice."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from consumers.confirming import LONGEST_WAIT, Confirming
from domain.values import Channel
from tests.adapters.providers.kit_ses import CERTIFICATE, SUBSCRIBE_URL, TOPIC, confirmation, sign, sns
from tests.consumers.hooks import Hooks


class Amazon:
    """Stands in for Amazon's host, which is the only one that may be called."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: list[int | Exception] = []
        self.http = httpx.Client(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, headers={"Location": "https://evil.example/"})


@pytest.fixture
def amazon() -> Iterator[Amazon]:
    made = Amazon()
    yield made
    made.http.close()


def ses(world: Hooks) -> UUID:
    settings = {"topic_arn": TOPIC, "region": "eu-central-1", "access_key_id": "A", "from_email": "a@b.example"}
    secrets = {"certificate": CERTIFICATE, "secret_access_key": "s"}
    return world.owner.connections.add(
        world.tenant, "ses", "ses", Channel.EMAIL, world.clock(), settings=settings, secrets=secrets, default=False
    ).id


def put(world: Hooks, connection: UUID, *envelopes: dict[str, Any]) -> None:
    for envelope in envelopes:
        world.put(json.dumps(sign(envelope)).encode(), connection=connection)
    world.consume()


def rows(world: Hooks) -> list[tuple[Any, ...]]:
    return world.rows("SELECT tries, confirmed_at IS NOT NULL, next_try_at IS NOT NULL FROM work.confirmation")


def test_it_is_confirmed_once(world: Hooks, amazon: Amazon) -> None:
    put(world, ses(world), confirmation())
    confirming = Confirming(world.worker, amazon.http)
    assert confirming.confirm_due()
    assert not confirming.confirm_due()
    assert [httpx.URL(url) for url in amazon.asked] == [httpx.URL(SUBSCRIBE_URL)]
    assert rows(world) == [(1, True, False)]
    assert world.count("work.parked_report") == 0
    assert world.count("work.provider_event") == 1


def test_it_is_tried_again_until_it_is_taken(world: Hooks, amazon: Amazon) -> None:
    amazon.answers = [500, httpx.ConnectError("no"), 302, 403]
    put(world, ses(world), confirmation())
    confirming = Confirming(world.worker, amazon.http)
    for tried in range(1, 5):
        assert confirming.confirm_due()
        assert rows(world) == [(tried, False, True)]
        assert not confirming.confirm_due()
        world.clock.forward(hours=1)
    assert confirming.confirm_due()
    assert rows(world) == [(5, True, False)]
    assert {httpx.URL(url).host for url in amazon.asked} == {"sns.eu-central-1.amazonaws.com"}


def test_it_is_given_up_when_sns_has_forgotten(world: Hooks, amazon: Amazon) -> None:
    amazon.answers = [500] * 10
    put(world, ses(world), confirmation())
    world.clock.now += LONGEST_WAIT
    confirming = Confirming(world.worker, amazon.http)
    assert confirming.confirm_due()
    assert rows(world) == [(1, False, False)]


def test_nothing_else_is_called(world: Hooks, amazon: Amazon) -> None:
    made = ses(world)
    put(world, made, sns("{}"), sns("bye", "UnsubscribeConfirmation", Token="t", SubscribeURL=SUBSCRIBE_URL))
    put(world, made, confirmation(SubscribeURL="https://evil.example/?Action=ConfirmSubscription"))
    world.put([{"event": "delivered"}])
    world.consume()
    assert not Confirming(world.worker, amazon.http).confirm_due()
    assert (amazon.asked, rows(world)) == ([], [])


def test_not_for_a_connection_that_is_disabled(world: Hooks, amazon: Amazon) -> None:
    made = ses(world)
    put(world, made, confirmation())
    world.owner.connections.disable(made, world.clock())
    world.worker.connections.forget()
    assert Confirming(world.worker, amazon.http).confirm_due()
    assert amazon.asked == []


def test_what_is_old_is_dropped(world: Hooks, amazon: Amazon) -> None:
    put(world, ses(world), confirmation())
    Confirming(world.worker, amazon.http).confirm_due()
    world.clock.forward(days=63)
    assert Confirming(world.worker, amazon.http).drop_old() == 1
    assert rows(world) == []


def test_the_token_is_sealed(world: Hooks) -> None:
    put(world, ses(world), confirmation())
    ((url,),) = world.rows("SELECT url FROM work.confirmation")
    assert b"Token" not in url
