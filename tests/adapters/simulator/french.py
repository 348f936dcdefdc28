"""Accounts at the simulated French platforms, and the calls that tests make there."""

import base64
import json
from typing import Any

import httpx

from tests.adapters.providers.kit_france import invoice
from tests.adapters.simulator.lab import Lab

KEY, SECRET = "application-1", "secret-of-the-tests"
CHORUS_ACCOUNT = {"provider": "choruspro", "key": KEY, "token": SECRET}
AFNOR_ACCOUNT = {"provider": "afnor", "key": KEY, "token": SECRET}
CHORUS, FLOWS = "/cpro/factures/v1", "/flow-service/v1/flows"
STATE = "/cpro/transverses/v1/consulterCR"


def document(digits: str = "6789", number: str | None = None) -> bytes:
    """An invoice to a buyer that behaves by these digits; each digits their own number."""
    return invoice(number or f"FA-{digits}", buyer=f"0225:12345{digits}")


class French:
    """One platform's API, with a token."""

    def __init__(self, lab: Lab, token_path: str, scope: str = "") -> None:
        self.lab, self.token_path, self.scope = lab, token_path, scope
        self.token = self.ask_token().json()["access_token"]

    def ask_token(self, **form: str) -> httpx.Response:
        told = {"grant_type": "client_credentials", "client_id": KEY, "client_secret": SECRET, "scope": self.scope}
        return self.lab.http.post(self.token_path, data=told | form)

    @property
    def headers(self) -> dict[str, str]:
        account = base64.b64encode(f"TECH_1@cpro.example:{SECRET}".encode()).decode()
        return {"Authorization": f"Bearer {self.token}", "cpro-account": account}

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return self.lab.http.post(path, json=body, headers=self.headers | headers)

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.lab.http.get(path, params=query, headers=self.headers)


class Chorus(French):
    def __init__(self, lab: Lab) -> None:
        lab.control("POST", "/accounts", CHORUS_ACCOUNT)
        super().__init__(lab, "/api/oauth/token", "openid")

    def deposit(self, content: bytes, **changes: Any) -> httpx.Response:
        told = {"fichierFlux": base64.b64encode(content).decode(), "nomFichier": "a.xml", "avecSignature": False}
        return self.post(f"{CHORUS}/deposer/flux", told | {"syntaxeFlux": "IN_DP_E1_UBL_INVOICE"} | changes)

    def deposited(self, digits: str = "6789", number: str | None = None) -> str:
        told = self.deposit(document(digits, number)).json()
        assert told["codeRetour"] == 0, told
        return str(told["numeroFluxDepot"])

    def state(self, flow: str) -> str:
        return str(self.post(STATE, {"numeroFluxDepot": flow}).json()["etatCourantFlux"])


class Platform(French):
    def __init__(self, lab: Lab) -> None:
        lab.control("POST", "/accounts", AFNOR_ACCOUNT)
        super().__init__(lab, "/auth-service/token")

    def send(self, content: bytes, **information: Any) -> httpx.Response:
        told = {"name": "a.xml", "flowSyntax": "UBL"} | information
        parts: Any = {
            "flowInfo": (None, json.dumps(told), "application/json"),
            "file": ("a.xml", content, "application/xml"),
        }
        return self.lab.http.post(FLOWS, files=parts, headers=self.headers)

    def sent(self, digits: str = "6789", **information: Any) -> str:
        answer = self.send(document(digits), **information)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["flowId"])

    def acknowledged(self, flow: str) -> str:
        return str(self.get(f"{FLOWS}/{flow}").json()["acknowledgement"]["status"])

    def search(self, limit: int = 100, cursor: str = "", **where: Any) -> httpx.Response:
        return self.post(f"{FLOWS}/search", {"where": where, "limit": limit} | ({"cursor": cursor} if cursor else {}))
