"""Life-cycle messages of the French reform (CDV), as any platform can forward them: documents, without a signature.

Nothing is sent over it. Platforms that are asked, such as those behind `afnor`, have the same documents.
"""

from typing import ClassVar

import httpx

from adapters.providers import shared_secret
from adapters.providers.calls import misconfigured
from adapters.providers.france_cdv import documents
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


class FranceCdv:
    name: ClassVar[str] = "france-cdv"
    channel: ClassVar[Channel] = Channel.E_INVOICING
    signs: ClassVar[bool] = False
    one_by_one: ClassVar[bool] = False
    can_ask: ClassVar[bool] = False
    sends: ClassVar[bool] = False
    webhook_key: ClassVar[str | None] = shared_secret.PASSWORD
    needs: ClassVar[list[Need]] = [
        Need(
            shared_secret.PASSWORD,
            f"invent a long one, and give the platform the webhook address as ADDRESS?{shared_secret.QUERY}=PASSWORD",
            secret=True,
        ),
    ]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        shared_secret.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return documents.read(request.body)

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        return documents.read(answer.body)

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:  # noqa: ARG002
        return misconfigured("nothing is sent over life-cycle messages")

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:  # noqa: ARG002
        return []
