"""Resend's, Postmark's and Mailgun's own clients as the other side: of the simulator, of our calls, of signatures."""

import json
from collections.abc import Iterator
from typing import Any, get_args

import httpx
import mailgun
import msgspec
import pytest
import resend
from mailgun.security import SecurityGuard
from postmark.exceptions import InactiveRecipientException, InvalidAPIKeyException, RateLimitException
from postmark.models.bounces.enums import BounceType
from postmark.models.outbound.enums import MessageEventType, MessageStatus
from postmark.sync import ServerClient
from resend.exceptions import ResendError
from resend.webhooks._webhook import WebhookEvent

from adapters.providers import postmark as our_postmark
from adapters.providers import resend as our_resend
from adapters.providers.port import Connection, Lookup
from adapters.providers.registry import provider
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, NOON_UNIX, connection
from tests.adapters.providers.simulated import Said, counting, heard, lab, sent, simulator
from tests.adapters.providers.test_postmark_against_simulator import TOKEN
from tests.adapters.providers.test_postmark_against_simulator import account as postmark_account
from tests.adapters.providers.test_sendgrid_sending import OUTGOING
from tests.adapters.simulator.lab import Lab

__all__ = ["lab", "simulator"]
SECRET = "whsec_c2VuZHRyYWlsLXRlc3RzLXdlYmhvb2stc2VjcmV0"
KEY = "key-of-the-tests"
BOUNCED: Said = {(Status.SENT, "processing"), (Status.FAILED, "hard_bounce")}
FROM, TO = "bills@seller.example", "bounce@payer.example"


def account(lab: Lab, name: str, webhook_key: str, token: str, **settings: Any) -> Connection:
    known = {"provider": name, "key": KEY, "token": token, "webhook_url": f"{lab.receiver.url}/mail"}
    lab.control("POST", "/accounts", known)
    secrets = {"api_key": KEY, webhook_key: token}
    return connection(name, secrets, api_url=lab.url, from_email=FROM, **settings)


# Resend


