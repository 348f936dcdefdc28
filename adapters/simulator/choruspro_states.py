"""What Chorus Pro says of a deposit: the state of the flow, and the statuses of the invoice that came out of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from adapters.simulator.behaviour import Event
from adapters.simulator.messages import Message, Occurrence
from adapters.simulator.network import ANSWERS

FRANCE = ZoneInfo("Europe/Paris")
OK = {"codeRetour": 0, "libelle": "TRA_MSG_00.000"}


class Word(NamedTuple):
    """The flow's state if it is about the flow, else the invoice's status."""

    state: str = ""
    status: str = ""
    words: str = ""


WORDS: Mapping[Event, Word] = {
    Event.DEFERRED: Word("IN_EN_ATTENTE_RETRAITEMENT_CPP"),
    Event.FAILED: Word("IN_INCIDENTE"),
    Event.NETWORK_REJECTED: Word("IN_REJETE", words="Le montant TTC ne correspond pas a la somme des lignes."),
    Event.SENT: Word("IN_INTEGRE", "DEPOSEE"),
    Event.DELIVERED: Word(status="MISE_A_DISPOSITION"),
    Event.IN_PROCESS: Word(status="PRISE_EN_COMPTE_DESTINATAIRE"),
    Event.UNDER_QUERY: Word(status="SUSPENDUE", words=ANSWERS[Event.UNDER_QUERY].words),
    Event.CONDITIONALLY_ACCEPTED: Word(status="SERVICE_FAIT"),
    Event.ACCEPTED: Word(status="MANDATEE"),
    Event.BUYER_REJECTED: Word(status="REJETEE", words=ANSWERS[Event.BUYER_REJECTED].words),
    Event.PAID: Word(status="MISE_EN_PAIEMENT"),
    Event.MISDIRECTED: Word(status="A_RECYCLER", words="Le service executant n'est pas le bon."),
}


def state(message: Message) -> str:
    """A rejection stands; until anything has happened the flow is worked on."""
    states = [word.state for one in message.occurrences if (word := WORDS[one.event]).state]
    return "IN_REJETE" if "IN_REJETE" in states else states[-1] if states else "IN_EN_COURS_TRAITEMENT_CPP"


def statuses(message: Message) -> list[Occurrence]:
    """The invoice's, newest first; none before it exists."""
    if state(message) != "IN_INTEGRE":
        return []
    return [one for one in reversed(message.occurrences) if WORDS[one.event].status]


def flow(message: Message) -> dict[str, Any]:
    """`consulterCR`."""
    return OK | {
        "numeroFluxDepot": message.id,
        "nomFichierFlux": message.request["nomFichier"],
        "etatCourantFlux": state(message),
        "dateDepotFlux": _iso(message.received_at),
        "dateHeureEtatCourantFlux": _iso(_changed(message)),
        "fichierCR": "",
    }


def detailed_flow(message: Message) -> dict[str, Any]:
    """`consulterCRDetaille`, which does not repeat the flow's number."""
    rejected = [WORDS[one.event].words for one in message.occurrences if WORDS[one.event].state == "IN_REJETE"]
    return OK | {
        "nomFichier": message.request["nomFichier"],
        "etatCourantDepotFlux": state(message),
        "dateDepotFlux": _iso(message.received_at),
        "dateHeureEtatCourantFlux": _iso(_changed(message)),
        "listeErreurDP": [{"numeroDP": message.subject, "libelleErreurDP": words} for words in rejected],
        "listeErreurTechnique": [],
    }


def listed(message: Message) -> dict[str, Any]:
    """One of `rechercher/fournisseur`."""
    newest = statuses(message)[0]
    return {
        "identifiantFactureCPP": invoice_id(message),
        "numeroFacture": message.subject,
        "numeroFluxDepot": message.id,
        "dateDepot": message.received_at.astimezone(FRANCE).date().isoformat(),
        "dateHeureEtatCourant": _iso(newest.at),
        "statut": WORDS[newest.event].status,
        "typeFacture": "FACTURE",
    }


def history(message: Message) -> dict[str, Any]:
    """`consulter/historique`."""
    entries = [_entry(message, one) for one in statuses(message)]
    return {
        "codeRetour": 0,
        "libelle": "GCU_MSG_01_000",
        "idFacture": invoice_id(message),
        "numeroFacture": message.subject,
        "modeDepot": "DEPOT_PDF_API",
        "statutCourantCode": entries[0]["histoStatutCode"],
        "historiquesDesStatuts": {"histoStatut": entries},
    }


def invoice_id(message: Message) -> int:
    return int(message.id.removeprefix("CPP")[-9:])


def _entry(message: Message, occurrence: Occurrence) -> dict[str, Any]:
    word = WORDS[occurrence.event]
    entry = {
        "histoStatutId": invoice_id(message) * 100 + occurrence.number,
        "histoStatutCode": word.status,
        "histoStatutDatePassage": occurrence.at.astimezone(FRANCE).strftime("%Y-%m-%d %H:%M"),
    }
    return entry | ({"histoStatutCommentaire": word.words} if word.words else {}) | occurrence.fields


def _changed(message: Message) -> datetime:
    about_it = [one.at for one in message.occurrences if WORDS[one.event].state]
    return about_it[-1] if about_it else message.received_at


def _iso(at: datetime) -> str:
    return at.astimezone(FRANCE).isoformat(timespec="milliseconds")
