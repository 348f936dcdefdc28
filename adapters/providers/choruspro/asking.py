"""Asking what became of a deposit: the flow, then the invoices that came out of it, then the history of each."""

from datetime import timedelta
from itertools import islice

import httpx
import msgspec

from adapters.providers import french_time
from adapters.providers.choruspro import answers, piste
from adapters.providers.choruspro.answers import Told
from adapters.providers.choruspro.statuses import INTEGRATED
from adapters.providers.port import Connection, Lookup, ProviderReport
from adapters.providers.reading import ID_LIMIT, attempt_id, text

A_PAGE, MOST_PAGES = 100, 20
MOST = 100
"""Flows that are looked into for a deposit whose answer was lost."""
BEFORE, AFTER = timedelta(minutes=2), timedelta(minutes=15)
"""How far Chorus Pro's clock may put a deposit from the moment at which we made it."""


def ask_about(lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
    """Raises httpx.HTTPError, MisconfiguredError."""
    number = lookup.message_id or _search(lookup, connection, http)
    told = piste.ask(piste.FLOW, {"numeroFluxDepot": number}, connection, http) if number else None
    if number is None or told is None or answers.flow_state(told) is None:
        return []
    found = [answers.flow(told, number), *_invoices(number, told, connection, http)]
    return [msgspec.structs.replace(r, message_id=number, attempt_id=lookup.attempt_id) for r in found]


def _invoices(number: str, told: Told, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
    """The history of each, oldest first, so that all of it counts."""
    state = (answers.flow_state(told) or "").strip().upper()
    if state not in INTEGRATED:
        return []
    found: list[ProviderReport] = []
    for one in _listed({"numeroFluxDepot": number}, connection, http):
        invoice = text(one.get("identifiantFactureCPP"), ID_LIMIT)
        if invoice and invoice.isdecimal() and one.get("numeroFluxDepot") in (None, number):
            history = piste.ask(piste.HISTORY, {"idFacture": int(invoice)}, connection, http)
            found += reversed(answers.history(history or {}))
    return found or ([answers.left_out(told, number)] if answers.errors(told) else [])


def _search(lookup: Lookup, connection: Connection, http: httpx.Client) -> str | None:
    """The flow whose file has our name, among those deposited when we did; it is only seen once it is integrated."""
    if lookup.sent_at is None or attempt_id(lookup.attempt_id) is None:
        return None
    period = {
        "periodeDateDepotDu": french_time.day(lookup.sent_at - BEFORE),
        "periodeDateDepotAu": french_time.day(lookup.sent_at + AFTER),
    }
    numbers = (text(one.get("numeroFluxDepot"), ID_LIMIT) for one in _listed(period, connection, http))
    candidates = (n for n in dict.fromkeys(numbers) if n and n not in lookup.known)
    for number in islice(candidates, MOST):
        told = piste.ask(piste.FLOW, {"numeroFluxDepot": number}, connection, http)
        if told and (answers.flow_file(told) or "").rpartition(".")[0] == lookup.attempt_id:
            return number
    return None


def _listed(criteria: Told, connection: Connection, http: httpx.Client) -> list[Told]:
    """The invoices of all pages."""
    found: list[Told] = []
    for page in range(1, MOST_PAGES + 1):
        wanted = {"rechercheFactureParFournisseur": {"pageResultatDemandee": page, "nbResultatsParPage": A_PAGE}}
        told = piste.ask(piste.SEARCH, criteria | wanted, connection, http) or {}
        found += answers.invoices(told)
        paging = told.get("parametresRetour")
        last = paging.get("pages") if isinstance(paging, dict) else None
        if not isinstance(last, int) or page >= last:
            break
    return found
