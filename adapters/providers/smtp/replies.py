"""What an SMTP server's refusal means: its enhanced status (RFC 3463) first, else the reply code, else the step."""

from enum import Enum

from adapters.providers.port import Refused, TryLater
from adapters.providers.reading import enhanced_code
from domain.status import Status


class Step(Enum):
    """Where in the conversation; the value is what a refusal means where the server says nothing finer."""

    LOGIN = "authentication"
    SENDER = "misconfigured"
    RECIPIENT = "invalid_recipient"
    DATA = "content_rejected"


ENHANCED = {
    "1.7.": "misconfigured",  # the sender's address
    "1.8.": "misconfigured",
    "1.": "invalid_recipient",
    "2.1.": "invalid_recipient",
    "2.2.": "mailbox_full",
    "2.3.": "too_large",
    "3.4.": "too_large",
    "5.": "validation",
    "6.": "validation",
    "7.8.": "authentication",
    "7.9.": "authentication",
    "7.": "blocked",
}
"""By subject and detail, the longer first."""

CODES = {
    500: "validation",
    501: "validation",
    502: "validation",
    504: "validation",
    523: "too_large",
    530: "authentication",
    534: "authentication",
    535: "authentication",
    538: "authentication",
    552: "too_large",
    554: "blocked",
}


def refusal(step: Step, code: int, words: bytes) -> Refused | TryLater:
    """A reply that is not the one hoped for. 4xx means: not taken now."""
    said = words.decode(errors="replace")
    detail = f"{code} {said}".strip()
    if code < 500:
        full = (enhanced_code(said) or "").endswith(".2.2")
        outage = code == 421 or code < 400 or step is Step.LOGIN
        return TryLater("mailbox_full" if full else "provider_outage" if outage else "soft_bounce", detail)
    reason = _reason(step, code, enhanced_code(said))
    return Refused(reason, detail, Status.FAILED if reason in ("mailbox_full", "misconfigured") else Status.REJECTED)


def _reason(step: Step, code: int, enhanced: str | None) -> str:
    about = (enhanced or "").partition(".")[2] + "."
    finer = next((reason for start, reason in ENHANCED.items() if about.startswith(start)), None)
    if finer:
        return finer
    if step is Step.RECIPIENT and code == 552:
        return "mailbox_full"
    return CODES.get(code, step.value)
