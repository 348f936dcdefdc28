"""What Pingen's categories, event codes and letter states mean."""

from adapters.providers.meaning import DELIVERED, IGNORED, PROCESSING, SENT, Meaning, failed, rejected
from domain.status import Status

ISSUES, UNDELIVERABLE = "issues", "undeliverable"
HELD_UP = Meaning(Status.SENDING, "account")
"""It waits until somebody does something at Pingen: pays, proves who the sender is, decides."""
NOT_DELIVERED, CAME_BACK = failed("undelivered"), failed("returned")
CATEGORIES = {"sent": SENT, "delivered": DELIVERED, UNDELIVERABLE: NOT_DELIVERED}

CODES: dict[str, Meaning] = {
    **dict.fromkeys(
        (
            "created", "initiated_sending", "auto_initiated_sending", "submitted", "auto_submitted", "accepted",
            "queued_for_transfer", "transferred_to_pool", "content_passed_inspection", "transferred_to_printcenter",
            "processing",
        ),
        PROCESSING,
    ),
    **dict.fromkeys(
        ("transferred_to_distributor", "receival_confirmed_by_distributor", "track_and_trace", "rerouted"), SENT
    ),
    "delivered": DELIVERED,
    UNDELIVERABLE: NOT_DELIVERED,
    **dict.fromkeys(
        (
            "content_failed_inspection", "file_not_found", "file_not_readable", "file_not_a4_portrait",
            "invalid_pdf_binary_content", "shipping_country_blocked", "shipping_organization_country_blocked",
            "meta_data_failed_requirements", "unable_to_find_delivery_product",
        ),
        rejected("validation"),
    ),
    **dict.fromkeys(("file_too_many_pages", "file_size_over_limit"), rejected("too_large")),
    **dict.fromkeys(("rejected_from_printcenter", "retracted_from_printcenter"), failed("provider_error")),
    **dict.fromkeys(("waiting_for_funds", "waiting_for_legitimacy"), HELD_UP),
    **dict.fromkeys(("waiting_for_funds_expired", "waiting_for_legitimacy_expired"), failed("account")),
    "cancellation_completed": failed("cancelled"),
}  # fmt: skip

STATES: dict[str, Meaning] = {
    **dict.fromkeys(
        (
            "validating", "valid", "fixing", "submitted", "accepted", "transferring", "inspection", "processing",
            "printing",
        ),
        PROCESSING,
    ),
    **dict.fromkeys(("awaiting_credits", "action_required"), HELD_UP),
    "sent": SENT,
    "delivered": DELIVERED,
    UNDELIVERABLE: NOT_DELIVERED,
    **dict.fromkeys(("invalid", "rejected"), rejected("validation")),
    "unprintable": failed("provider_error"),
    "expired": failed("expired"),
    **dict.fromkeys(("cancelling", "cancelled"), failed("cancelled")),
}  # fmt: skip

_BACK = ("return", "retour", "zurück", "zurueck", "ritorn", "rispedit")


def of_code(code: str | None, words: str | None = None, corrected: str | None = None) -> Meaning:
    """An event by its code. `corrected`: the address that is right, which the post only tells of what came back."""
    told = CODES.get((code or "").strip().lower(), IGNORED)
    if told is not NOT_DELIVERED:
        return told
    said = (words or "").lower()
    return CAME_BACK if corrected or any(one in said for one in _BACK) else NOT_DELIVERED


def of_category(category: str, code: str | None, words: str | None, corrected: str | None) -> Meaning:
    """A webhook. Its category decides; issues alone are told apart by the code of the event."""
    if category == ISSUES:
        return of_code(code)
    if category == UNDELIVERABLE:
        return of_code(UNDELIVERABLE, words, corrected)
    return CATEGORIES.get(category, IGNORED)


def of_state(state: str) -> Meaning:
    return STATES.get(state.strip().lower(), IGNORED)
