"""Our side of the French platforms and the simulator's, each written from the protocols alone, over real HTTP."""

from collections.abc import Iterator
from datetime import datetime
from uuid import uuid4

import httpx
import msgspec
import pytest

from adapters.providers.e_invoice import is_key
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
from tests.adapters.providers.kit import ATTEMPT, connection
from tests.adapters.providers.kit_france import outgoing
from tests.adapters.simulator.french import AFNOR_ACCOUNT, CHORUS_ACCOUNT, KEY, SECRET, Platform, document
from tests.adapters.simulator.lab import NOON, PATIENCE, Lab, laboratory, receiving, simulating
from tests.support.eventually import eventually

NAMES = ("choruspro", "afnor")
EVERY = pytest.mark.parametrize("name", NAMES)
Told = tuple[str, Status | None, str | None, BuyerResponse | None]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Running]:
    with simulating() as running:
        yield running


@pytest.fixture
def lab(simulator: Running) -> Iterator[Lab]:
    with receiving() as receiver, laboratory(simulator, receiver) as found:
        for account in (CHORUS_ACCOUNT, AFNOR_ACCOUNT):
            found.control("POST", "/accounts", account)
        yield found


def at(name: str, lab: Lab, **settings: str) -> Connection:
    """A connection of its own for each test, as each has its own token and its own life-cycle messages."""
    known = {
        "choruspro": {"api_url": lab.url, "oauth_url": lab.url, "login": "TECH_1@cpro.example"},
        "afnor": {"api_url": f"{lab.url}/flow-service", "token_url": f"{lab.url}/auth-service/token"},
    }
    secrets = {"client_secret": SECRET} | ({"password": SECRET} if name == "choruspro" else {})
    made = connection(name, secrets, client_id=KEY, **known[name] | settings)
    return msgspec.structs.replace(made, id=uuid4())


def send(here: Connection, digits: str, client: httpx.Client, attempt: str = ATTEMPT) -> object:
    return provider(here.provider).send(outgoing(document(digits), attempt=attempt), here, client)


def taken(here: Connection, digits: str, client: httpx.Client) -> str:
    """The flow's id."""
    answer = send(here, digits, client)
    assert isinstance(answer, Taken)
    return answer.messages[0].message_id


def ask(here: Connection, lookup: Lookup, client: httpx.Client) -> list[ProviderReport]:
    return provider(here.provider).status(lookup, here, client)


def said(found: list[ProviderReport]) -> list[Told]:
    return [(r.provider_event, r.status, r.reason, r.buyer_response) for r in found]


SENT = [("IN_INTEGRE", Status.SENT, None, None), ("DEPOSEE", Status.SENT, None, None)]
OK = [("Ok", Status.SENT, None, None), ("200 Déposée", Status.SENT, None, None)]
DELIVERED = {
    "choruspro": [*SENT, ("MISE_A_DISPOSITION", Status.DELIVERED, None, None)],
    "afnor": [*OK, ("203 Mise à disposition", Status.DELIVERED, None, None)],
}


@pytest.mark.parametrize(
    ("name", "digits", "last"),
    [
        ("choruspro", "1001", ("PRISE_EN_COMPTE_DESTINATAIRE", None, BuyerResponse.IN_PROCESS)),
        ("choruspro", "1002", ("SUSPENDUE", "under_query", BuyerResponse.UNDER_QUERY)),
        ("choruspro", "1003", ("SERVICE_FAIT", None, BuyerResponse.ACCEPTED)),
        ("choruspro", "1004", ("REJETEE", "buyer_refused", BuyerResponse.REJECTED)),
        ("choruspro", "1005", ("MANDATEE", None, BuyerResponse.ACCEPTED)),
        ("afnor", "1001", ("204 Prise en charge", None, BuyerResponse.IN_PROCESS)),
        ("afnor", "1002", ("207 En litige", "under_query", BuyerResponse.UNDER_QUERY)),
        ("afnor", "1003", ("206 Approuvée partiellement", None, BuyerResponse.CONDITIONALLY_ACCEPTED)),
        ("afnor", "1004", ("210 Refusée", "buyer_refused", BuyerResponse.REJECTED)),
        ("afnor", "1005", ("205 Approuvée", None, BuyerResponse.ACCEPTED)),
    ],
)
def test_what_the_buyer_answers(
    name: str, digits: str, last: tuple[str, str | None, BuyerResponse], lab: Lab, client: httpx.Client
) -> None:
    here = at(name, lab)
    flow = taken(here, digits, client)
    word, reason, answer = last
    wanted = [*DELIVERED[name], (word, Status.READ, reason, answer)]
    eventually(lambda: said(ask(here, Lookup(ATTEMPT, flow), client)) == wanted, PATIENCE)
    found = ask(here, Lookup(ATTEMPT, flow), client)
    assert named(found) == {(flow, ATTEMPT, NOON)}
    assert len({r.event_id for r in found}) == len(found)


def named(found: list[ProviderReport]) -> set[tuple[str | None, str | None, datetime | None]]:
    """Who is meant, and when. A life-cycle message names the invoice alone, whichever attempt that was."""
    flows = [r for r in found if not is_key(r.message_id)]
    assert all(r.attempt_id is None for r in found if r not in flows)
    return {(r.message_id, r.attempt_id, r.occurred_at) for r in flows}


