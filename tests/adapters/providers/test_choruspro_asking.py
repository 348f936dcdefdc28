"""Asking Chorus Pro what became of a deposit: flow, invoices, history."""

from datetime import UTC, datetime

import httpx
import pytest

from adapters.providers.port import Lookup, MisconfiguredError
from adapters.providers.registry import provider
from domain.status import Status
from tests.adapters.providers.chorus_pro import FLOW, INVOICE, at, flow, history, listed, problem, token
from tests.adapters.providers.kit import ATTEMPT, NOON
from tests.adapters.providers.scripted import HANG, Scripted, http

CHORUS = provider("choruspro")
KNOWN = Lookup(ATTEMPT, FLOW)
LOST = Lookup(ATTEMPT, None, None, NOON)
UNKNOWN_FLOW = problem(20001, "POQ_MSG_01.003 - Flux introuvable.", 400)
PATHS = {
    "token": "/api/oauth/token",
    "flow": "/cpro/transverses/v1/consulterCRDetaille",
    "search": "/cpro/factures/v1/rechercher/fournisseur",
    "history": "/cpro/factures/v1/consulter/historique",
}


def asked(api: Scripted) -> list[str]:
    names = {path: name for name, path in PATHS.items()}
    return [names[r.path] for r in api.received]


def test_the_whole_way_from_the_flow_to_the_history(api: Scripted, client: httpx.Client) -> None:
    told = history((12, "MISE_A_DISPOSITION", "2026-01-15 14:30"), (11, "DEPOSEE", "2026-01-15 14:00"))
    api.answers(token(), http(200, flow()), http(200, listed(INVOICE)), http(200, told))
    found = CHORUS.status(KNOWN, at(api), client)
    assert asked(api) == ["token", "flow", "search", "history"]
    assert [r.json for r in api.received[1:]] == [
        {"numeroFluxDepot": FLOW},
        {
            "numeroFluxDepot": FLOW,
            "rechercheFactureParFournisseur": {"pageResultatDemandee": 1, "nbResultatsParPage": 100},
        },
        {"idFacture": INVOICE},
    ]
    assert {r.headers["cpro-account"] for r in api.received[1:]} == {api.received[1].headers["cpro-account"]}
    assert [(r.provider_event, r.status, r.ignored) for r in found] == [
        ("IN_INTEGRE", Status.SENT, False),
        ("DEPOSEE", Status.SENT, False),
        ("MISE_A_DISPOSITION", Status.DELIVERED, False),
    ]
    assert [r.event_id for r in found[1:]] == ["11", "12"]
    assert found[2].occurred_at == datetime(2026, 1, 15, 13, 30, tzinfo=UTC)
    assert {(r.message_id, r.attempt_id) for r in found} == {(FLOW, ATTEMPT)}


def test_asked_again_it_says_the_same_with_the_same_ids(api: Scripted, client: httpx.Client) -> None:
    told = [http(200, flow()), http(200, listed(INVOICE)), http(200, history((11, "DEPOSEE", "2026-01-15 14:00")))]
    here = at(api)
    api.answers(token(), *told)
    first = CHORUS.status(KNOWN, here, client)
    api.answers(*told)
    assert CHORUS.status(KNOWN, here, client) == first


@pytest.mark.parametrize("state", ["IN_RECU", "IN_EN_COURS_TRAITEMENT_CPP", "IN_REJETE", "IN_INCIDENTE", "IN_SOMEHOW"])
def test_a_flow_without_invoices_is_all_there_is(state: str, api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), http(200, flow(state, "because")))
    (found,) = CHORUS.status(KNOWN, at(api), client)
    assert (found.provider_event, found.message_id, found.attempt_id) == (state, FLOW, ATTEMPT)
    assert asked(api) == ["token", "flow"]


def test_an_invoice_that_cannot_be_found_yet(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), http(200, flow()), http(200, listed()))
    (found,) = CHORUS.status(KNOWN, at(api), client)
    assert (found.provider_event, found.status) == ("IN_INTEGRE", Status.SENT)


def test_an_invoice_that_was_left_out_of_its_flow(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), http(200, flow("IN_INTEGRE_PARTIEL", "Le SIRET est inconnu.")), http(200, listed()))
    found = CHORUS.status(KNOWN, at(api), client)
    assert [(r.status, r.reason) for r in found] == [(Status.SENT, None), (Status.REJECTED, "validation")]
    assert found[0].event_id != found[1].event_id
    assert found[1].diagnostic == "FA-2026-0017: Le SIRET est inconnu."


