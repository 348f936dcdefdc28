"""Our side and the simulator's, each written from the protocol alone, understand each other over real HTTP."""

from collections.abc import Iterator

import httpx
import msgspec
import pytest

from adapters.providers.port import (
    Connection,
    Lookup,
    Outgoing,
    OutgoingRecipient,
    ProviderReport,
    RawRequest,
    Refused,
    Taken,
    TryLater,
    Unknown,
)
from adapters.providers.registry import provider
from adapters.simulator.server import Running
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, connection
from tests.adapters.simulator.lab import API_KEY, NOON, SID, TOKEN, Lab, laboratory, receiving, simulating

MAIL, SMS = "bounce@payer.example", "+32470123003"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Running]:
    with simulating() as running:
        yield running


@pytest.fixture
def lab(simulator: Running) -> Iterator[Lab]:
    with receiving() as receiver, laboratory(simulator, receiver) as found:
        yield found


def mailing(lab: Lab) -> Connection:
    secrets = {"api_key": API_KEY, "public_key": lab.public_key}
    found = connection("sendgrid", secrets, api_url=lab.url, from_email="bills@seller.example")
    return msgspec.structs.replace(found, open_tracking=True)


def texting(lab: Lab) -> Connection:
    settings = {"api_url": lab.url, "account_sid": SID, "from_number": "+32460000001"}
    return connection("twilio", {"auth_token": TOKEN}, **settings)


def outgoing(address: str, lab: Lab) -> Outgoing:
    people = [OutgoingRecipient(1, address)]
    text, callback = "Please pay.", f"{lab.receiver.url}/sms"
    return Outgoing(attempt_id=ATTEMPT, number=1, recipients=people, subject="I-7", text=text, callback_url=callback)


def heard(lab: Lab, connection: Connection, count: int) -> list[ProviderReport]:
    """What the simulator called back: verified, read, one of each event id."""
    chosen = provider(connection.provider)
    found: dict[str, ProviderReport] = {}
    if connection.provider == "sendgrid":
        lab.receiver.wait_events(count)
    for webhook in lab.receiver.wait(1 if connection.provider == "sendgrid" else count):
        request = RawRequest(lab.receiver.url + webhook.path, webhook.headers, webhook.body, NOON)
        chosen.verify(request, connection)
        found |= {r.event_id: r for r in chosen.reports(request)}
    assert {r.attempt_id for r in found.values()} == {ATTEMPT}
    return list(found.values())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("anyone", {(Status.SENT, "processing"), (Status.DELIVERED, None)}),
        ("bounce", {(Status.SENT, "processing"), (Status.FAILED, "hard_bounce")}),
        ("full", {(Status.SENT, "processing"), (Status.FAILED, "mailbox_full")}),
        ("blocked", {(Status.SENT, "processing"), (Status.FAILED, "blocked")}),
        ("dropped", {(Status.FAILED, "suppressed")}),
        ("deferred", {(Status.SENT, "processing"), (Status.SENDING, "deferred"), (Status.DELIVERED, None)}),
        ("spam", {(Status.SENT, "processing"), (Status.DELIVERED, None), (Status.COMPLAINED, "complaint")}),
        ("opens", {(Status.SENT, "processing"), (Status.DELIVERED, None), (Status.READ, None)}),
        ("machine", {(Status.SENT, "processing"), (Status.DELIVERED, None)}),
        ("unsubscribes", {(Status.SENT, "processing"), (Status.DELIVERED, None)}),
    ],
)
def test_mail(name: str, said: set[tuple[Status, str | None]], lab: Lab, client: httpx.Client) -> None:
    answer = provider("sendgrid").send(outgoing(f"{name}@payer.example", lab), mailing(lab), client)
    assert isinstance(answer, Taken)
    found = heard(lab, mailing(lab), len(said) + (name in ("machine", "unsubscribes")))
    assert {(r.status, r.reason) for r in found if not r.ignored} == said
    assert {r.message_id for r in found} == {answer.messages[0].message_id}
    assert {r.recipient for r in found} == {f"{name}@payer.example"}


