"""Calls through PISTE, the gateway of the state's APIs: a token for the application, and a header for the account.

Every answer of Chorus Pro carries `codeRetour`, 0 where it went well; an error may come as HTTP 200 or 400.
"""

import base64
from typing import Any

import httpx

from adapters.providers.calls import credential, exchange
from adapters.providers.oauth import Client, Exchanged, Tokens, obtained, unanswered
from adapters.providers.port import Connection
from adapters.providers.reading import json_object, text

API_URL = "https://api.piste.gouv.fr"
OAUTH_URL = "https://oauth.piste.gouv.fr"
DEPOSIT = "/cpro/factures/v1/deposer/flux"
FLOW = "/cpro/transverses/v1/consulterCRDetaille"
SEARCH = "/cpro/factures/v1/rechercher/fournisseur"
HISTORY = "/cpro/factures/v1/consulter/historique"
_TOKENS = Tokens()

Told = dict[str, Any]


def call(path: str, body: Told, connection: Connection, http: httpx.Client) -> Exchanged:
    """Raises MisconfiguredError."""
    base = connection.setting("api_url", API_URL).rstrip("/")
    account = {"cpro-account": _account(connection)}

    def post(authorization: dict[str, str]) -> Exchanged:
        return exchange(http, "POST", base + path, json=body, headers=account | authorization)

    return _TOKENS.authorized(_client(connection), http, post)


def ask(path: str, body: Told, connection: Connection, http: httpx.Client) -> Told | None:
    """What it says; None where it knows nothing of it. Raises httpx.HTTPError, MisconfiguredError."""
    answer = obtained(call(path, body, connection, http), connection)
    told = json_object(answer.body)
    if went_well(told) and answer.status == httpx.codes.OK:
        return told
    if knows_nothing(told):
        return None
    raise unanswered(answer, f"codeRetour {code(told)}")


def went_well(told: Told) -> bool:
    return code(told) == "0"


def knows_nothing(told: Told) -> bool:
    """What was asked about is not there (POQ_MSG_01.003 and the like)."""
    return not went_well(told) and "introuvable" in (text(told.get("libelle")) or "").lower()


def code(told: Told) -> str | None:
    return text(told.get("codeRetour"), 20)


def _client(connection: Connection) -> Client:
    base = connection.setting("oauth_url", OAUTH_URL).rstrip("/")
    name, secret = connection.setting("client_id").strip(), credential(connection, "client_secret")
    return Client(f"{base}/api/oauth/token", name, secret, connection.setting("scope", "openid"))


def _account(connection: Connection) -> str:
    """Login and password of the technical account, which may hold any character."""
    both = f"{connection.setting('login').strip()}:{connection.secret('password').strip()}"
    return base64.b64encode(both.encode(errors="replace")).decode()
