"""Our side of the e-invoicing network and the simulator's, each written from the protocols alone, over real HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from adapters.providers.port import (
    Connection,
    Lookup,
    ProviderReport,
    RawRequest,
    Refused,
    Taken,
    TryLater,
    Unknown,
)
from adapters.providers.registry import provider
from adapters.simulator.server import Running
from domain.reports import BuyerResponse
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, TOKEN
from tests.adapters.providers.kit_network import outgoing, phoss_ap, recommand, storecove, ubl
from tests.adapters.providers.kit_peppol import invoice
from tests.adapters.simulator.lab import NOON, PATIENCE, Lab, laboratory, receiving, simulating
from tests.support.eventually import eventually

NAMES = ("storecove", "recommand", "phoss_ap")
EVERY = pytest.mark.parametrize("name", NAMES)
ACCOUNTS = {
    "storecove": {"key": "key-1"},
    "recommand": {"key": "key_1", "token": "secret_1"},
    "phoss_ap": {"key": "token-1"},
}
Told = tuple[Status | None, str | None, BuyerResponse | None]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Running]:
    with simulating() as running:
        yield running


@pytest.fixture
def lab(simulator: Running) -> Iterator[Lab]:
    with receiving() as receiver, laboratory(simulator, receiver) as found:
        for name, account in ACCOUNTS.items():
            url = f"{receiver.url}/{name}?secret={TOKEN}"
            found.control("POST", "/accounts", {"provider": name, "webhook_url": url} | account)
        yield found


def at(name: str, lab: Lab) -> Connection:
    return {"storecove": storecove, "recommand": recommand, "phoss_ap": phoss_ap}[name](lab.url)


def send(name: str, digits: str, lab: Lab, client: httpx.Client) -> object:
    document = ubl(invoice(buyer=f"0208:012345{digits}"))
    return provider(name).send(outgoing(document, to=None), at(name, lab), client)


def heard(name: str, lab: Lab) -> list[ProviderReport]:
    """What the simulator called back so far: verified, read, one of each event id."""
    found: dict[str, ProviderReport] = {}
    for webhook in list(lab.receiver.got):
        request = RawRequest(lab.receiver.url + webhook.path, webhook.headers, webhook.body, NOON)
        provider(name).verify(request, at(name, lab))
        found |= {r.event_id: r for r in provider(name).reports(request)}
    return list(found.values())


def known(name: str, lab: Lab, client: httpx.Client, message: str) -> list[ProviderReport]:
    """What is called back, and what asking tells besides."""
    return heard(name, lab) + provider(name).status(Lookup(ATTEMPT, message), at(name, lab), client)


def verdicts(found: list[ProviderReport]) -> set[Told]:
    return {(r.status, r.reason, r.buyer_response) for r in found if not r.ignored}


SENT, DELIVERED = (Status.SENT, None, None), (Status.DELIVERED, None, None)
BUYERS: dict[str, set[Told]] = {
    "6789": set(),
    "1001": {(Status.READ, None, BuyerResponse.IN_PROCESS)},
    "1002": {(Status.READ, "under_query", BuyerResponse.UNDER_QUERY)},
    "1003": {(Status.READ, None, BuyerResponse.CONDITIONALLY_ACCEPTED)},
    "1004": {(Status.READ, "buyer_refused", BuyerResponse.REJECTED)},
    "1005": {(Status.READ, None, BuyerResponse.ACCEPTED)},
}


@EVERY
@pytest.mark.parametrize("digits", BUYERS)
def test_what_is_delivered_and_what_the_buyer_answers(name: str, digits: str, lab: Lab, client: httpx.Client) -> None:
    answer = send(name, digits, lab, client)
    assert isinstance(answer, Taken)
    message = answer.messages[0].message_id
    wanted = {DELIVERED} | BUYERS[digits]
    eventually(lambda: wanted <= verdicts(known(name, lab, client, message)), PATIENCE)
    found = known(name, lab, client, message)
    assert verdicts(found) - wanted <= {SENT, (Status.SENT, "processing", None)}
    ours = {m.message_id for m in answer.messages}
    assert {r.message_id for r in found} <= ours
    assert {r.attempt_id for r in found} <= {ATTEMPT, None}


@EVERY
def test_answers_that_come_later(name: str, lab: Lab, client: httpx.Client) -> None:
    answer = send(name, "1007", lab, client)
    assert isinstance(answer, Taken)
    message = answer.messages[0].message_id
    later = {BuyerResponse.IN_PROCESS, BuyerResponse.ACCEPTED, BuyerResponse.PAID}
    lab.hurry(lambda: later <= {r.buyer_response for r in known(name, lab, client, message)})


@pytest.mark.parametrize(
    ("name", "digits", "last"),
    [
        ("storecove", "2001", (Status.FAILED, "provider_error", None)),
        ("storecove", "2003", (Status.FAILED, "provider_error", None)),
        ("recommand", "2001", (Status.REJECTED, "content_rejected", None)),
        ("recommand", "2003", (Status.FAILED, "undelivered", None)),
        ("phoss_ap", "2001", (Status.REJECTED, "validation", None)),
        *[(name, "2002", DELIVERED) for name in NAMES],
        *[(name, "5555", SENT if name != "recommand" else (Status.SENT, "processing", None)) for name in NAMES],
    ],
)
def test_what_becomes_of_it(name: str, digits: str, last: Told, lab: Lab, client: httpx.Client) -> None:
    answer = send(name, digits, lab, client)
    assert isinstance(answer, Taken)
    message = answer.messages[0].message_id
    eventually(lambda: last in verdicts(known(name, lab, client, message)), PATIENCE)


@pytest.mark.parametrize(
    ("digits", "kind", "reason"),
    [
        ("4004", Refused, "not_registered"),
        ("4022", Refused, "validation"),
        ("0429", TryLater, "rate_limited"),
        ("0410", Unknown, None),
    ],
)
@EVERY
def test_answers(name: str, digits: str, kind: type, reason: str | None, lab: Lab, client: httpx.Client) -> None:
    answer = send(name, digits, lab, client)
    assert isinstance(answer, kind)
    assert getattr(answer, "reason", None) == reason
    assert not isinstance(answer, TryLater) or answer.after


@pytest.mark.parametrize("digits", ["0408", "0409", "0501"])
@EVERY
def test_a_lost_answer(name: str, digits: str, lab: Lab, client: httpx.Client) -> None:
    """phoss AP is asked at once, by the envelope's id; elsewhere nobody knows until a webhook, or asking, tells."""
    answer = send(name, digits, lab, client)
    assert isinstance(answer, Taken if name == "phoss_ap" else Unknown)
    found = provider(name).status(Lookup(ATTEMPT, None, f"0208:012345{digits}", NOON), at(name, lab), client)
    assert bool(found) == (name != "storecove")
    if name == "storecove" and digits != "0409":
        eventually(lambda: {r.attempt_id for r in heard(name, lab)} == {ATTEMPT}, PATIENCE)


