"""What Chorus Pro's answers say: the state of a flow, the invoices of a search, the history of an invoice."""

from typing import Any

import msgspec

from adapters.providers import french_time
from adapters.providers.choruspro import statuses
from adapters.providers.meaning import rejected, report
from adapters.providers.port import ProviderReport
from adapters.providers.reading import ID_LIMIT, attempt_id, digest, text
from domain.status import Status

Told = dict[str, Any]


def reports(told: Told) -> list[ProviderReport] | None:
    """What one answer says by itself; None for what is none of these. Of a history only what stands now counts."""
    if flow_state(told):
        return [flow(told)]
    if isinstance(told.get("historiquesDesStatuts"), dict):
        return _with_current(history(told), text(told.get("statutCourantCode")))
    if isinstance(told.get("listeFactures"), list):
        return [_listed(one) for one in invoices(told)]
    return None


def flow_state(told: Told) -> str | None:
    """`consulterCR` and `consulterCRDetaille` call it differently."""
    return text(told.get("etatCourantFlux"), ID_LIMIT) or text(told.get("etatCourantDepotFlux"), ID_LIMIT)


def flow_file(told: Told) -> str | None:
    """The name of the deposited file."""
    return text(told.get("nomFichier"), ID_LIMIT) or text(told.get("nomFichierFlux"), ID_LIMIT)


def flow(told: Told, number: str | None = None) -> ProviderReport:
    """`number`: the flow's, which `consulterCRDetaille` does not repeat."""
    state = flow_state(told) or "blank"
    name = text(told.get("numeroFluxDepot"), ID_LIMIT) or number
    meaning, said = statuses.flow(state), errors(told)
    if meaning.status is Status.REJECTED:
        meaning = meaning._replace(reason=statuses.refusal(said))
    return report(
        meaning,
        event_id=digest("flow", name, state),
        provider_event=state,
        message_id=name,
        occurred_at=french_time.local(told.get("dateHeureEtatCourantFlux")),
        diagnostic=said,
        attempt_id=attempt_id((flow_file(told) or "").rpartition(".")[0]),
    )


def left_out(told: Told, number: str) -> ProviderReport:
    """The invoice is not among those that were integrated from its flow."""
    said = errors(told)
    return report(
        rejected(statuses.refusal(said)),
        event_id=digest("left out", number),
        provider_event=flow_state(told) or "blank",
        message_id=number,
        occurred_at=french_time.local(told.get("dateHeureEtatCourantFlux")),
        diagnostic=said,
    )


def errors(told: Told) -> str | None:
    """Why invoices of the flow, or all of it, were not taken; one line for each."""
    refused = [_line(e.get("numeroDP"), e.get("libelleErreurDP")) for e in _objects(told.get("listeErreurDP"))]
    broken = [_line(e.get("codeErreur"), e.get("libelleErreur")) for e in _objects(told.get("listeErreurTechnique"))]
    return "\n".join(line for line in refused + broken if line) or None


def invoices(told: Told) -> list[Told]:
    return _objects(told.get("listeFactures"))


def history(told: Told) -> list[ProviderReport]:
    """Newest first, as Chorus Pro lists it; its clock shows minutes. An empty one still has a current status."""
    listed, current = told.get("historiquesDesStatuts"), told.get("statutCourantCode")
    entries = _objects(listed.get("histoStatut")) if isinstance(listed, dict) else []
    if not entries and text(current):
        entries = [{"histoStatutCode": current}]
    invoice = text(told.get("idFacture"), ID_LIMIT)
    return [_entry(one, invoice) for one in entries]


def _entry(one: Told, invoice: str | None) -> ProviderReport:
    word, when = text(one.get("histoStatutCode"), ID_LIMIT) or "blank", one.get("histoStatutDatePassage")
    return report(
        statuses.invoice(word),
        event_id=text(one.get("histoStatutId"), ID_LIMIT) or digest("history", invoice, word, when),
        provider_event=word,
        message_id=invoice,
        occurred_at=french_time.local(when),
        diagnostic=text(one.get("histoStatutCommentaire")),
    )


def _listed(one: Told) -> ProviderReport:
    word, when = text(one.get("statut"), ID_LIMIT) or "blank", one.get("dateHeureEtatCourant")
    invoice = text(one.get("identifiantFactureCPP"), ID_LIMIT)
    return report(
        statuses.invoice(word),
        event_id=digest("listed", invoice, word, when),
        provider_event=word,
        message_id=text(one.get("numeroFluxDepot"), ID_LIMIT) or invoice,
        occurred_at=french_time.local(when),
        diagnostic=text(one.get("commentaireEtatCourant")),
    )


def _with_current(entries: list[ProviderReport], current: str | None) -> list[ProviderReport]:
    """All of them; those that another has taken the place of do not count."""
    stands = next((r for r in entries if r.provider_event == current), entries[0] if entries else None)
    return [r if r is stands else msgspec.structs.replace(r, ignored=True) for r in entries]


def _line(name: object, words: object) -> str:
    return ": ".join(part for part in (text(name), text(words)) if part)


def _objects(told: object) -> list[Told]:
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
