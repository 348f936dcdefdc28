"""Pingen v2: letters from PDFs, webhooks of one category each, and the letters with their events for asking."""

from typing import ClassVar

import httpx

from adapters.providers.pingen import asking, calling_back, organisation, sending, signature, webhook
from adapters.providers.port import (
    Answer,
    CallBackAnswer,
    Connection,
    Lookup,
    Need,
    Outgoing,
    ProviderReport,
    RawAnswer,
    RawRequest,
)
from domain.values import Channel


class Pingen:
    name: ClassVar[str] = "pingen"
    channel: ClassVar[Channel] = Channel.POST
    signs: ClassVar[bool] = True
    one_by_one: ClassVar[bool] = True
    can_ask: ClassVar[bool] = True
    sends: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = signature.KEY
    needs: ClassVar[list[Need]] = [
        Need("client_id", "app.pingen.com > API > Client credentials"),
        Need("client_secret", "shown once when those are made", secret=True),
        Need("organisation_id", "in the address of app.pingen.com, behind /organisations/"),
        Need(signature.KEY, "what you give each webhook as its signing key", secret=True),
        Need("address_position", "where the address stands in the PDF: left or right", required=False, default="left"),
        Need("delivery_product", "fast, cheap, bulk, premium or registered", required=False, default="cheap"),
        Need("print_mode", "simplex or duplex", required=False, default="simplex"),
        Need("print_spectrum", "grayscale or color", required=False, default="grayscale"),
        Need("api_url", "https://api-staging.pingen.com to try it", required=False, default=organisation.API_URL),
        Need(
            "identity_url",
            "https://identity-staging.pingen.com to try it",
            required=False,
            default=organisation.IDENTITY_URL,
        ),
    ]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        signature.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return webhook.reports(request.body)

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        return asking.read(answer)

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
        return sending.send(outgoing, connection, http)

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
        return asking.ask_about(lookup, connection, http)

    def call_back(self, message_id: str, connection: Connection, http: httpx.Client) -> CallBackAnswer:
        return calling_back.call_back(message_id, connection, http)