def test_an_outage(lab: Lab, client: httpx.Client) -> None:
    assert all(isinstance(send(name, "0500", lab, client), Unknown) for name in NAMES)
    assert not any(message["taken"] for message in lab.messages())


def test_given_up_within_the_call(lab: Lab, client: httpx.Client) -> None:
    answer = send("phoss_ap", "2003", lab, client)
    assert isinstance(answer, Refused)
    assert (answer.reason, answer.status) == ("provider_error", Status.FAILED)


def test_a_guid_is_only_taken_once(lab: Lab, client: httpx.Client) -> None:
    assert isinstance(send("storecove", "6789", lab, client), Taken)
    assert isinstance(send("storecove", "6789", lab, client), Refused)
    assert len(lab.messages(provider="storecove", taken="true")) == 1


def test_events_are_pulled_where_nothing_is_pushed(lab: Lab, client: httpx.Client) -> None:
    lab.control("POST", "/accounts", {"provider": "storecove", "key": "key-1", "webhook_url": ""})
    answer = send("storecove", "1005", lab, client)
    assert isinstance(answer, Taken)
    found: list[ProviderReport] = []

    def pulled() -> bool:
        got = client.get(f"{lab.url}/api/v2/webhook_instances/", headers={"Authorization": "Bearer key-1"})
        if got.status_code == httpx.codes.OK:
            guid = got.json()["guid"]
            found.extend(provider("storecove").reports(RawRequest("", {}, got.content, NOON)))
            gone = client.delete(
                f"{lab.url}/api/v2/webhook_instances/{guid}", headers={"Authorization": "Bearer key-1"}
            )
            assert gone.status_code == httpx.codes.NO_CONTENT
        return len(found) == 3

    eventually(pulled, PATIENCE)
    assert [r.provider_event for r in found] == ["succeeded", "acknowledged", "accepted"]
    assert {r.message_id for r in found} == {answer.messages[0].message_id}


@EVERY
def test_wrong_credentials(name: str, lab: Lab, client: httpx.Client) -> None:
    lab.control("POST", "/reset")
    wrong = {"storecove": {"api_key": "no"}, "recommand": {"api_secret": "no"}, "phoss_ap": {"token": "no"}}[name]
    found = at(name, lab)
    stranger = Connection(found.id, found.tenant_id, name, found.channel, settings=found.settings, secrets=wrong)
    answer = provider(name).send(outgoing(), stranger, client)
    assert isinstance(answer, Refused)
    assert answer.reason == "authentication"
