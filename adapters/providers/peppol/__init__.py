"""Peppol documents as any access point can forward them: message level answers, invoice responses, AS4 answers.

Nothing is sent over it: `storecove`, `recommand` and `phoss_ap` send, and read the same documents.
"""

from typing import ClassVar

import httpx

from adapters.providers import shared_secret
from adapters.providers.calls import misconfigured
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
from domain.values import Channel

WEBHOOK_PASSWORD = Need(
    shared_secret.PASSWORD,
    f"invent a long one, and give the webhook address as ADDRESS?{shared_secret.QUERY}=PASSWORD",
    secret=True,
)


class Peppol:
    name: ClassVar[str] = "peppol"
    channel: ClassVar[Channel] = Channel.E_INVOICING
    signs: ClassVar[bool] = False
    one_by_one: ClassVar[bool] = True
    can_ask: ClassVar[bool] = False
    sends: ClassVar[bool] = False
    webhook_key: ClassVar[str | None] = shared_secret.PASSWORD
    needs: ClassVar[list[Need]] = [WEBHOOK_PASSWORD]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        shared_secret.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return documents.reports(request.body)

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        return documents.reports(answer.body)

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:  # noqa: ARG002
        return misconfigured("documents are only read over this connection; send over an access point's own")

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:  # noqa: ARG002
        return []
