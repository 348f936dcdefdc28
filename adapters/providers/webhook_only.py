"""What providers have in common whose webhooks are read and over which nothing is sent."""

from abc import abstractmethod
from typing import ClassVar

import httpx

from adapters.providers import shared_secret
from adapters.providers.calls import misconfigured
from adapters.providers.port import (
    Answer,
    Connection,
    Lookup,
    Need,
    Outgoing,
    ProviderReport,
    RawAnswer,
    RawRequest,
    UnreadableError,
)
from domain.values import Channel


class WebhookOnly:
    channel: ClassVar[Channel] = Channel.EMAIL
    one_by_one: ClassVar[bool] = False
    can_ask: ClassVar[bool] = False
    sends: ClassVar[bool] = False

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:  # noqa: ARG002
        """Raises UnreadableError: nothing is ever asked."""
        raise UnreadableError("only its webhooks are read")

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:  # noqa: ARG002
        return misconfigured("this connection only reports; send over another one")

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:  # noqa: ARG002
        return []


class DocumentsOnly(WebhookOnly):
    """E-invoicing documents that whoever has them forwards, unsigned. Who is asked answers with one, too."""

    channel: ClassVar[Channel] = Channel.E_INVOICING
    signs: ClassVar[bool] = False
    webhook_key: ClassVar[str | None] = shared_secret.PASSWORD
    needs: ClassVar[list[Need]] = [shared_secret.IN_ADDRESS]

    @staticmethod
    @abstractmethod
    def read(body: bytes) -> list[ProviderReport]:
        """What a document says."""

    def verify(self, request: RawRequest, connection: Connection) -> None:
        shared_secret.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return self.read(request.body)

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        return self.read(answer.body)
