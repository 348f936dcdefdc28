"""The simulated Chorus Pro: what it takes, and what it says as time goes by."""

import base64
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from chorusapi.client import ChorusAPI
from chorusapi.constants.etat_courant_flux import EtatCourantFlux
from chorusapi.constants.syntax_flux_constant import SyntaxFlux

from tests.adapters.simulator.french import CHORUS, KEY, SECRET, STATE, Chorus, document
from tests.adapters.simulator.lab import NOON, Lab
from tests.support.eventually import eventually


@pytest.fixture
def chorus(lab: Lab) -> Chorus:
    return Chorus(lab)


def search(chorus: Chorus, **criteria: Any) -> dict[str, Any]:
    found: dict[str, Any] = chorus.post(f"{CHORUS}/rechercher/fournisseur", criteria).json()
    return found


def history(chorus: Chorus, flow: str) -> dict[str, Any]:
    (listed,) = search(chorus, numeroFluxDepot=flow)["listeFactures"]
    told = chorus.post(f"{CHORUS}/consulter/historique", {"idFacture": listed["identifiantFactureCPP"]}).json()
    assert isinstance(told, dict)
    return told


def codes(chorus: Chorus, flow: str) -> list[str]:
    return [one["histoStatutCode"] for one in history(chorus, flow)["historiquesDesStatuts"]["histoStatut"]]


# tokens


def test_a_token_is_given_to_who_has_the_secret(chorus: Chorus) -> None:
    told = chorus.ask_token().json()
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 3600, "openid")
    for wrong in ({"client_secret": "x"}, {"client_id": "x"}, {"grant_type": "password"}, {"scope": "all"}):
        assert chorus.ask_token(**wrong).status_code == 400


def test_nothing_is_told_without_token_and_account(chorus: Chorus) -> None:
    other = base64.b64encode(b"TECH:wrong").decode()
    for headers in (
        {"Authorization": "Bearer x"},
        {"cpro-account": ""},
        {"cpro-account": other},
        {"cpro-account": "é!"},
    ):
        sent = {name: value.encode() for name, value in headers.items()}
        answer = chorus.lab.http.post(STATE, json={}, headers=dict(chorus.headers) | sent)  # type: ignore[arg-type]
        assert answer.status_code == 401


# what is taken


def test_an_invoice_goes_its_way(chorus: Chorus) -> None:
    flow = chorus.deposited()
    eventually(lambda: chorus.state(flow) == "IN_INTEGRE", 15)
    assert codes(chorus, flow) == ["MISE_A_DISPOSITION", "DEPOSEE"]
    told = history(chorus, flow)
    assert told["statutCourantCode"] == "MISE_A_DISPOSITION"
    entries = told["historiquesDesStatuts"]["histoStatut"]
    assert {one["histoStatutDatePassage"] for one in entries} == {"2026-01-15 13:00"}  # French time
    assert entries[0]["histoStatutId"] > entries[1]["histoStatutId"]


@pytest.mark.parametrize(
    ("digits", "code"),
    [
        ("1001", "PRISE_EN_COMPTE_DESTINATAIRE"),
        ("1002", "SUSPENDUE"),
        ("1003", "SERVICE_FAIT"),
        ("1004", "REJETEE"),
        ("1005", "MANDATEE"),
    ],
)
def test_what_the_buyer_does(digits: str, code: str, chorus: Chorus) -> None:
    flow = chorus.deposited(digits)
    eventually(lambda: chorus.state(flow) == "IN_INTEGRE" and codes(chorus, flow)[0] == code, 15)


def test_what_happens_later_happens_when_it_is_time(chorus: Chorus) -> None:
    flow = chorus.deposited("1006")
    eventually(lambda: chorus.state(flow) == "IN_INTEGRE" and codes(chorus, flow)[0] == "MANDATEE", 15)
    chorus.lab.hurry(lambda: codes(chorus, flow)[0] == "MISE_EN_PAIEMENT")


def test_a_person_can_let_anything_happen(chorus: Chorus) -> None:
    flow = chorus.deposited("5555")
    eventually(lambda: chorus.state(flow) == "IN_INTEGRE", 15)
    event = {"event": "misdirected", "fields": {"histoStatutCommentaire": "Autre service"}}
    chorus.lab.control("POST", f"/messages/{flow}/events", event)
    newest = history(chorus, flow)["historiquesDesStatuts"]["histoStatut"][0]
    assert (newest["histoStatutCode"], newest["histoStatutCommentaire"]) == ("A_RECYCLER", "Autre service")


def test_a_flow_can_be_rejected(chorus: Chorus) -> None:
    flow = chorus.deposited("2001")
    eventually(lambda: chorus.state(flow) == "IN_REJETE", 15)
    told = chorus.post(f"{STATE}Detaille", {"numeroFluxDepot": flow}).json()
    assert told["listeErreurDP"][0]["numeroDP"] == "FA-2001"
    assert "numeroFluxDepot" not in told
    assert search(chorus, numeroFluxDepot=flow)["listeFactures"] == []


def test_a_flow_can_have_an_incident(chorus: Chorus) -> None:
    flow = chorus.deposited("2003")
    eventually(lambda: chorus.state(flow) == "IN_INCIDENTE", 15)


