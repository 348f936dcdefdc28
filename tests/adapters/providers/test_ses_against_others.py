"""SES against two other sides: our simulator, and moto, a public imitation of AWS written by others."""

import email
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
import httpx
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer
from moto.ses.models import RawMessage, ses_backends

from adapters.providers.port import Connection, Lookup, Outgoing, OutgoingRecipient, RawRequest, Refused, Taken
from adapters.providers.registry import provider
from adapters.providers.ses.webhook import reports
from adapters.simulator.server import Running
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, NOON, connection
from tests.adapters.providers.kit_ses import event
from tests.adapters.providers.test_sendgrid_sending import OUTGOING
from tests.adapters.simulator import test_ses as side
from tests.adapters.simulator.lab import Lab, laboratory, receiving, simulating

REGION = "eu-central-1"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Running]:
    with simulating() as running:
        yield running


@pytest.fixture
def lab(simulator: Running) -> Iterator[Lab]:
    with receiving() as receiver, laboratory(simulator, receiver) as found:
        side.account(found)
        yield found


def sending(url: str, **secrets: str) -> Connection:
    settings = {"access_key_id": side.KEY, "region": REGION, "from_email": "bills@seller.example", "api_url": url}
    settings["topic_arn"] = "arn:aws:sns:eu-central-1:000000000000:simulated"
    return connection("ses", {"secret_access_key": side.SECRET} | secrets, **settings)


def outgoing(*names: str) -> Outgoing:
    people = [OutgoingRecipient(n, f"{name}@payer.example") for n, name in enumerate(names, 1)]
    return Outgoing(attempt_id=ATTEMPT, number=1, recipients=people, subject="I-7", text="Please pay.")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("anyone", {(Status.SENT, "processing"), (Status.DELIVERED, None)}),
        ("bounce", {(Status.SENT, "processing"), (Status.FAILED, "hard_bounce")}),
        ("full", {(Status.SENT, "processing"), (Status.FAILED, "mailbox_full")}),
        ("blocked", {(Status.SENT, "processing"), (Status.FAILED, "content_rejected")}),
        ("dropped", {(Status.FAILED, "suppressed")}),
        ("deferred", {(Status.SENT, "processing"), (Status.SENDING, "deferred"), (Status.DELIVERED, None)}),
        ("spam", {(Status.SENT, "processing"), (Status.DELIVERED, None), (Status.COMPLAINED, "complaint")}),
    ],
)
def test_sent_told_and_asked(name: str, said: set[tuple[Status, str | None]], lab: Lab, client: httpx.Client) -> None:
    certificate = lab.http.get("/sns/SimpleNotificationService-simulated.pem").text
    ses, at = provider("ses"), sending(lab.url, certificate=certificate)
    answer = ses.send(outgoing(name), at, client)
    assert isinstance(answer, Taken)
    found = []
    for webhook in lab.receiver.wait(len(said)):
        request = RawRequest(lab.receiver.url + webhook.path, webhook.headers, webhook.body, NOON)
        ses.verify(request, at)
        found += ses.reports(request)
    assert {(r.status, r.reason) for r in found} == said
    (message,) = answer.messages
    expected = {(message.message_id, ATTEMPT, f"{name}@payer.example")}
    assert {(r.message_id, r.attempt_id, r.recipient) for r in found} == expected
    asked = ses.status(Lookup(ATTEMPT, message.message_id), at, client)
    assert {(r.status, r.reason) for r in asked} == said
    assert {(r.message_id, r.attempt_id, r.recipient) for r in asked} == expected


def test_wrong_credentials(lab: Lab, client: httpx.Client) -> None:
    answer = provider("ses").send(outgoing("anyone"), sending(lab.url, secret_access_key="wrong"), client)
    assert isinstance(answer, Refused)
    assert answer.reason == "authentication"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def moto_client(moto: str, service: str) -> "boto3.client":
    return boto3.client(
        service, endpoint_url=moto, region_name=REGION, aws_access_key_id=side.KEY, aws_secret_access_key=side.SECRET
    )


def test_moto_takes_our_mail(moto: str) -> None:
    with httpx.Client(timeout=60, trust_env=False) as patient:  # it loads a service when it is first called
        _moto_takes_our_mail(moto, patient)


def _moto_takes_our_mail(moto: str, client: httpx.Client) -> None:
    refused = provider("ses").send(OUTGOING, sending(moto), client)
    assert isinstance(refused, Refused)
    assert refused.detail.startswith("HTTP 400 MessageRejected")
    moto_client(moto, "ses").verify_email_identity(EmailAddress="bills@seller.example")
    answer = provider("ses").send(OUTGOING, sending(moto), client)
    assert isinstance(answer, Taken)
    (message,) = answer.messages
    kept = next(m for m in ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages if m.id == message.message_id)
    assert isinstance(kept, RawMessage)
    assert {"ap@payer.example", "archive@seller.example", "boss@payer.example"} <= set(kept.destinations)
    assert email.message_from_string(kept.raw_data)["X-Sendtrail-Attempt"] == ATTEMPT


def test_what_moto_publishes_is_read(moto: str) -> None:
    """Its signature is a constant, so only the envelope is under test."""
    received: list[bytes] = []
    came = threading.Event()

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            came.set()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
            """Keep the test output clean."""

    with HTTPServer(("127.0.0.1", 0), Endpoint) as endpoint:
        thread = threading.Thread(target=endpoint.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        sns = moto_client(moto, "sns")
        topic = sns.create_topic(Name="sendtrail")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"http://127.0.0.1:{endpoint.server_address[1]}/")
        published = sns.publish(TopicArn=topic, Message=json.dumps(event("Delivery")))
        assert came.wait(15)
        endpoint.shutdown()
        thread.join()
    (found,) = reports(received[0])
    assert (found.status, found.attempt_id, found.event_id) == (Status.DELIVERED, ATTEMPT, published["MessageId"])
