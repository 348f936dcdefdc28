"""Resend: e-mail through its API under an idempotency key, Standard Webhooks, and its last event for asking."""

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
from adapters.providers.resend import sending, webhook
from adapters.providers.standard_webhooks import signature
from domain.values import Channel


class Resend:
    name: ClassVar[str] = "resend"
    channel: ClassVar[Channel] = Channel.EMAIL
    signs: ClassVar[bool] = True
    one_by_one: ClassVar[bool] = True
    can_ask: ClassVar[bool] = True
    sends: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = "webhook_secret"
    needs: ClassVar[list[Need]] = [
        Need("api_key", "API Keys: re_..., with full access where it is to be asked too", secret=True),
        Need("webhook_secret", "Webhooks > the webhook > Signing secret: whsec_...", secret=True),
        Need("from_email", "an address of a verified domain"),
        Need("from_name", "the name that recipients see", required=False),
        Need("api_url", "another endpoint", required=False, default=sending.API_URL),
    ]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        signature.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return webhook.reports(request)

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        told = good_json(answer)
        if isinstance(told, dict) and "last_event" in told:
            return [webhook.last_event(told)]
        return report_of(sending.outcome(answer), answer)

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
        return sending.send(outgoing, connection, http)

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
        return sending.ask_about(lookup, connection, http)