@EVERY
def test_what_comes_later(name: str, lab: Lab, client: httpx.Client) -> None:
    here = at(name, lab)
    flow = taken(here, "1006", client)

    def answers() -> list[BuyerResponse]:
        return [r.buyer_response for r in ask(here, Lookup(ATTEMPT, flow), client) if r.buyer_response]

    eventually(lambda: answers() == [BuyerResponse.ACCEPTED], PATIENCE)
    lab.hurry(lambda: answers() == [BuyerResponse.ACCEPTED, BuyerResponse.PAID])
    lab.control("POST", f"/messages/{flow}/events", {"event": "misdirected"})
    newest = ask(here, Lookup(ATTEMPT, flow), client)[-1]
    assert (newest.status, newest.reason) == (Status.FAILED, "wrong_addressee")


@pytest.mark.parametrize(
    ("name", "digits", "status", "reason"),
    [
        ("choruspro", "2001", Status.REJECTED, "validation"),
        ("choruspro", "2003", Status.FAILED, "provider_error"),
        ("afnor", "2001", Status.REJECTED, "validation"),
        ("afnor", "2003", Status.REJECTED, "provider_error"),
    ],
)
def test_what_goes_wrong(name: str, digits: str, status: Status, reason: str, lab: Lab, client: httpx.Client) -> None:
    here = at(name, lab)
    flow = taken(here, digits, client)
    eventually(lambda: ask(here, Lookup(ATTEMPT, flow), client)[-1].status is status, PATIENCE)
    newest = ask(here, Lookup(ATTEMPT, flow), client)[-1]
    assert newest.reason == reason
    assert bool(newest.diagnostic) == (status is Status.REJECTED)


@EVERY
@pytest.mark.parametrize(
    ("digits", "kind", "reason"),
    [
        ("4004", Refused, "validation"),
        ("4022", Refused, "validation"),
        ("0429", TryLater, "rate_limited"),
        ("0500", Unknown, None),
        ("0501", Unknown, None),
        ("0408", Unknown, None),
        ("0410", Unknown, None),
    ],
)
def test_answers(name: str, digits: str, kind: type, reason: str | None, lab: Lab, client: httpx.Client) -> None:
    answer = send(at(name, lab), digits, client)
    assert isinstance(answer, kind)
    assert getattr(answer, "reason", None) == reason
    assert not isinstance(answer, TryLater) or answer.after


@EVERY
def test_a_second_deposit_is_a_duplicate(name: str, lab: Lab, client: httpx.Client) -> None:
    here = at(name, lab)
    taken(here, "6789", client)
    answer = send(here, "6789", client, str(uuid4()))
    assert isinstance(answer, Refused)
    assert (answer.reason, answer.status) == ("duplicate", Status.REJECTED)


@EVERY
@pytest.mark.parametrize("digits", ["0501", "0408"])
def test_a_lost_answer_is_found_by_asking(name: str, digits: str, lab: Lab, client: httpx.Client) -> None:
    here = at(name, lab)
    assert isinstance(send(here, digits, client), Unknown)
    (kept,) = lab.messages(provider=name)
    lookup = Lookup(ATTEMPT, None, None, NOON)
    eventually(lambda: len(ask(here, lookup, client)) == 3, PATIENCE)
    assert said(ask(here, lookup, client)) == DELIVERED[name]
    assert {name for name, _, _ in named(ask(here, lookup, client))} == {kept["id"]}
    others = msgspec.structs.replace(lookup, known=frozenset({kept["id"]}))
    assert not ask(here, others, client)
    assert not ask(here, Lookup(str(uuid4()), None, None, NOON), client)


@EVERY
def test_a_deposit_that_vanished_is_nowhere(name: str, lab: Lab, client: httpx.Client) -> None:
    here = at(name, lab)
    assert isinstance(send(here, "0410", client), Unknown)
    assert not ask(here, Lookup(ATTEMPT, None, None, NOON), client)


@EVERY
def test_wrong_credentials(name: str, lab: Lab, client: httpx.Client) -> None:
    here = at(name, lab)
    stranger = msgspec.structs.replace(here, secrets=dict.fromkeys(here.secrets, "wrong"))
    answer = send(stranger, "6789", client)
    assert isinstance(answer, Refused)
    assert answer.reason == "authentication"


def test_an_account_that_chorus_pro_does_not_know(lab: Lab, client: httpx.Client) -> None:
    here = at("choruspro", lab)
    stranger = msgspec.structs.replace(here, secrets=here.secrets | {"password": "wrong"})
    answer = send(stranger, "6789", client)
    assert isinstance(answer, Refused)
    assert answer.reason == "authentication"


@pytest.mark.parametrize("form", ["direct", "fingerprint"])
def test_callbacks_of_a_platform(form: str, lab: Lab, client: httpx.Client) -> None:
    platform, fragment = Platform(lab), "#fingerprint" if form == "fingerprint" else ""
    asked = {"callbackUrl": f"{lab.receiver.url}/afnor{fragment}"}
    key = platform.post("/flow-service/v1/webhooks", asked).json()["signingKey"]
    here = at("afnor", lab, signature_form=form)
    here = msgspec.structs.replace(here, secrets=here.secrets | {"signing_key": key})
    flow = taken(here, "1005", client)
    (webhook,) = lab.receiver.wait(1)
    request = RawRequest(lab.receiver.url + webhook.path, webhook.headers, webhook.body, NOON)
    provider("afnor").verify(request, here)
    (told,) = provider("afnor").reports(request)
    assert (told.status, told.message_id, told.attempt_id) == (Status.SENT, flow, ATTEMPT)
    eventually(lambda: len(ask(here, Lookup(ATTEMPT, flow), client)) == 4, PATIENCE)
    asked_for = ask(here, Lookup(ATTEMPT, flow), client)[0]
    assert asked_for.event_id == told.event_id  # the same acknowledgement, told and asked for
