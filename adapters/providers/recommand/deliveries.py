"""A document's deliveries, one per channel and address, as webhooks and the API tell them."""

from typing import Any

from adapters.providers.meaning import DELIVERED, IGNORED, PROCESSING, Meaning, failed, rejected
from adapters.providers.meaning import report as report_of
from adapters.providers.peppol.parties import participant
from adapters.providers.port import ProviderReport
from adapters.providers.reading import ID_LIMIT, digest, moment, text

PENDING = "pending"
STATUSES = {
    PENDING: PROCESSING,  # handed to the network, which has not confirmed yet
    "delivered": DELIVERED,
    "failed": failed("provider_error"),
}

FAILURES = {
    "recipient_not_found": rejected("not_registered"),
    "document_not_supported": rejected("not_registered"),
    "validation": rejected("validation"),
    "transport": failed("undelivered"),
    "recipient_rejected": rejected("content_rejected"),
    "duplicate": rejected("duplicate"),
    "other": failed("provider_error"),
}
"""By the category of a failure; it has the provider's own code and words beside it."""

CHANNEL = "peppol"


def meaning(status: str, failure: dict[str, Any] | None) -> Meaning:
    found = STATUSES.get(status.strip().lower(), IGNORED)
    category = (text(failure.get("category")) or "").lower() if failure else ""
    return FAILURES.get(category, found) if found is STATUSES["failed"] else found


def delivery(document: str | None, told: dict[str, Any], prefix: str = "delivery:") -> ProviderReport:
    """The same event id, whether it was called back or asked for. E-mails that it sends besides never count."""
    status = text(told.get("status"), 60) or "?"
    failure = told.get("failure") if isinstance(told.get("failure"), dict) else None
    channel = (text(told.get("channel")) or CHANNEL).lower()
    return report_of(
        meaning(status, failure) if channel == CHANNEL else IGNORED,
        event_id=digest("recommand", document, text(told.get("id")), status),
        provider_event=f"{prefix}{status}",
        message_id=document,
        recipient=participant(text(told.get("address"), ID_LIMIT)) if channel == CHANNEL else None,
        occurred_at=moment(told.get("statusChangedAt")),
        diagnostic=text(failure.get("message")) if failure else None,
        diagnostic_code=text(failure.get("providerCode") or failure.get("category"), ID_LIMIT) if failure else None,
    )
