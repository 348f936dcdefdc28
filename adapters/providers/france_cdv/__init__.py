"""Life-cycle messages of the French reform (CDV), as any platform can forward them: documents, without a signature.

Nothing is sent over it. Platforms that are asked, such as those behind `afnor`, have the same documents.
"""

from typing import ClassVar

from adapters.providers import shared_secret
from adapters.providers.france_cdv import documents
from adapters.providers.peppol import WEBHOOK_PASSWORD
from adapters.providers.port import Connection, Need, ProviderReport, RawAnswer, RawRequest
from adapters.providers.webhook_only import WebhookOnly
from domain.values import Channel


class FranceCdv(WebhookOnly):
    name: ClassVar[str] = "france-cdv"
    channel: ClassVar[Channel] = Channel.E_INVOICING
    signs: ClassVar[bool] = False
    webhook_key: ClassVar[str | None] = shared_secret.PASSWORD
    needs: ClassVar[list[Need]] = [WEBHOOK_PASSWORD]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        shared_secret.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return documents.read(request.body)

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        """A platform that is asked for a flow answers with the document."""
        return documents.read(answer.body)
