"""Any platform with the Flow Service of XP Z12-013: invoices as flows, signed callbacks, life-cycle messages."""

from typing import ClassVar

import httpx

from adapters.providers.afnor import asking, flows, sending, service, signature
from adapters.providers.calls import report_of
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
from adapters.providers.reading import json_object
from adapters.providers.xml import looks_like_xml
from domain.values import Channel


class Afnor:
    name: ClassVar[str] = "afnor"
    channel: ClassVar[Channel] = Channel.E_INVOICING
    signs: ClassVar[bool] = True
    one_by_one: ClassVar[bool] = False
    can_ask: ClassVar[bool] = True
    sends: ClassVar[bool] = True
    pull_only: ClassVar[bool] = True  # its callbacks end with the acknowledgement
    webhook_key: ClassVar[str | None] = signature.KEY
    needs: ClassVar[list[Need]] = [
        Need("api_url", "the platform's documentation: its Flow Service without /v1, https://.../flow-service"),
        Need("token_url", "beside it: where tokens are given out"),
        Need("client_id", "the platform's page for API access"),
        Need("client_secret", "beside it", secret=True),
        Need("signing_key", "answered as signingKey when the webhook is made", secret=True, required=False),
        Need(
            "signature_form",
            "direct, fingerprint (the letter of the standard) or either: what the platform signs",
            required=False,
            default=signature.DIRECT,
        ),
        Need(
            "tolerance_seconds",
            "how old a callback may be; 0 for any age",
            required=False,
            default=signature.TOLERANCE,
        ),
        Need("syntax", "what is sent: UBL, CII or Factur-X", required=False, default=sending.SYNTAXES[0]),
        Need("flow_profile", "Basic, CIUS or Extended-CTC-FR", required=False),
        Need("processing_rule", "B2B, B2G, ...: where the platform does not find out itself", required=False),
        Need("organization_id", "where the access is for several organizations", required=False),
        Need("scope", "where the platform wants one for its tokens", required=False),
        Need(
            "token_auth", "basic where it wants client id and secret in a header", required=False, default=service.BODY
        ),
    ]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        signature.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return flows.reports(request)

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        if looks_like_xml(answer.body):
            return documents.read(answer.body)
        told = json_object(answer.body)
        if flows.is_flow(told):
            return [flows.read(told)]
        if isinstance(told.get("results"), list):
            return [flows.read(one) for one in told["results"] if flows.is_flow(one)]
        return report_of(sending.outcome(answer), answer)

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
        return sending.send(outgoing, connection, http)

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
        return asking.ask_about(lookup, connection, http)
