"""Mailgun: e-mail through its API, webhooks whose token is signed, and the Events API for asking."""

from typing import ClassVar

import httpx

from adapters.providers.calls import good_json, report_of
from adapters.providers.mailgun import events, sending, signature, webhook
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


class Mailgun:
    name: ClassVar[str] = "mailgun"
    channel: ClassVar[Channel] = Channel.EMAIL
    signs: ClassVar[bool] = True
    one_by_one: ClassVar[bool] = False
    can_ask: ClassVar[bool] = True
    sends: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = "webhook_signing_key"
    needs: ClassVar[list[Need]] = [
        Need("api_key", "API Security > API keys, or the domain's sending key", secret=True),
        Need("webhook_signing_key", "Send > Webhooks > HTTP webhook signing key; not the API key", secret=True),
        Need("domain", "Send > Domains: the domain to send from, such as mg.acme.example"),
        Need("from_email", "an address of that domain"),
        Need("from_name", "the name that recipients see", required=False),
        Need("max_age_seconds", "refuse webhooks that were signed longer ago; without it none is", required=False),
        Need("api_url", "https://api.eu.mailgun.net for a domain in the EU", required=False, default=sending.API_URL),
    ]

    def __init__(self, tokens: signature.Tokens | None = None) -> None:
        self.tokens = tokens or signature.Tokens()

    def verify(self, request: RawRequest, connection: Connection) -> None:
        signature.verify(request, connection, self.tokens)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return webhook.reports(request)

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        told = good_json(answer)
        if isinstance(told, dict) and events.is_page(told):
            return events.reports(told)
        return report_of(sending.outcome(answer), answer)

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
        return sending.send(outgoing, connection, http)

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
        return events.ask_about(lookup, connection, http)
