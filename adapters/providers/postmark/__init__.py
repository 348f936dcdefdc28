"""Postmark: e-mail through its API, webhooks that carry a password, and the Messages API for asking."""

from typing import ClassVar

import httpx

from adapters.providers import shared_secret
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
from adapters.providers.postmark import messages, sending, webhook
from domain.values import Channel


class Postmark:
    name: ClassVar[str] = "postmark"
    channel: ClassVar[Channel] = Channel.EMAIL
    signs: ClassVar[bool] = False
    one_by_one: ClassVar[bool] = False
    can_ask: ClassVar[bool] = True
    sends: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = shared_secret.PASSWORD
    needs: ClassVar[list[Need]] = [
        Need("server_token", "Servers > the server > API Tokens", secret=True),
        Need(shared_secret.PASSWORD, "you make it up, and type it under 'Basic auth' of each webhook", secret=True),
        Need(shared_secret.USERNAME, "the user name beside it", required=False, default="sendtrail"),
        Need("from_email", "a confirmed Sender Signature, or any address of a verified domain"),
        Need("from_name", "the name that recipients see", required=False),
        Need("message_stream", "the transactional stream's id", required=False, default=sending.STREAM),
        Need("api_url", "another endpoint", required=False, default=sending.API_URL),
    ]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        shared_secret.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return webhook.reports(request.body)

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        told = good_json(answer)
        if isinstance(told, dict) and messages.is_details(told):
            return messages.reports(told)
        return report_of(sending.outcome(answer), answer)

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
        return sending.send(outgoing, connection, http)

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
        return messages.ask_about(lookup, connection, http)
