"""The Flow resource: what a callback brings, what asking answers, and what its acknowledgement means."""

from typing import Any

from adapters.providers.france_cdv import documents
from adapters.providers.meaning import IGNORED, PROCESSING, SENT, Meaning, rejected, report
from adapters.providers.port import ProviderReport, RawRequest, UnreadableError
from adapters.providers.reading import ID_LIMIT, attempt_id, digest, in_short, load_json, moment, text
from adapters.providers.xml import looks_like_xml
from domain.status import Status

Flow = dict[str, Any]

ACKNOWLEDGEMENTS: dict[str, Meaning] = {
    "Pending": PROCESSING,
    "Ok": SENT,
    "Error": rejected("validation"),
}
REASONS: dict[str, str] = {
    "AlreadyExistingFlow": "duplicate",
    "FileSizeExceeded": "too_large",
    "OtherTechnicalError": "provider_error",
}
"""The codes under which a flow is refused for another reason than that it is not valid."""
_OTHER_SYNTAXES = frozenset({"CDAR", "FRR"})


def reports(request: RawRequest) -> list[ProviderReport]:
    """A flow, or the life-cycle message itself where a platform sends that. Raises UnreadableError."""
    if looks_like_xml(request.body):
        return documents.read(request.body)
    told = load_json(request.body)
    if not is_flow(told):
        raise UnreadableError("not a flow")
    return [read(told)]


def is_flow(told: object) -> bool:
    return isinstance(told, dict) and text(told.get("flowId"), ID_LIMIT) is not None and "acknowledgement" in told


def read(flow: Flow) -> ProviderReport:
    acknowledgement = flow.get("acknowledgement")
    told = acknowledgement if isinstance(acknowledgement, dict) else {}
    word, name = text(told.get("status"), ID_LIMIT - 50) or "none", text(flow.get("flowId"), ID_LIMIT)
    details = [one for one in _listed(told.get("details")) if isinstance(one, dict)]
    ours = is_invoice(flow)
    return report(
        _meaning(word, details) if ours else IGNORED,
        event_id=digest("flow", name, word, moment(flow.get("updatedAt"))),
        provider_event=word if ours else f"{text(flow.get('flowType'), 40) or 'other flow'} {word}",
        message_id=name,
        occurred_at=moment(flow.get("updatedAt")) or moment(flow.get("submittedAt")),
        diagnostic="\n".join(_line(one) for one in details) or None,
        diagnostic_code=next((code for one in details if (code := text(one.get("reasonCode"), ID_LIMIT))), None),
        attempt_id=attempt_id(flow.get("trackingId")),
    )


def is_invoice(flow: Flow) -> bool:
    """An invoice that went out. Its type is `Undefined` until the platform has looked into it."""
    kind = text(flow.get("flowType"), ID_LIMIT) or "Undefined"
    return (
        kind in ("CustomerInvoice", "Undefined")
        and flow.get("flowSyntax") not in _OTHER_SYNTAXES
        and flow.get("flowDirection") != "In"
    )


def refusal(codes: list[str]) -> str:
    """The reason code for the platform's, however it spells them (`ALREADY_EXISTING_FLOW` in an error's code)."""
    spelled = {name.lower(): reason for name, reason in REASONS.items()}
    found = (spelled[code.replace("_", "").lower()] for code in codes if code.replace("_", "").lower() in spelled)
    return next(found, "validation")


def _meaning(word: str, details: list[Flow]) -> Meaning:
    found = ACKNOWLEDGEMENTS.get(word.strip().capitalize(), IGNORED)
    if found.status is not Status.REJECTED:
        return found
    wrong = [one for one in details if one.get("level") != "Warning"]
    return found._replace(reason=refusal([code for one in wrong if (code := text(one.get("reasonCode"), ID_LIMIT))]))


def _line(detail: Flow) -> str:
    said = (text(detail.get(name)) for name in ("level", "reasonCode", "item", "reasonMessage"))
    return ": ".join(part for part in said if part) or in_short(detail) or ""


def _listed(told: object) -> list[Any]:
    return told if isinstance(told, list) else []