@pytest.fixture
def resending(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setattr(resend, "api_key", KEY)
    monkeypatch.setattr(resend, "api_url", lab.url)
    return account(lab, "resend", "webhook_secret", SECRET)


def letter(to: str = TO) -> Any:
    tags = [{"name": "attempt_id", "value": ATTEMPT}]
    return {"from": FROM, "to": [to], "subject": "I-7", "text": "Please pay.", "tags": tags}


def test_resends_client_sends_and_asks_over_the_simulator(
    lab: Lab, resending: Connection, client: httpx.Client
) -> None:
    name = resend.Emails.send(letter())["id"]
    found = heard(lab, resending, 2)
    assert counting(found) == BOUNCED
    assert {(r.message_id, r.attempt_id, r.recipient) for r in found} == {(name, ATTEMPT, TO)}
    told = resend.Emails.get(name)
    assert (told["id"], told["last_event"], told["to"]) == (name, "bounced", [TO])
    (asked,) = provider("resend").status(Lookup(ATTEMPT, name), resending, client)
    assert (asked.status, asked.message_id) == (Status.FAILED, name)


def test_resends_client_verifies_what_the_simulator_signs(
    lab: Lab, resending: Connection, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resend.webhooks._webhooks.time.time", lambda: float(NOON_UNIX))  # the simulator's clock
    sent("anyone", resending, client)
    for webhook in lab.receiver.wait(2):
        headers = {part: webhook.headers[f"svix-{part}"] for part in ("id", "timestamp", "signature")}
        body = webhook.body.decode()
        told: Any = {"payload": body, "headers": headers, "webhook_secret": SECRET}
        assert resend.Webhooks.verify(told) == json.loads(body)
        with pytest.raises(ValueError, match="signature"):
            resend.Webhooks.verify(told | {"payload": body.replace("anyone", "anybody")})


def test_what_we_send_over_resend_is_what_its_client_sends(
    lab: Lab, resending: Connection, client: httpx.Client
) -> None:
    ours: Any = our_resend.sending.message(OUTGOING, resending)
    resend.Emails.send(ours)
    provider("resend").send(OUTGOING, resending, client)
    first, second = (m["request"] for m in lab.messages(to="ap@payer.example"))
    assert first == second == ours


@pytest.mark.parametrize(("name", "code"), [("refused", 422), ("ratelimited", 429), ("outage", 500)])
def test_resends_client_understands_refusals(name: str, code: int, resending: Connection) -> None:  # noqa: ARG001
    with pytest.raises(ResendError) as refused:
        resend.Emails.send(letter(f"{name}@payer.example"))
    assert str(refused.value.code) == str(code)


def test_every_event_of_an_email_that_resends_client_knows_is_known() -> None:
    listed = {word for word in get_args(WebhookEvent) if word.startswith("email.")}
    assert len(listed) > 9
    assert listed <= our_resend.webhook.EVENTS.keys()


# Postmark


@pytest.fixture
def stamping(lab: Lab) -> Connection:
    return postmark_account(lab)


@pytest.fixture
def stamps(lab: Lab, stamping: Connection) -> Iterator[Any]:  # noqa: ARG001
    with ServerClient(TOKEN, retries=0, base_url=lab.url) as found:
        yield found


def record(to: str = TO) -> dict[str, Any]:
    return {"From": FROM, "To": to, "Subject": "I-7", "TextBody": "Please pay.", "Metadata": {"attempt_id": ATTEMPT}}


def test_postmarks_client_sends_and_asks_over_the_simulator(
    lab: Lab, stamping: Connection, stamps: Any, client: httpx.Client
) -> None:
    name = stamps.outbound.send(record()).message_id
    (told,) = heard(lab, stamping, 1)
    assert (told.status, told.reason, told.message_id, told.attempt_id) == (
        Status.FAILED, "hard_bounce", name, ATTEMPT,
    )  # fmt: skip
    (listed,) = stamps.outbound.list(metadata={"attempt_id": ATTEMPT}).items
    details = stamps.outbound.get(name)
    assert listed.message_id == details.message_id == name
    assert [event.type for event in details.message_events] == ["Bounced"]
    assert counting(provider("postmark").status(Lookup(ATTEMPT, name), stamping, client)) == {
        (Status.FAILED, "hard_bounce")
    }


def test_what_we_send_over_postmark_is_what_its_client_sends(
    lab: Lab, stamping: Connection, stamps: Any, client: httpx.Client
) -> None:
    ours = our_postmark.sending.message(OUTGOING, stamping)
    stamps.outbound.send(ours)
    provider("postmark").send(OUTGOING, stamping, client)
    told, theirs = (m["request"] for m in lab.messages(to="ap@payer.example"))
    assert {name: theirs.get(name) for name in ours} == told == ours


@pytest.mark.parametrize(
    ("name", "error"), [("refused", InactiveRecipientException), ("ratelimited", RateLimitException)]
)
def test_postmarks_client_understands_refusals(name: str, error: type[Exception], stamps: Any) -> None:
    with pytest.raises(error):
        stamps.outbound.send(record(f"{name}@payer.example"))


def test_postmarks_client_understands_a_wrong_key(lab: Lab) -> None:
    client: Any = ServerClient("wrong", retries=0, base_url=lab.url)
    with client as stranger, pytest.raises(InvalidAPIKeyException):
        stranger.outbound.send(record())


def test_every_word_that_postmarks_client_knows_is_known() -> None:
    """Of bounces those that mean nothing for a delivery are not in the table."""
    assert {one.value.lower() for one in MessageStatus} == our_postmark.messages.STATUSES.keys()
    assert {one.value.lower() for one in MessageEventType} == our_postmark.messages.EVENTS.keys()
    assert our_postmark.webhook.BOUNCES.keys() <= {one.value.lower() for one in BounceType}


# Mailgun


@pytest.fixture
def gunning(lab: Lab) -> Connection:
    found = account(lab, "mailgun", "webhook_signing_key", "signing-key", domain="mg.seller.example")
    return msgspec.structs.replace(found, open_tracking=True)


@pytest.fixture
def guns(lab: Lab, gunning: Connection) -> Iterator[mailgun.Client]:  # noqa: ARG001
    with mailgun.Client(auth=("api", KEY), api_url=lab.url) as found:
        yield found


def test_mailguns_client_sends_and_asks_over_the_simulator(
    lab: Lab, gunning: Connection, guns: mailgun.Client, client: httpx.Client
) -> None:
    form = {"from": FROM, "to": TO, "subject": "I-7", "text": "Please pay.", "v:attempt_id": ATTEMPT}
    told = guns.messages.create(data=form, domain="mg.seller.example").json()
    name = told["id"].strip("<>")
    found = heard(lab, gunning, 2)
    assert counting(found) == BOUNCED
    assert {(r.message_id, r.attempt_id, r.recipient) for r in found} == {(name, ATTEMPT, TO)}
    listed = guns.events.get(domain="mg.seller.example", filters={"message-id": name}).json()["items"]
    assert {one["event"] for one in listed} == {"accepted", "failed"}
    assert counting(provider("mailgun").status(Lookup(ATTEMPT, name), gunning, client)) == BOUNCED


def test_mailguns_client_verifies_what_the_simulator_signs(lab: Lab, gunning: Connection, client: httpx.Client) -> None:
    sent("anyone", gunning, client)
    for webhook in lab.receiver.wait(2):
        signed = json.loads(webhook.body)["signature"]
        given = signed["token"], signed["timestamp"], signed["signature"]
        assert SecurityGuard.verify_webhook("signing-key", *given, max_age_seconds=0)
        assert not SecurityGuard.verify_webhook("another-key", *given, max_age_seconds=0)
