"""Chorus Pro's words: the states of a deposited flow, and the statuses of the invoice that came out of it."""

import re

from adapters.providers.meaning import (
    DELIVERED,
    IGNORED,
    PROCESSING,
    SENT,
    Meaning,
    answered,
    failed,
    rejected,
)
from domain.reports import BuyerResponse

IN_PROCESS = answered(BuyerResponse.IN_PROCESS)
UNDER_QUERY = answered(BuyerResponse.UNDER_QUERY, "under_query")
ACCEPTED = answered(BuyerResponse.ACCEPTED)
PAID = answered(BuyerResponse.PAID)
REFUSED = answered(BuyerResponse.REJECTED, "buyer_refused")
WRONG_ADDRESSEE = failed("wrong_addressee")

FLOW: dict[str, Meaning] = {
    "IN_DEPOT_PORTAIL_EN_ATTENTE_TRAITEMENT_SE_CPP": PROCESSING,
    "IN_RECU": PROCESSING,
    "IN_TRAITE_SE_CPP": PROCESSING,
    "IN_EN_ATTENTE_TRAITEMENT_CPP": PROCESSING,
    "IN_EN_COURS_TRAITEMENT_CPP": PROCESSING,
    "IN_EN_ATTENTE_RETRAITEMENT_CPP": PROCESSING,
    "IN_INTEGRE": SENT,
    "IN_INTEGRE_PARTIEL": SENT,
    "IN_REJETE": rejected("validation"),
    "IN_INCIDENTE": failed("provider_error"),
}
INTEGRATED = frozenset({"IN_INTEGRE", "IN_INTEGRE_PARTIEL"})
"""States in which invoices exist, and can be asked about."""

INVOICE: dict[str, Meaning] = {
    "DEPOSEE": SENT,
    "EN_COURS_ACHEMINEMENT": SENT,
    "MISE_A_DISPOSITION": DELIVERED,
    "PRISE_EN_COMPTE_DESTINATAIRE": IN_PROCESS,
    "COMPLETEE": IN_PROCESS,
    "TRANSMISE_MOA": IN_PROCESS,
    "SUSPENDUE": UNDER_QUERY,
    "A_COMPLETER": UNDER_QUERY,
    "SERVICE_FAIT": ACCEPTED,
    "MANDATEE": ACCEPTED,
    "MISE_A_DISPOSITION_COMPTABLE": ACCEPTED,
    "COMPTABILISEE": ACCEPTED,
    "MISE_EN_PAIEMENT": PAID,
    "REJETEE": REFUSED,
    "A_RECYCLER": WRONG_ADDRESSEE,
    "NON_CONFORME": failed("content_rejected"),
    "ABANDONNEE": IGNORED,
    "SUPPRIMEE": IGNORED,
    "BROUILLON": IGNORED,
    "TECHNIQUE_INCONNU": IGNORED,
}
FAMILIES: dict[str, Meaning] = {
    "A_VALIDER": IN_PROCESS,
    "VALIDEE": IN_PROCESS,
    "REFUSEE": REFUSED,
    "ERREUR": WRONG_ADDRESSEE,
}
"""Statuses that differ only by who did it or what it is about, such as VALIDEE_1, REFUSEE_MOE, ERREUR_SIRET."""

_DUPLICATE = re.compile("doublon|déjà|deja|duplicate", re.IGNORECASE)


def flow(state: str) -> Meaning:
    return FLOW.get(_word(state), IGNORED)


def invoice(status: str) -> Meaning:
    word = _word(status)
    family = next((meaning for name, meaning in FAMILIES.items() if word == name or word.startswith(f"{name}_")), None)
    return INVOICE.get(word) or family or IGNORED


def refusal(*said: str | None) -> str:
    """The reason code of a refusal by its words: it has no code of its own for an invoice number used before."""
    return "duplicate" if any(_DUPLICATE.search(words) for words in said if words) else "validation"


def _word(told: str) -> str:
    return told.strip().upper()
