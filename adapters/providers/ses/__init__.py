"""Amazon SES: e-mail through SESv2, its events through a signed SNS topic, and message insights for asking."""

from typing import ClassVar
from urllib.parse import urlsplit

import httpx

from adapters.clock import Clock, system_clock
from adapters.providers.calls import good_json, report_of
from adapters.providers.port import (
    Answer,
    Confirmation,
    Connection,
    Lookup,
    Need,
    Outgoing,
    ProviderReport,
    RawAnswer,
    RawRequest,
    UnreadableError,
)
from adapters.providers.ses import insights, sending, signature, webhook
from adapters.providers.ses.certificates import Certificates
from adapters.providers.ses.envelope import CONFIRMATION, envelope, is_amazon, is_certificate
from domain.values import Channel


class Ses:
    name: ClassVar[str] = "ses"
    channel: ClassVar[Channel] = Channel.EMAIL
    checks_slowly = True
    signs: ClassVar[bool] = True
    one_by_one: ClassVar[bool] = False
    can_ask: ClassVar[bool] = True
    sends: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = "certificate"
    needs: ClassVar[list[Need]] = [
        Need("access_key_id", "IAM > Users > Security credentials, of a user that may ses:SendEmail: AKIA..."),
        Need("secret_access_key", "shown once when that key is made", secret=True),
        Need("session_token", "only with temporary credentials", secret=True, required=False),
        Need("region", "where SES is set up, such as eu-central-1"),
        Need("from_email", "an address of a verified identity: SES > Identities"),
        Need("from_name", "the name that recipients see", required=False),
        Need("configuration_set", "SES > Configuration sets: the one that publishes events to SNS", required=False),
        Need("topic_arn", "SNS > Topics: arn:aws:sns:...; a comma between several"),
        Need(
            "certificate",
            "pins SNS's signing certificate (PEM) where Amazon cannot be reached; else it is fetched",
            secret=True,
            required=False,
        ),
        Need("api_url", "another endpoint, such as a VPC's", required=False),
    ]

    def __init__(self, clock: Clock = system_clock, certificates: Certificates | None = None) -> None:
        self.clock = clock
        self.certificates = certificates or Certificates()

    def verify(self, request: RawRequest, connection: Connection) -> None:
        signature.verify(request, connection, self.certificates)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return webhook.reports(request.body)

    def trusts(self, url: str) -> bool:
        return is_certificate(url)

    def confirmation(self, request: RawRequest) -> Confirmation | None:
        """SNS asks once whether it may call us. Who unsubscribed us is never overruled."""
        try:
            told = envelope(request.body)
        except UnreadableError:
            return None
        url = told.get("SubscribeURL")
        if told.get("Type") != CONFIRMATION or not isinstance(url, str) or not is_amazon(url):
            return None
        return Confirmation(url) if urlsplit(url).path in ("", "/") else None

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        told = good_json(answer)
        if isinstance(told, dict) and insights.is_insights(told):
            return insights.reports(told)
        return report_of(sending.outcome(answer), answer)

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
        return sending.send(outgoing, connection, http, self.clock())

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
        return insights.ask_about(lookup, connection, http, self.clock())
