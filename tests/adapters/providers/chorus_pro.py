"""A Chorus Pro that does as it is told: a connection to it, and its answers in their documented shapes."""

from typing import Any
from uuid import uuid4

import msgspec

from adapters.providers.port import Connection
from tests.adapters.providers.kit import ATTEMPT, connection
from tests.adapters.providers.kit_france import NUMBER
from tests.adapters.providers.scripted import Scripted, http

FLOW = "CPP0011117000000000123456"
INVOICE = 4711007
SECRETS = {"client_secret": "piste-secret", "password": "técñique"}


def at(api: Scripted, **settings: Any) -> Connection:
    """A connection of its own, so that no token is remembered from another test."""
    known = {"client_id": f"app-{uuid4()}", "login": "TECH_1@cpro.example", "api_url": api.url, "oauth_url": api.url}
    return msgspec.structs.replace(connection("choruspro", SECRETS, **known | settings), id=uuid4())


def token() -> bytes:
    return http(200, {"access_token": "bearer-1", "token_type": "Bearer", "expires_in": 3600, "scope": "openid"})


def ok(**told: Any) -> bytes:
    return http(200, {"codeRetour": 0, "libelle": "TRA_MSG_00.000"} | told)


def problem(code: int, words: str, status: int = 200) -> bytes:
    return http(status, {"codeRetour": code, "libelle": words})


def flow(state: str = "IN_INTEGRE", *errors: str, file: str = f"{ATTEMPT}.xml") -> dict[str, Any]:
    return {
        "codeRetour": 0,
        "libelle": "TRA_MSG_00.000",
        "nomFichier": file,
        "etatCourantDepotFlux": state,
        "dateHeureEtatCourantFlux": "2026-01-15T13:00:00.000+01:00",
        "listeErreurDP": [{"numeroDP": NUMBER, "libelleErreurDP": words} for words in errors],
        "listeErreurTechnique": [],
    }


def listed(*numbers: int, pages: int = 1, flow: str = FLOW) -> dict[str, Any]:
    found = [{"identifiantFactureCPP": n, "numeroFacture": NUMBER, "numeroFluxDepot": flow} for n in numbers]
    return {"codeRetour": 0, "listeFactures": found, "parametresRetour": {"pageCourante": 1, "pages": pages}}


def history(*entries: tuple[int, str, str], words: str = "", current: str = "") -> dict[str, Any]:
    """Entries are (id, status, French minute), newest first."""
    said = {"histoStatutCommentaire": words} if words else {}
    told = [{"histoStatutId": i, "histoStatutCode": c, "histoStatutDatePassage": d} | said for i, c, d in entries]
    return {
        "codeRetour": 0,
        "idFacture": INVOICE,
        "statutCourantCode": current or (entries[0][1] if entries else "DEPOSEE"),
        "historiquesDesStatuts": {"histoStatut": told},
    }
