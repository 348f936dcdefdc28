"""Twilio SendGrid: e-mail through its v3 API, its signed Event Webhook, and its Email Activity (a paid add-on)."""

from typing import ClassVar

import httpx

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
from adapters.providers.sendgrid import activity, sending, signature, webhook
from domain.values import Channel


class SendGrid:
    name: ClassVar[str] = "sendgrid"
    channel: ClassVar[Channel] = Channel.EMAIL
    signs: ClassVar[bool] = True
    one_by_one: ClassVar[bool] = False
    can_ask: ClassVar[bool] = True
    sends: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = "public_key"
    needs: ClassVar[list[Need]] = [
        Need("api_key", "Settings > API Keys; with 'Mail Send', and 'Email Activity' for asking", secret=True),
        Need(
            "public_key",
            "Settings > Mail Settings > Event Webhooks > Signed Event Webhook: the verification key",
            secret=True,
        ),
        Need("from_email", "an address under Settings > Sender Authentication"),
        Need("from_name", "the name that recipients see", required=False),
        Need("api_url", "https://api.eu.sendgrid.com for an EU account", required=False, default=sending.API_URL),
    ]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        signature.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return webhook.reports(request.body)

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        told = good_json(answer)
        if activity.is_activity(told):
            return activity.reports(told)
        return report_of(sending.outcome(answer), answer)

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
        return sending.send(outgoing, connection, http)

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
        return activity.ask_about(lookup, connection, http)
