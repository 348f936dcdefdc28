"""The SES side, spoken to with Amazon's own client, and its webhooks verified as Amazon's are."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from adapters.simulator import sns
from tests.adapters.simulator.lab import NOON, PATIENCE, Lab

KEY, SECRET = "AKIAOFTHETESTS", "secret+of/the=tests"


def client(lab: Lab, service: str, secret: str = SECRET, path: str = "", key: str = KEY) -> Any:
    config = Config(retries={"total_max_attempts": 1}, read_timeout=PATIENCE, proxies={})
    return boto3.client(
        service, endpoint_url=lab.url + path, region_name="eu-central-1", config=config,
        aws_access_key_id=key, aws_secret_access_key=secret,
    )  # fmt: skip


def account(lab: Lab) -> None:
    given = {"provider": "ses", "key": KEY, "token": SECRET, "webhook_url": f"{lab.receiver.url}/ses"}
    lab.control("POST", "/accounts", given)


def letter(*to: str, **more: Any) -> dict[str, Any]:
    content = {"Subject": {"Data": "Invoice 17"}, "Body": {"Text": {"Data": "Please pay."}, "Html": {"Data": "<p>"}}}
    return {
        "FromEmailAddress": "bills@seller.example",
        "Destination": {"ToAddresses": list(to)},
        "Content": {"Simple": content},
        "EmailTags": [{"Name": "attempt_id", "Value": "a-17"}],
        **more,
    }


def told(lab: Lab, count: int) -> list[dict[str, Any]]:
    found = []
    for webhook in lab.receiver.wait(count):
        envelope = json.loads(webhook.body)
        assert webhook.headers["content-type"] == "text/plain; charset=UTF-8"
        assert webhook.headers["x-amz-sns-message-type"] == envelope["Type"] == "Notification"
        found.append(json.loads(envelope["Message"]))
    return found


def test_amazons_client_sends_and_is_told(lab: Lab) -> None:
    account(lab)
    answer = client(lab, "sesv2").send_email(**letter("anna@buyer.example"))
    sent, delivered = told(lab, 2)
    assert (sent["eventType"], delivered["eventType"]) == ("Send", "Delivery")
    assert delivered["delivery"]["recipients"] == ["anna@buyer.example"]
    for event in (sent, delivered):
        assert event["mail"]["messageId"] == answer["MessageId"]
        assert event["mail"]["tags"]["attempt_id"] == ["a-17"]
    (message,) = lab.messages()
    assert (message["subject"], message["text"]) == ("Invoice 17", "Please pay.")


def test_amazons_client_asks(lab: Lab) -> None:
    account(lab)
    ses = client(lab, "sesv2")
    name = ses.send_email(**letter("bounce@buyer.example", "anna@buyer.example"))["MessageId"]
    told(lab, 4)
    found = ses.get_message_insights(MessageId=name)
    bounced, delivered = found["Insights"]
    assert [e["Type"] for e in bounced["Events"]] == ["SEND", "BOUNCE"]
    assert bounced["Events"][1]["Details"]["Bounce"]["BounceType"] == "PERMANENT"
    assert bounced["Events"][1]["Timestamp"] == NOON
    assert [e["Type"] for e in delivered["Events"]] == ["SEND", "DELIVERY"]
    with pytest.raises(ClientError, match="NotFoundException"):
        ses.get_message_insights(MessageId="nobody")


@pytest.mark.parametrize(
    ("name", "error", "status"),
    [
        ("refused", "MessageRejected", 400),
        ("ratelimited", "TooManyRequestsException", 429),
        ("outage", "InternalServiceError", 500),
    ],
)
def test_amazons_client_gets_the_errors_it_knows(name: str, error: str, status: int, lab: Lab) -> None:
    account(lab)
    with pytest.raises(ClientError) as refused:
        client(lab, "sesv2").send_email(**letter(f"{name}@buyer.example"))
    assert refused.value.response["Error"]["Code"] == error
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_wrong_key_is_noticed(lab: Lab) -> None:
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client(lab, "sesv2", key="AKIAUNKNOWN").send_email(**letter("anna@buyer.example"))
    account(lab)
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        client(lab, "sesv2", "another").send_email(**letter("anna@buyer.example"))
    assert lab.http.post("/v2/email/outbound-emails", json={}).status_code == 403


def test_a_letter_that_is_none(lab: Lab) -> None:
    account(lab)
    ses = client(lab, "sesv2")
    for wrong in (letter(), letter("nobody"), letter("anna@buyer.example", Content={"Raw": {"Data": b""}})):
        with pytest.raises(ClientError, match="BadRequest"):
            ses.send_email(**wrong | {"Content": {}} if wrong["Content"].get("Raw") else wrong)


def test_the_handshake(lab: Lab) -> None:
    topics = client(lab, "sns", path="/sns")
    answer = topics.subscribe(TopicArn=sns.TOPIC, Protocol="http", Endpoint=f"{lab.receiver.url}/ses")
    assert answer["SubscriptionArn"] == "pending confirmation"
    (asked,) = lab.receiver.wait(1)
    told = json.loads(asked.body)
    assert told["Type"] == "SubscriptionConfirmation"
    url = urlsplit(told["SubscribeURL"])
    assert (url.scheme, url.hostname) == ("https", "sns.eu-central-1.amazonaws.com")
    assert parse_qs(url.query)["Token"] == [told["Token"]]
    assert topics.confirm_subscription(TopicArn=sns.TOPIC, Token=told["Token"])["SubscriptionArn"].startswith(sns.TOPIC)
    with pytest.raises(ClientError):
        topics.confirm_subscription(TopicArn=sns.TOPIC, Token="another")
    with pytest.raises(ClientError):
        topics.subscribe(TopicArn="arn:aws:sns:eu-central-1:1:theirs", Protocol="http", Endpoint="http://x.example")
