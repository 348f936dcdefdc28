"""Brevo (once Sendinblue): e-mail through its API v3, webhooks with a password or a token, and its report of events."""

from typing import ClassVar

import httpx

from adapters.providers import shared_secret
from adapters.providers.brevo import asking, sending, webhook
from adapters.providers.calls import good_json, report_of
from adapters.providers.port import (
    Answer,
    Connection,
    Lookup,
    Need,
    Outgoing,
    ProviderReport,
    RawAnswer,
    RawRequest,
)
from domain.values import Channel


class Brevo:
    name: ClassVar[str] = "brevo"
    channel: ClassVar[Channel] = Channel.EMAIL
    signs: ClassVar[bool] = False
    one_by_one: ClassVar[bool] = False
    can_ask: ClassVar[bool] = True
    sends: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = shared_secret.PASSWORD
    needs: ClassVar[list[Need]] = [
        Need("api_key", "Settings > SMTP & API > API keys", secret=True),
        Need(shared_secret.PASSWORD, "you make it up, and type it as the webhook's token or password", secret=True),
        Need(shared_secret.USERNAME, "the user name beside a password", required=False, default="sendtrail"),
        Need("from_email", "a verified sender, or any address of an authenticated domain"),
        Need("from_name", "the name that recipients see", required=False),
        Need("api_url", "another endpoint", required=False, default=sending.API_URL),
    ]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        shared_secret.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return webhook.reports(request.body)

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        told = good_json(answer)
        if asking.is_report(answer, told):
            return asking.reports(told)
        return report_of(sending.outcome(answer), answer)

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
        return sending.send(outgoing, connection, http)

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
        return asking.ask_about(lookup, connection, http)
