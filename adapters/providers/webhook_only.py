"""What providers have in common whose webhooks are read and over which nothing is sent."""

from typing import ClassVar

import httpx

from adapters.providers.calls import misconfigured
from adapters.providers.port import (
    Answer,
    Connection,
    Lookup,
    Outgoing,
    ProviderReport,
    RawAnswer,
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
