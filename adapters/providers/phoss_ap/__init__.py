"""phoss AP: an access point of your own. Sending over AS4 within the call, its transactions for asking, and the
documents that it forwards (Invoice Responses among them) as webhooks.
"""

from typing import ClassVar

import httpx

from adapters.providers import shared_secret
from adapters.providers.calls import report_of
from adapters.providers.peppol import documents, sending_report
from adapters.providers.phoss_ap import sending, transactions
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
from adapters.providers.reading import load_json
from adapters.providers.xml import looks_like_xml
from domain.values import Channel


class PhossAp:
    name: ClassVar[str] = "phoss_ap"
    channel: ClassVar[Channel] = Channel.E_INVOICING
    signs: ClassVar[bool] = False
    one_by_one: ClassVar[bool] = True
    can_ask: ClassVar[bool] = True
    sends: ClassVar[bool] = True
    calls_rarely: ClassVar[bool] = True
    """Only when a document comes in."""
    webhook_key: ClassVar[str | None] = shared_secret.PASSWORD
    needs: ClassVar[list[Need]] = [
        Need("api_url", "where it runs, such as http://phoss-ap:8080"),
        Need("token", "its property phase4.api.requiredtoken", secret=True),
        shared_secret.IN_ADDRESS,
        Need("sender_id", "the participant that sends (scheme:id), if not the seller of each document", required=False),
        Need("country", "the sender's country, such as AT, if not that of each document's seller", required=False),
    ]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        shared_secret.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return documents.reports(request.body) if looks_like_xml(request.body) else _json(request.body)

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        if looks_like_xml(answer.body):
            return documents.reports(answer.body)
        told = load_json(answer.body) if answer.body else None
        if transactions.is_transaction(told) or sending_report.is_report(told) or isinstance(told, list):
            return _json(answer.body)
        return report_of(sending.outcome(answer), answer)

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
        return sending.send(outgoing, connection, http)

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
        return transactions.ask_about(lookup, connection, http)


def _json(body: bytes) -> list[ProviderReport]:
    """A transaction, or several, or phase4's report of a sending. Raises UnreadableError."""
    told = load_json(body)
    listed = told if isinstance(told, list) else [told]
    if all(transactions.is_transaction(one) for one in listed):
        return [report for one in listed for report in transactions.reports(one)]
    return documents.json_reports(told)