def test_an_invoice_that_was_integrated_with_a_part_of_its_flow(api: Scripted, client: httpx.Client) -> None:
    told = history((11, "DEPOSEE", "2026-01-15 14:00"))
    partial = http(200, flow("IN_INTEGRE_PARTIEL", "Une autre est fausse."))
    api.answers(token(), partial, http(200, listed(INVOICE)), http(200, told))
    assert Status.REJECTED not in {r.status for r in CHORUS.status(KNOWN, at(api), client)}


def test_invoices_of_another_flow_are_none_of_ours(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), http(200, flow()), http(200, listed(INVOICE, flow="CPP2")))
    assert len(CHORUS.status(KNOWN, at(api), client)) == 1
    assert asked(api) == ["token", "flow", "search"]


def test_every_page_of_the_search_is_read(api: Scripted, client: httpx.Client) -> None:
    told = http(200, history((11, "DEPOSEE", "2026-01-15 14:00")))
    api.answers(token(), http(200, flow()), http(200, listed(1, pages=2)), http(200, listed(2, pages=2)), told)
    CHORUS.status(KNOWN, at(api), client)
    assert asked(api) == ["token", "flow", "search", "search", "history", "history"]
    pages = [r.json["rechercheFactureParFournisseur"]["pageResultatDemandee"] for r in api.received[2:4]]
    assert pages == [1, 2]


def test_a_flow_that_is_not_known(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), UNKNOWN_FLOW)
    assert CHORUS.status(KNOWN, at(api), client) == []


@pytest.mark.parametrize(
    "said", [HANG, http(500), http(429), http(200, b"<html>"), problem(20000, "Erreur technique"), http(401)]
)
def test_what_cannot_be_asked_now_is_raised(said: object, api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), said) if said != http(401) else api.answers(token(), said, token(), said)
    with pytest.raises(httpx.HTTPError):
        CHORUS.status(KNOWN, at(api), client)


def test_half_an_answer_is_none(api: Scripted, client: httpx.Client) -> None:
    """Else the flow's state would be taken for all there is to know."""
    api.answers(token(), http(200, flow()), http(200, listed(INVOICE)), http(503))
    with pytest.raises(httpx.HTTPError):
        CHORUS.status(KNOWN, at(api), client)


def test_credentials_that_a_person_must_renew(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(400, {"error": "invalid_client"}))
    with pytest.raises(MisconfiguredError):
        CHORUS.status(KNOWN, at(api), client)
    with pytest.raises(MisconfiguredError):
        CHORUS.status(KNOWN, at(api, login=""), client)


def test_a_deposit_whose_answer_was_lost_is_found_by_the_name_of_its_file(api: Scripted, client: httpx.Client) -> None:
    flows = ["CPP1", "CPP2", FLOW]
    found = listed()
    found["listeFactures"] = [{"identifiantFactureCPP": n, "numeroFluxDepot": f} for n, f in enumerate(flows)]
    api.answers(
        token(),
        http(200, found),
        http(200, flow(file="someone-elses.xml")),
        http(200, flow()),
        http(200, flow()),
        http(200, listed(INVOICE)),
        http(200, history((11, "DEPOSEE", "2026-01-15 14:00"))),
    )
    told = CHORUS.status(Lookup(ATTEMPT, None, None, NOON, frozenset({"CPP1"})), at(api), client)
    assert {(r.message_id, r.attempt_id) for r in told} == {(FLOW, ATTEMPT)}
    searched = api.received[1].json
    assert (searched["periodeDateDepotDu"], searched["periodeDateDepotAu"]) == ("2026-01-15", "2026-01-15")
    looked_into = [r.json["numeroFluxDepot"] for r in api.received[2:4]]
    assert looked_into == ["CPP2", FLOW]  # CPP1 is another attempt's


def test_a_deposit_around_midnight_is_looked_for_on_both_days(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), http(200, listed()))
    late = datetime(2026, 1, 15, 22, 50, tzinfo=UTC)
    assert CHORUS.status(Lookup(ATTEMPT, None, None, late), at(api), client) == []
    searched = api.received[1].json
    assert (searched["periodeDateDepotDu"], searched["periodeDateDepotAu"]) == ("2026-01-15", "2026-01-16")


def test_a_deposit_that_nobody_has_is_not_found(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), http(200, listed(INVOICE)), UNKNOWN_FLOW)
    assert CHORUS.status(LOST, at(api), client) == []


def test_without_a_moment_nothing_is_looked_for(api: Scripted, client: httpx.Client) -> None:
    assert CHORUS.status(Lookup(ATTEMPT), at(api), client) == []
    assert not api.received
