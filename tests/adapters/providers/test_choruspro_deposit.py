"""Depositing an invoice at Chorus Pro, over real HTTP."""

import base64

import httpx
import msgspec
import pytest

from adapters.providers.port import Outgoing, Refused, Taken, TryLater, Unknown, is_pull_only
from adapters.providers.registry import PROVIDERS, provider
from domain.status import Status
from domain.values import HandedMessage
from tests.adapters.providers.chorus_pro import FLOW, at, ok, problem, token
from tests.adapters.providers.kit import ATTEMPT
from tests.adapters.providers.kit_france import invoice, outgoing
from tests.adapters.providers.scripted import CUT, CUT_IN_ANSWER, HANG, Scripted, http, nobody

CHORUS = provider("choruspro")
TAKEN = ok(numeroFluxDepot=FLOW, dateDepot="2026-01-15", syntaxeFlux="IN_DP_E1_UBL_INVOICE")
PDF = "application/pdf"


def test_a_deposit_as_it_is_documented(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), TAKEN)
    assert CHORUS.send(outgoing(), at(api), client) == Taken([HandedMessage(FLOW)])
    asked, deposited = api.received
    assert (asked.path, asked.form["scope"]) == ("/api/oauth/token", "openid")
    assert (deposited.method, deposited.path) == ("POST", "/cpro/factures/v1/deposer/flux")
    assert deposited.headers["authorization"] == "Bearer bearer-1"
    account = base64.b64decode(deposited.headers["cpro-account"]).decode()
    assert account == "TECH_1@cpro.example:técñique"
    assert deposited.json == {
        "fichierFlux": base64.b64encode(invoice()).decode(),
        "nomFichier": f"{ATTEMPT}.xml",
        "syntaxeFlux": "IN_DP_E1_UBL_INVOICE",
        "avecSignature": False,
    }
    assert len(deposited.json["nomFichier"]) <= 50


def test_a_token_is_asked_for_once(api: Scripted, client: httpx.Client) -> None:
    here = at(api)
    api.answers(token(), TAKEN)
    for _ in range(3):
        assert isinstance(CHORUS.send(outgoing(), here, client), Taken)
    assert [r.path for r in api.received] == ["/api/oauth/token"] + ["/cpro/factures/v1/deposer/flux"] * 3


def test_a_token_that_ended_early_costs_no_second_deposit(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), http(401), token(), TAKEN)
    assert isinstance(CHORUS.send(outgoing(), at(api), client), Taken)
    assert len(api.received) == 4


@pytest.mark.parametrize(
    ("syntax", "kind", "name"),
    [
        ("IN_DP_E1_CII_16B", "text/xml", f"{ATTEMPT}.xml"),
        ("in_dp_e2_cii_facturx", PDF, f"{ATTEMPT}.pdf"),
    ],
)
def test_another_syntax(syntax: str, kind: str, name: str, api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), TAKEN)
    answer = CHORUS.send(outgoing(b"%PDF or XML", kind=kind), at(api, syntax=syntax, user_id="12"), client)
    assert isinstance(answer, Taken)
    told = api.received[1].json
    assert (told["syntaxeFlux"], told["nomFichier"], told["idUtilisateurCourant"]) == (syntax.upper(), name, 12)


@pytest.mark.parametrize("message", [outgoing(kind=PDF), msgspec.structs.replace(outgoing(), attachments=[])])
def test_without_the_document_nothing_is_deposited(message: Outgoing, api: Scripted, client: httpx.Client) -> None:
    answer = CHORUS.send(message, at(api), client)
    assert isinstance(answer, Refused)
    assert (answer.reason, answer.status) == ("document_missing", Status.FAILED)
    assert not api.received


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (problem(20003, "Doublon : ce numero a deja ete depose."), "duplicate"),
        (problem(20003, "Le numéro de facture existe déjà.", 400), "duplicate"),
        (problem(20002, "Le fichier n'est pas conforme."), "validation"),
        (problem(20002, "La structure n'existe pas.", 400), "validation"),
        (problem(20001, "GDP_MSG_11.022 : trop volumineux", 400), "too_large"),
        (problem(1, "l"), "validation"),
        (http(413), "too_large"),
        (http(403), "authentication"),
        (http(404), "misconfigured"),
    ],
)
def test_what_is_refused_for_good(said: bytes, reason: str, api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), said)
    answer = CHORUS.send(outgoing(), at(api), client)
    assert isinstance(answer, Refused)
    assert answer.reason == reason
    assert answer.status == (Status.FAILED if reason == "misconfigured" else Status.REJECTED)


def test_credentials_that_are_refused_twice(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), http(401), token(), http(401))
    answer = CHORUS.send(outgoing(), at(api), client)
    assert isinstance(answer, Refused)
    assert answer.reason == "authentication"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (http(429, headers={"Retry-After": "30"}), "rate_limited"),
        (problem(20000, "Service momentanement indisponible"), "provider_outage"),
    ],
)
def test_what_is_tried_again(said: bytes, reason: str, api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), said)
    answer = CHORUS.send(outgoing(), at(api), client)
    assert isinstance(answer, TryLater)
    assert answer.reason == reason


@pytest.mark.parametrize(
    "said",
    [
        HANG,
        CUT,
        CUT_IN_ANSWER,
        http(500),
        http(502, b"<html>"),
        http(503),
        http(408),
        http(200, b"not json"),
        http(200, {"codeRetour": 0, "libelle": "ok"}),
        problem(20000, "Erreur technique", 500),
    ],
)
def test_an_answer_that_says_nothing_is_never_a_second_deposit(
    said: object, api: Scripted, client: httpx.Client
) -> None:
    api.answers(token(), said)
    assert isinstance(CHORUS.send(outgoing(), at(api), client), Unknown)
    assert len(api.received) == 2


@pytest.mark.parametrize("said", [HANG, CUT, http(503)])
def test_without_a_token_nothing_was_deposited(said: object, api: Scripted, client: httpx.Client) -> None:
    api.answers(said)
    assert isinstance(CHORUS.send(outgoing(), at(api), client), TryLater)


def test_a_gateway_that_is_not_there(api: Scripted, client: httpx.Client) -> None:
    api.answers(token())
    with nobody() as url:
        assert isinstance(CHORUS.send(outgoing(), at(api, api_url=url), client), TryLater)


@pytest.mark.parametrize("missing", ["client_secret", "password"])
def test_a_secret_that_is_missing(missing: str, api: Scripted, client: httpx.Client) -> None:
    here = at(api)
    here = msgspec.structs.replace(here, secrets={n: v for n, v in here.secrets.items() if n != missing})
    answer = CHORUS.send(outgoing(), here, client)
    assert isinstance(answer, Refused)
    assert (answer.reason, answer.status) == ("misconfigured", Status.FAILED)
    assert missing in answer.detail


@pytest.mark.parametrize("missing", ["client_id", "login"])
def test_a_setting_that_is_missing(missing: str, api: Scripted, client: httpx.Client) -> None:
    answer = CHORUS.send(outgoing(), at(api, **{missing: ""}), client)
    assert isinstance(answer, Refused)
    assert answer.reason == "misconfigured"


def test_of_french_platforms_only_asking_tells_the_end() -> None:
    only_asked = {name for name, one in PROVIDERS.items() if is_pull_only(one)}
    assert only_asked >= {"choruspro", "afnor"}
    assert all(PROVIDERS[name].can_ask for name in only_asked)
