"""Chorus Pro, where French public bodies get their invoices: deposited as flows and asked after, for it never calls."""

from typing import ClassVar

import httpx

from adapters.providers.calls import report_of
from adapters.providers.choruspro import answers, asking, deposit, piste
from adapters.providers.port import (
    Answer,
    BadSignatureError,
    Connection,
    Lookup,
    Need,
    Outgoing,
    ProviderReport,
    RawAnswer,
    RawRequest,
    UnreadableError,
)
from adapters.providers.reading import json_object
from domain.values import Channel


class ChorusPro:
    name: ClassVar[str] = "choruspro"
    channel: ClassVar[Channel] = Channel.E_INVOICING
    signs: ClassVar[bool] = False
    one_by_one: ClassVar[bool] = False
    can_ask: ClassVar[bool] = True
    sends: ClassVar[bool] = True
    pull_only: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = None
    needs: ClassVar[list[Need]] = [
        Need("client_id", "piste.gouv.fr > Applications > your application > OAuth credentials"),
        Need("client_secret", "beside it", secret=True),
        Need("login", "Chorus Pro > Raccordements > your technical account: TECH_...@cpro.fr"),
        Need("password", "the one that was set for the technical account", secret=True),
        Need(
            "syntax",
            "what is deposited: ..._CII_16B for CII, IN_DP_E2_CII_FACTURX for the PDF",
            required=False,
            default=deposit.SYNTAX,
        ),
        Need("user_id", "idUtilisateurCourant, where the account works for several people", required=False),
        Need("scope", "what the token is for", required=False, default="openid"),
        Need("api_url", "https://sandbox-api.piste.gouv.fr to try it", required=False, default=piste.API_URL),
        Need("oauth_url", "https://sandbox-oauth.piste.gouv.fr to try it", required=False, default=piste.OAUTH_URL),
    ]

    def verify(self, request: RawRequest, connection: Connection) -> None:  # noqa: ARG002
        raise BadSignatureError("Chorus Pro has no webhooks", missing=True)

    def reports(self, request: RawRequest) -> list[ProviderReport]:  # noqa: ARG002
        raise UnreadableError("Chorus Pro has no webhooks")

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        told = json_object(answer.body)
        if piste.knows_nothing(told):
            return []
        found = answers.reports(told)
        return report_of(deposit.outcome(answer), answer) if found is None else found

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
        return deposit.send(outgoing, connection, http)

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
        return asking.ask_about(lookup, connection, http)
