"""Peppol documents as any access point can forward them: message level answers, invoice responses, AS4 answers.

Nothing is sent over it: `storecove`, `recommand` and `phoss_ap` send, and read the same documents.
"""

from typing import ClassVar

from adapters.providers import shared_secret
from adapters.providers.peppol import documents
from adapters.providers.port import Connection, Need, ProviderReport, RawAnswer, RawRequest
from adapters.providers.webhook_only import WebhookOnly
from domain.values import Channel

WEBHOOK_PASSWORD = Need(
    shared_secret.PASSWORD,
    f"invent a long one, and give the webhook address as ADDRESS?{shared_secret.QUERY}=PASSWORD",
    secret=True,
)


class Peppol(WebhookOnly):
    name: ClassVar[str] = "peppol"
    channel: ClassVar[Channel] = Channel.E_INVOICING
    signs: ClassVar[bool] = False
    webhook_key: ClassVar[str | None] = shared_secret.PASSWORD
    needs: ClassVar[list[Need]] = [WEBHOOK_PASSWORD]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        shared_secret.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return documents.reports(request.body)

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        """An access point may answer a send with the report of it."""
        return documents.reports(answer.body)
