"""Our side and the simulator's, each written from the protocol alone, over real HTTP: what e-mail providers share."""

from collections.abc import Iterator

import httpx
import pytest

from adapters.providers.port import Connection, Outgoing, OutgoingRecipient, ProviderReport, RawRequest, Taken
from adapters.providers.registry import provider
from adapters.simulator.server import Running
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, NOON
from tests.adapters.simulator.lab import Lab, laboratory, receiving, simulating

Said = set[tuple[Status, str | None]]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Running]:
    with simulating() as running:
        yield running


@pytest.fixture
def lab(simulator: Running) -> Iterator[Lab]:
    with receiving() as receiver, laboratory(simulator, receiver) as found:
        yield found


def outgoing(*names: str, number: int = 1) -> Outgoing:
    people = [OutgoingRecipient(n, f"{name}@payer.example") for n, name in enumerate(names, number)]
    return Outgoing(attempt_id=ATTEMPT, number=1, recipients=people, subject="I-7", text="Please pay.")


def sent(name: str, at: Connection, client: httpx.Client) -> str:
    """The message id that the provider gave."""
    answer = provider(at.provider).send(outgoing(name), at, client)
    assert isinstance(answer, Taken)
    return answer.messages[0].message_id


def heard(lab: Lab, at: Connection, count: int) -> list[ProviderReport]:
    """What came back: verified, read, one of each event id."""
    chosen = provider(at.provider)
    found: dict[str, ProviderReport] = {}
    for webhook in lab.receiver.wait(count):
        request = RawRequest(lab.receiver.url + webhook.path, webhook.headers, webhook.body, NOON)
        chosen.verify(request, at)
        found |= {r.event_id: r for r in chosen.reports(request)}
    return list(found.values())


def counting(found: list[ProviderReport]) -> Said:
    return {(r.status, r.reason) for r in found if r.status and not r.ignored}
