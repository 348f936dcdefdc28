"""Twilio Messaging: SMS through its REST API, signed status callbacks, and the Message resource for asking."""

from typing import ClassVar

import httpx

from adapters.providers.calls import report_of
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
from adapters.providers.twilio import callback, messages, sending, signature
from domain.values import Channel


class Twilio:
    name: ClassVar[str] = "twilio"
    channel: ClassVar[Channel] = Channel.SMS
    signs: ClassVar[bool] = True
    one_by_one: ClassVar[bool] = True
    can_ask: ClassVar[bool] = True
    sends: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = "auth_token"
    needs: ClassVar[list[Need]] = [
        Need("account_sid", "Console > Account Dashboard > Account Info: AC..."),
        Need("auth_token", "beside it, the primary auth token: it signs the callbacks", secret=True),
        Need("from_number", "Phone Numbers > Active Numbers, in E.164; or messaging_service_sid", required=False),
        Need("messaging_service_sid", "Messaging > Services: MG...; instead of from_number", required=False),
        Need("api_key_sid", "API keys: SK..., to call with a key instead of the auth token", required=False),
        Need("api_key_secret", "shown once when that key is made", secret=True, required=False),
        Need("webhook_shared_key", "only where Twilio signs with a shared key instead", secret=True, required=False),
        Need("validity_seconds", "how long Twilio may hold a message in its queue", required=False),
        Need("api_url", "another edge or region", required=False, default=sending.API_URL),
    ]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        signature.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return callback.reports(request)

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        found = messages.resources(answer)
        return report_of(sending.outcome(answer), answer) if found is None else messages.reports(found)

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
        return sending.send(outgoing, connection, http)

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
        return messages.ask_about(lookup, connection, http)