@pytest.mark.parametrize(
    ("digits", "said"),
    [
        ("3456", {(Status.SENT, None), (Status.DELIVERED, None)}),
        ("3001", {(Status.FAILED, "provider_error")}),
        ("3003", {(Status.SENT, None), (Status.FAILED, "unreachable")}),
        ("3007", {(Status.SENT, None), (Status.FAILED, "blocked")}),
        ("3008", {(Status.SENT, None), (Status.FAILED, "undelivered")}),
        ("8888", {(Status.SENT, None), (Status.DELIVERED, None), (Status.READ, None)}),
    ],
)
def test_sms(digits: str, said: set[tuple[Status, str | None]], lab: Lab, client: httpx.Client) -> None:
    answer = provider("twilio").send(outgoing(f"+3247012{digits}", lab), texting(lab), client)
    assert isinstance(answer, Taken)
    found = heard(lab, texting(lab), len(said))
    assert {(r.status, r.reason) for r in found} == said
    assert {r.message_id for r in found} == {answer.messages[0].message_id}


@pytest.mark.parametrize(
    ("address", "kind", "reason"),
    [
        ("refused@payer.example", Refused, "validation"),
        ("ratelimited@payer.example", TryLater, "rate_limited"),
        ("outage@payer.example", Unknown, None),
        ("crash@payer.example", Unknown, None),
        ("timeout@payer.example", Unknown, None),
        ("vanished@payer.example", Unknown, None),
        ("+32470121211", Refused, "invalid_recipient"),
        ("+32470121610", Refused, "opted_out"),
        ("+32470121614", Refused, "invalid_recipient"),
        ("+32470121408", Refused, "account"),
        ("+32470120429", TryLater, "rate_limited"),
        ("+32470120500", Unknown, None),
        ("+32470120408", Unknown, None),
    ],
)
def test_answers(address: str, kind: type, reason: str | None, lab: Lab, client: httpx.Client) -> None:
    at = texting(lab) if address.startswith("+") else mailing(lab)
    answer = provider(at.provider).send(outgoing(address, lab), at, client)
    assert isinstance(answer, kind)
    assert getattr(answer, "reason", None) == reason
    assert not isinstance(answer, TryLater) or answer.after


@pytest.mark.parametrize(
    ("address", "status"), [("bounce@payer.example", Status.FAILED), ("+32470123003", Status.FAILED)]
)
def test_asking(address: str, status: Status, lab: Lab, client: httpx.Client) -> None:
    at = texting(lab) if address.startswith("+") else mailing(lab)
    answer = provider(at.provider).send(outgoing(address, lab), at, client)
    assert isinstance(answer, Taken)
    (message,) = answer.messages
    heard(lab, at, 2)
    for lookup in (Lookup(ATTEMPT, message.message_id), Lookup(ATTEMPT, None, address, NOON)):
        found = provider(at.provider).status(lookup, at, client)
        assert status in {r.status for r in found}
        assert {(r.message_id, r.attempt_id, r.recipient) for r in found} == {(message.message_id, ATTEMPT, address)}


@pytest.mark.parametrize("address", ["hidden@payer.example", "+32470120409"])
def test_a_lost_answer_is_found_by_asking(address: str, lab: Lab, client: httpx.Client) -> None:
    at = texting(lab) if address.startswith("+") else mailing(lab)
    assert isinstance(provider(at.provider).send(outgoing(address, lab), at, client), Unknown)
    (sent,) = lab.messages(to=address)
    found = provider(at.provider).status(Lookup(ATTEMPT, None, address, NOON), at, client)
    assert {r.message_id for r in found} == {sent["reference"]}
    taken = frozenset({sent["reference"]})
    assert not provider(at.provider).status(Lookup(ATTEMPT, None, address, NOON, taken), at, client)


def test_wrong_credentials(lab: Lab, client: httpx.Client) -> None:
    for at in (mailing(lab), texting(lab)):
        stranger = msgspec.structs.replace(at, secrets=dict.fromkeys(at.secrets, "wrong"))
        address = MAIL if at.provider == "sendgrid" else SMS
        answer = provider(at.provider).send(outgoing(address, lab), stranger, client)
        assert isinstance(answer, Refused)
        assert answer.reason == "authentication"
