"""Recommand: Peppol through its API v1, webhooks without retries, and its documents for asking."""

from typing import ClassVar

import httpx

from adapters.providers import shared_secret
from adapters.providers.peppol import documents
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
from adapters.providers.recommand import asking, sending, webhook
from adapters.providers.xml import looks_like_xml
from domain.values import Channel


class Recommand:
    name: ClassVar[str] = "recommand"
    channel: ClassVar[Channel] = Channel.E_INVOICING
    signs: ClassVar[bool] = False
    one_by_one: ClassVar[bool] = True
    can_ask: ClassVar[bool] = True
    sends: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = shared_secret.PASSWORD
    needs: ClassVar[list[Need]] = [
        Need("api_key", "API keys: key_..."),
        Need("api_secret", "shown once when that key is made", secret=True),
        Need("company_id", "Companies: the id of the company that sends, c_..."),
        shared_secret.IN_ADDRESS,
        Need("lookup", "'off' to send without asking whether Peppol knows the recipient", required=False, default="on"),
        Need("api_url", "another address of the API", required=False, default=sending.API_URL),
    ]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        webhook.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return documents.reports(request.body) if looks_like_xml(request.body) else webhook.reports(request.body)

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        return asking.read(answer)

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
        return sending.send(outgoing, connection, http)

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
        return asking.ask_about(lookup, connection, http)
