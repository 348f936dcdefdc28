"""Webhook events, pushed as they are or pulled one by one as the `body` of a webhook instance."""

from typing import Any

import httpx

from adapters.providers.meaning import IGNORED, PROCESSING, SENT, Meaning, failed, rejected
from adapters.providers.meaning import report as report_of
from adapters.providers.peppol import codes
from adapters.providers.port import ProviderReport, RawAnswer, UnreadableError
from adapters.providers.reading import ID_LIMIT, attempt_id, digest, in_short, load_json, moment, text

EVENTS: dict[str, Meaning] = {
    "cleared": PROCESSING,  # a tax authority let it through; it is sent next
    "succeeded": SENT,  # the receiving access point's receipt, nothing stronger
    "failed": failed("provider_error"),
    "no_action_taken": rejected("not_registered"),  # no network of Storecove's reaches the recipient
    "acknowledged": codes.INVOICE_RESPONSE["AB"],
    "in_process": codes.IN_PROCESS,
    "under_query": codes.UNDER_QUERY,
    "conditionally_accepted": codes.CONDITIONALLY_ACCEPTED,
    "rejected": codes.BUYER_REFUSED,
    "accepted": codes.ACCEPTED,
    "paid": codes.PAID,
}
"""From `acknowledged` on these are the buyer's Invoice Response, in the order of its codes."""

SUBMISSIONS = frozenset({"document_submission", "invoice_submission"})
NOT_OURS = frozenset({"received_document", "purchase_invoice"})
"""What somebody sent to us answers nothing that we sent."""
_SAID = ("details", "reason", "message", "note", "errors", "clarifications", "conditions")
_TIMES = ("timestamp", "created_at", "event_time")


def reports(body: bytes) -> list[ProviderReport]:
    """Raises UnreadableError."""
    return _read(load_json(body))


def pulled(answer: RawAnswer) -> list[ProviderReport] | None:
    """What a webhook instance says, or an empty queue; None for an answer of another kind. Raises UnreadableError."""
    if answer.status == httpx.codes.NO_CONTENT:
        return []
    if answer.status != httpx.codes.OK or not answer.body:
        return None
    told = load_json(answer.body)
    found = told[0] if isinstance(told, list) and told else told
    return _read(told) if isinstance(found, dict) and ("event" in found or "body" in found) else None


def _read(told: Any) -> list[ProviderReport]:
    listed = told if isinstance(told, list) else [told]
    found = [_event(one) for one in listed]
    if not found or any(one is None for one in found):
        raise UnreadableError("not an event of Storecove's")
    ours = [one for one in found if one and text(one.get("event_type")) not in NOT_OURS]
    return [_report(one) for one in ours]


def _event(told: Any) -> dict[str, Any] | None:
    """The event itself: of an instance that is pulled, what would have been pushed is in its `body` as text."""
    if isinstance(told, dict) and "event" not in told and isinstance(told.get("body"), str | dict):
        inner = told["body"]
        told = load_json(inner.encode(errors="surrogatepass")) if isinstance(inner, str) else inner
    return told if isinstance(told, dict) and text(told.get("event"), ID_LIMIT) else None


def _report(event: dict[str, Any]) -> ProviderReport:
    kind, word = text(event.get("event_type"), 100), text(event.get("event"), ID_LIMIT - 101) or "?"
    ours = kind is None or kind in SUBMISSIONS
    meaning = EVENTS.get(word.strip().lower(), IGNORED) if ours else IGNORED
    guid = text(event.get("guid"), ID_LIMIT)
    ours_id = event.get("idempotencyGuid") or event.get("idempotency_guid")
    at = next((event[name] for name in _TIMES if event.get(name)), None)
    words = _words(event)
    return report_of(
        meaning,
        event_id=digest("storecove", guid or ours_id, kind, word, words, at),
        provider_event=word if ours else f"{kind}:{word}",
        message_id=guid,
        occurred_at=moment(at),
        diagnostic=words,
        attempt_id=attempt_id(ours_id),
    )


def _words(event: dict[str, Any]) -> str | None:
    """All that is said beside the word, texts as they are and structures as JSON."""
    said = [text(value) or in_short(value) for value in (event.get(name) for name in _SAID) if value]
    return "\n".join(part for part in said if part) or None