def test_until_anything_happens_a_flow_is_worked_on(open_lab: Callable[..., Lab]) -> None:
    chorus = Chorus(open_lab(delay=3600))
    flow = chorus.deposited()
    assert chorus.state(flow) == "IN_EN_COURS_TRAITEMENT_CPP"
    assert search(chorus)["listeFactures"] == []
    chorus.lab.hurry(lambda: chorus.state(flow) == "IN_INTEGRE")


# what is refused


def refused(answer: httpx.Response) -> str:
    assert answer.status_code == 400
    assert answer.json()["codeRetour"] != 0
    return str(answer.json()["libelle"])


def test_a_number_that_is_there_already_is_a_duplicate(chorus: Chorus) -> None:
    flow = chorus.deposited()
    eventually(lambda: chorus.state(flow) == "IN_INTEGRE", 15)
    assert "Doublon" in refused(chorus.deposit(document()))


def test_a_number_that_was_rejected_can_be_deposited_again(chorus: Chorus) -> None:
    flow = chorus.deposited("2001", "FA-1")
    eventually(lambda: chorus.state(flow) == "IN_REJETE", 15)
    assert chorus.deposited("6789", "FA-1") != flow


@pytest.mark.parametrize("content", [b"", b"<a/>", b"%PDF-1.7"])
def test_what_is_no_invoice_is_refused(content: bytes, chorus: Chorus) -> None:
    assert "conforme" in refused(chorus.deposit(content))


def test_what_lacks_something_is_refused(chorus: Chorus) -> None:
    for lacking in ({"fichierFlux": None}, {"fichierFlux": "?"}, {"nomFichier": None}, {"syntaxeFlux": ""}):
        refused(chorus.deposit(document(), **lacking))
    assert "reference" in refused(chorus.deposit(document("4004")))
    assert chorus.post(f"{CHORUS}/deposer/flux", [1]).status_code == 400


def test_misbehaviour(chorus: Chorus) -> None:
    assert [chorus.deposit(document("0429")).status_code for _ in range(3)] == [429, 429, 200]
    assert chorus.deposit(document("0500")).status_code == 500
    with pytest.raises(httpx.HTTPError):
        chorus.deposit(document("0408"))
    (taken,) = chorus.lab.messages(provider="choruspro", to="123450408")
    eventually(lambda: chorus.state(taken["id"]) == "IN_INTEGRE", 15)


# what is asked


def test_what_is_not_known(chorus: Chorus) -> None:
    assert "introuvable" in refused(chorus.post(STATE, {"numeroFluxDepot": "CPP1"}))
    assert "introuvable" in refused(chorus.post(f"{CHORUS}/consulter/historique", {"idFacture": 7}))


def test_the_search(chorus: Chorus) -> None:
    flows = [chorus.deposited(number=f"FA-{n}") for n in range(3)]
    eventually(lambda: all(chorus.state(flow) == "IN_INTEGRE" for flow in flows), 15)
    assert [one["numeroFacture"] for one in search(chorus, numeroFacture="FA-1")["listeFactures"]] == ["FA-1"]
    today, other = NOON.date().isoformat(), "2026-01-16"
    assert len(search(chorus, periodeDateDepotDu=today, periodeDateDepotAu=today)["listeFactures"]) == 3
    assert search(chorus, periodeDateDepotDu=other, periodeDateDepotAu=other)["listeFactures"] == []
    page = search(chorus, rechercheFactureParFournisseur={"pageResultatDemandee": 2, "nbResultatsParPage": 2})
    assert len(page["listeFactures"]) == 1
    assert page["parametresRetour"] == {"pageCourante": 2, "pages": 2, "nbResultatsParPage": 2, "total": 3}
    refused(
        chorus.post(f"{CHORUS}/rechercher/fournisseur", {"rechercheFactureParFournisseur": {"nbResultatsParPage": "x"}})
    )


def test_it_never_calls_back(chorus: Chorus) -> None:
    account = {"provider": "choruspro", "key": KEY, "token": SECRET, "webhook_url": f"{chorus.lab.receiver.url}/chorus"}
    chorus.lab.control("POST", "/accounts", account)
    flow = chorus.deposited("1005")
    eventually(lambda: chorus.state(flow) == "IN_INTEGRE" and codes(chorus, flow)[0] == "MANDATEE", 15)
    assert not chorus.lab.callbacks()


def test_a_client_that_others_wrote_gets_along_with_it(lab: Lab) -> None:
    chorus = Chorus(lab)
    api = ChorusAPI(KEY, SECRET, "TECH_1@cpro.example", SECRET)
    api.auth_url, api.api_url = f"{lab.url}/api/oauth/token", lab.url
    content = base64.b64encode(document()).decode()
    deposited = api.auth().deposer_flux(content, "a.xml", syntaxe_flux=SyntaxFlux.IN_DP_E1_UBL_INVOICE)
    assert deposited.code_retour == 0
    flow = deposited.numero_flux_depot
    eventually(lambda: api.consulter_cr(flow).etat_courant_flux == EtatCourantFlux.IN_INTEGRE.code, 15)
    detailed = api.consulter_cr_detaille(flow)
    assert (detailed.etat_courant_depot_flux, detailed.nomFichier) == ("IN_INTEGRE", "a.xml")
    (listed,) = api.rechercher_facture(flow).liste_factures
    assert (listed.numero_facture, listed.statut) == ("FA-6789", codes(chorus, flow)[0])
