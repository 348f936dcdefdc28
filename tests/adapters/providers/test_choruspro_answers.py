"""What Chorus Pro's answers mean, each by itself."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.choruspro.answers import history as entries
from adapters.providers.port import BadSignatureError, ProviderReport, RawAnswer, UnreadableError
from adapters.providers.registry import provider
from domain.reasons import reason as describe
from domain.reports import BuyerResponse
from domain.status import Status
from domain.values import Actor
from tests.adapters.providers.chorus_pro import FLOW, INVOICE, flow, history, listed
from tests.adapters.providers.kit import ATTEMPT, NOON, connection, request

CHORUS = provider("choruspro")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def read(told: object, status: int = 200) -> list[ProviderReport]:
    return CHORUS.read_answer(RawAnswer(status, {}, json.dumps(told).encode()))


def only(told: object) -> ProviderReport:
    (found,) = read(told)
    return found


@pytest.mark.parametrize(
    ("word", "status", "reason", "answer"),
    [
        ("DEPOSEE", Status.SENT, None, None),
        ("EN_COURS_ACHEMINEMENT", Status.SENT, None, None),
        ("MISE_A_DISPOSITION", Status.DELIVERED, None, None),
        ("PRISE_EN_COMPTE_DESTINATAIRE", Status.READ, None, BuyerResponse.IN_PROCESS),
        ("A_VALIDER_1", Status.READ, None, BuyerResponse.IN_PROCESS),
        ("A_VALIDER_2", Status.READ, None, BuyerResponse.IN_PROCESS),
        ("VALIDEE_1", Status.READ, None, BuyerResponse.IN_PROCESS),
        ("VALIDEE_2_HORS_DELAI", Status.READ, None, BuyerResponse.IN_PROCESS),
        ("COMPLETEE", Status.READ, None, BuyerResponse.IN_PROCESS),
        ("TRANSMISE_MOA", Status.READ, None, BuyerResponse.IN_PROCESS),
        ("SUSPENDUE", Status.READ, "under_query", BuyerResponse.UNDER_QUERY),
        ("A_COMPLETER", Status.READ, "under_query", BuyerResponse.UNDER_QUERY),
        ("SERVICE_FAIT", Status.READ, None, BuyerResponse.ACCEPTED),
        ("MANDATEE", Status.READ, None, BuyerResponse.ACCEPTED),
        ("MISE_A_DISPOSITION_COMPTABLE", Status.READ, None, BuyerResponse.ACCEPTED),
        ("COMPTABILISEE", Status.READ, None, BuyerResponse.ACCEPTED),
        ("MISE_EN_PAIEMENT", Status.READ, None, BuyerResponse.PAID),
        ("REJETEE", Status.READ, "buyer_refused", BuyerResponse.REJECTED),
        ("REFUSEE_1", Status.READ, "buyer_refused", BuyerResponse.REJECTED),
        ("REFUSEE_MOE", Status.READ, "buyer_refused", BuyerResponse.REJECTED),
        ("A_RECYCLER", Status.FAILED, "wrong_addressee", None),
        ("ERREUR_SIRET", Status.FAILED, "wrong_addressee", None),
        ("ERREUR_ROUTAGE", Status.FAILED, "wrong_addressee", None),
        ("NON_CONFORME", Status.FAILED, "content_rejected", None),
    ],
)
def test_every_status_of_an_invoice(
    word: str, status: Status, reason: str | None, answer: BuyerResponse | None
) -> None:
    told = only(history((8, word, "2026-01-15 13:00"), words="mot du service"))
    assert (told.status, told.reason, told.buyer_response, told.ignored) == (status, reason, answer, False)
    assert (told.provider_event, told.event_id, told.message_id) == (word, "8", str(INVOICE))
    assert (told.occurred_at, told.diagnostic) == (NOON, "mot du service")


def test_what_goes_back_to_us_yields_to_a_delivery_after_it() -> None:
    """So a corrected address shows as soon as the invoice arrives there."""
    for word in ("A_RECYCLER", "NON_CONFORME", "ERREUR_SIRET"):
        assert not describe(only(history((8, word, "2026-01-15 13:00"))).reason).final


@pytest.mark.parametrize(
    "word",
    ["ABANDONNEE", "SUPPRIMEE", "BROUILLON", "TECHNIQUE_INCONNU", "TELEPORTEE", "VALIDEES", "A_VALIDERX", "ERREURS"],
)
def test_words_without_a_meaning_are_kept_and_do_not_count(word: str) -> None:
    told = only(history((8, word, "2026-01-15 13:00")))
    assert (told.status, told.ignored, told.provider_event) == (None, True, word)


def test_words_are_read_however_they_are_spelled() -> None:
    assert only(history((8, " mise_a_disposition ", "2026-01-15 13:00"))).status is Status.DELIVERED


@pytest.mark.parametrize(
    ("state", "status", "reason"),
    [
        ("IN_RECU", Status.SENT, "processing"),
        ("IN_TRAITE_SE_CPP", Status.SENT, "processing"),
        ("IN_EN_ATTENTE_TRAITEMENT_CPP", Status.SENT, "processing"),
        ("IN_EN_COURS_TRAITEMENT_CPP", Status.SENT, "processing"),
        ("IN_EN_ATTENTE_RETRAITEMENT_CPP", Status.SENT, "processing"),
        ("IN_DEPOT_PORTAIL_EN_ATTENTE_TRAITEMENT_SE_CPP", Status.SENT, "processing"),
        ("IN_INTEGRE", Status.SENT, None),
        ("IN_INTEGRE_PARTIEL", Status.SENT, None),
        ("IN_REJETE", Status.REJECTED, "validation"),
        ("IN_INCIDENTE", Status.FAILED, "provider_error"),
        ("IN_TELEPORTE", None, None),
    ],
)
@pytest.mark.parametrize("detailed", [True, False])
def test_every_state_of_a_flow(state: str, status: Status | None, reason: str | None, detailed: bool) -> None:
    told = flow(state)
    if not detailed:
        moved = {"etatCourantFlux": told.pop("etatCourantDepotFlux"), "nomFichierFlux": told.pop("nomFichier")}
        told |= moved | {"numeroFluxDepot": FLOW, "fichierCR": "JVBERi0="}
    found = only(told)
    assert (found.status, found.reason, found.ignored) == (status, reason, status is None)
    assert (found.provider_event, found.occurred_at, found.attempt_id) == (state, NOON, ATTEMPT)
    assert found.message_id == (None if detailed else FLOW)


def test_a_rejected_flow_says_why() -> None:
    told = flow("IN_REJETE", "Le SIRET est inconnu.", "Le total est faux.")
    told["listeErreurTechnique"] = [{"codeErreur": "ERR_XSD_001", "libelleErreur": "ligne 150", "natureErreur": "n"}]
    found = only(told)
    assert found.diagnostic == (
        "FA-2026-0017: Le SIRET est inconnu.\nFA-2026-0017: Le total est faux.\nERR_XSD_001: ligne 150"
    )
    assert (found.reason, found.actor) == ("validation", Actor.PROVIDER)


@pytest.mark.parametrize("words", ["Doublon de facture", "Ce numéro existe déjà", "numero deja utilise", "DUPLICATE"])
def test_a_flow_that_is_rejected_because_its_invoice_is_there_already_is_a_duplicate(words: str) -> None:
    assert only(flow("IN_REJETE", words)).reason == "duplicate"


def test_the_same_state_of_a_flow_has_the_same_id_and_another_state_another() -> None:
    one, same, other = only(flow("IN_RECU")), only(flow("IN_RECU")), only(flow("IN_INTEGRE"))
    assert one.event_id == same.event_id != other.event_id


def test_of_a_history_only_what_stands_now_counts() -> None:
    told = history((12, "SUSPENDUE", "2026-01-16 09:30"), (11, "MISE_A_DISPOSITION", "2026-01-15 13:00"))
    found = read(told)
    assert [(r.event_id, r.status, r.ignored) for r in found] == [
        ("12", Status.READ, False),
        ("11", Status.DELIVERED, True),
    ]


def test_what_stands_is_what_chorus_pro_calls_current() -> None:
    told = history((11, "DEPOSEE", "2026-01-15 13:00"), (12, "SUSPENDUE", "2026-01-16 09:30"), current="SUSPENDUE")
    assert [(r.event_id, r.ignored) for r in read(told)] == [("11", True), ("12", False)]


def test_the_whole_history_counts_when_it_is_asked_for() -> None:
    told = history((12, "SUSPENDUE", "2026-01-16 09:30"), (11, "MISE_A_DISPOSITION", "2026-07-15 13:00"))
    found = entries(told)
    assert [r.ignored for r in found] == [False, False]
    assert found[1].occurred_at == datetime(2026, 7, 15, 11, tzinfo=UTC)


def test_an_empty_history_still_has_a_current_status() -> None:
    assert only(history(current="MANDATEE")).buyer_response is BuyerResponse.ACCEPTED
    assert read(history() | {"statutCourantCode": ""}) == []


def test_an_entry_without_an_id_has_one_that_is_always_the_same() -> None:
    told: dict[str, Any] = history((0, "DEPOSEE", "2026-01-15 13:00"))
    del told["historiquesDesStatuts"]["histoStatut"][0]["histoStatutId"]
    assert only(told).event_id == only(told).event_id != ""


def test_a_search_lists_invoices_with_their_status() -> None:
    told = listed(INVOICE)
    told["listeFactures"][0] |= {"statut": "SUSPENDUE", "dateHeureEtatCourant": "2026-01-15T12:00:00Z"}
    found = only(told)
    assert (found.status, found.buyer_response) == (Status.READ, BuyerResponse.UNDER_QUERY)
    assert (found.message_id, found.occurred_at) == (FLOW, NOON)
    assert read(listed()) == []


def test_a_deposit_is_on_its_way() -> None:
    told = {"codeRetour": 0, "libelle": "GCU_MSG_01_000", "numeroFluxDepot": FLOW, "dateDepot": "2026-01-15"}
    found = only(told)
    assert (found.status, found.reason, found.message_id) == (Status.SENT, "processing", FLOW)
    assert only({"codeRetour": 0, "identifiantFactureCPP": INVOICE, "statutFacture": "DEPOSEE"}).message_id == str(
        INVOICE
    )


def test_a_refusal_is_one_and_not_finding_something_is_none() -> None:
    assert only({"codeRetour": 20002, "libelle": "GDP_MSG_11.010"}).status is Status.REJECTED
    assert read({"codeRetour": 20001, "libelle": "POQ_MSG_01.003 - Flux introuvable."}) == []


def test_there_are_no_webhooks() -> None:
    with pytest.raises(BadSignatureError):
        CHORUS.verify(request(b"{}", {}), connection("choruspro", {}))
    with pytest.raises(UnreadableError):
        CHORUS.reports(request(b"{}", {}))


@given(
    told=st.dictionaries(
        st.sampled_from(
            [
                "codeRetour",
                "libelle",
                "etatCourantFlux",
                "etatCourantDepotFlux",
                "numeroFluxDepot",
                "nomFichier",
                "dateHeureEtatCourantFlux",
                "listeErreurDP",
                "listeErreurTechnique",
                "historiquesDesStatuts",
                "statutCourantCode",
                "idFacture",
                "listeFactures",
            ]
        ),
        JSON
        | st.fixed_dictionaries(
            {"histoStatut": st.lists(st.dictionaries(st.sampled_from(["histoStatutId", "histoStatutCode"]), JSON))}
        )
        | st.lists(st.dictionaries(st.sampled_from(["statut", "numeroDP", "libelleErreurDP"]), JSON)),
    ),
    status=st.sampled_from([200, 202, 400, 401, 500]),
)
def test_whatever_is_answered_is_read(told: dict[str, Any], status: int) -> None:
    for one in read(told, status):
        assert 0 < len(one.event_id) <= 255
        assert 0 < len(one.provider_event) <= 255
        assert (one.status is None) <= one.ignored


@given(body=st.binary(), status=st.sampled_from([200, 202, 302, 400, 502]))
def test_whatever_bytes_are_answered_are_read(body: bytes, status: int) -> None:
    CHORUS.read_answer(RawAnswer(status, {}, body))
