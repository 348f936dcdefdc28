"""Twilio's message statuses and error codes in our words.

Twilio advises against building logic on its codes: they only refine the reason. The status word decides, but for
what was never valid to send (`rejected`) and for a "sent" that carries an error.
"""

from typing import NamedTuple

from domain.reasons import reason as describe
from domain.status import Status
from domain.values import Actor


class Meaning(NamedTuple):
    status: Status | None
    reason: str | None = None

    @property
    def actor(self) -> Actor | None:
        return describe(self.reason).actor if self.reason else None


QUEUED = Meaning(Status.SENT, "processing")
UNDELIVERED = Meaning(Status.FAILED, "undelivered")
IGNORED = Meaning(None)

STATUSES: dict[str, Meaning] = {
    "accepted": QUEUED,
    "scheduled": QUEUED,
    "queued": QUEUED,
    "sending": QUEUED,
    "sent": Meaning(Status.SENT),
    "delivered": Meaning(Status.DELIVERED),
    "read": Meaning(Status.READ),
    "undelivered": UNDELIVERED,
    "failed": Meaning(Status.FAILED, "provider_error"),
    "canceled": Meaning(Status.FAILED, "cancelled"),
}
"""Not here, so shown and never counted: partially_delivered, and receiving and received, which are inbound."""

NEVER_VALID = frozenset({21211, 21263, 21266, 21604, 21614, 21635})

CODES: dict[int, str] = {
    **dict.fromkeys(NEVER_VALID, "invalid_recipient"),
    20003: "authentication",
    20404: "misconfigured",  # no such account
    20429: "rate_limited",
    21212: "misconfigured",  # 'From' is not a valid number
    21408: "account",  # the region is not switched on
    21602: "validation",  # no text
    21603: "misconfigured",  # no 'From'
    21606: "misconfigured",  # 'From' cannot send messages
    21607: "misconfigured",
    21610: "opted_out",  # the recipient answered STOP
    21611: "rate_limited",  # too many messages wait for this 'From'
    21612: "unreachable",  # no way from this 'From' to this 'To'
    21617: "too_large",  # over 1600 characters
    21659: "misconfigured",
    21660: "misconfigured",
    21703: "misconfigured",  # the messaging service has no numbers
    21705: "misconfigured",
    30001: "provider_error",  # queue overflow
    30002: "account",  # suspended
    30003: "unreachable",
    30004: "blocked",
    30005: "unreachable",  # unknown handset; recoverable like every "undelivered", a later delivery wins
    30006: "unreachable",  # landline or unreachable carrier
    30007: "blocked",  # filtered
    30008: "undelivered",
    30009: "undelivered",  # a segment is missing
    30010: "account",  # dearer than the price limit
    30017: "undelivered",  # the carrier is congested
    **dict.fromkeys(range(30022, 30028), "account"),  # limits and registration of US numbers (A2P 10DLC)
    30032: "account",  # toll-free number not verified
    30034: "account",  # number not registered for A2P 10DLC
    30036: "expired",  # over its validity period
}


def meaning(word: str, code: int | None) -> Meaning:
    """The status word of a callback or resource, refined by its error code (None without)."""
    found = STATUSES.get(word.strip().lower(), IGNORED)
    if found.status is Status.SENT and found.reason is None and code:
        found = UNDELIVERED
    if found.status is not Status.FAILED or found.reason == "cancelled" or code is None:
        return found
    rejected = code in NEVER_VALID and found is not UNDELIVERED
    return Meaning(Status.REJECTED if rejected else Status.FAILED, CODES.get(code, found.reason))


def error_code(told: object) -> int | None:
    """A code from a form ("30003") or from JSON (30003); None for null, blank, zero and what is no number."""
    if isinstance(told, str) and told.strip().isascii() and told.strip().isdigit():
        told = int(told.strip()[:9])
    return told if isinstance(told, int) and not isinstance(told, bool) and told > 0 else None
