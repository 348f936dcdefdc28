"""Storecove: Peppol and more through its API v2, unsigned webhooks, and evidence for asking."""

from typing import ClassVar

import httpx

from adapters.providers import shared_secret
from adapters.providers.calls import report_of
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
from adapters.providers.storecove import events, evidence, sending
from adapters.providers.xml import looks_like_xml
from domain.values import Channel


class Storecove:
    name: ClassVar[str] = "storecove"
    channel: ClassVar[Channel] = Channel.E_INVOICING
    signs: ClassVar[bool] = False
    one_by_one: ClassVar[bool] = True
    can_ask: ClassVar[bool] = True
    sends: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = shared_secret.PASSWORD
    needs: ClassVar[list[Need]] = [
        Need("api_key", "API Keys: of the account or the legal entity", secret=True),
        Need("legal_entity_id", "the number of the legal entity that sends"),
        shared_secret.IN_ADDRESS,
        Need("lookup", "'off' to send without asking whether Peppol knows the recipient", required=False, default="on"),
        Need("schemes", "more identifier schemes, such as 0208=BE:EN, separated by commas", required=False),
        Need("api_url", "another address of the API", required=False, default=sending.API_URL),
    ]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        shared_secret.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return documents.reports(request.body) if looks_like_xml(request.body) else events.reports(request.body)

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        if (found := events.pulled(answer)) is not None:
            return found
        return evidence.read(answer) or report_of(sending.outcome(answer), answer)

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
        return sending.send(outgoing, connection, http)

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
        return evidence.ask_about(lookup, connection, http)
