"""The codes of the French life cycle (XP Z12-012): what a status means, and why a platform rejected."""

from adapters.providers.meaning import DELIVERED, IGNORED, SENT, Meaning, answered, failed, rejected
from domain.reports import BuyerResponse
from domain.status import Status
from domain.values import Actor

IN_PROCESS = answered(BuyerResponse.IN_PROCESS)
UNDER_QUERY = answered(BuyerResponse.UNDER_QUERY, "under_query")

CODES: dict[str, Meaning] = {
    "200": SENT,
    "201": SENT,
    "202": DELIVERED,
    "203": DELIVERED,
    "204": IN_PROCESS,
    "205": answered(BuyerResponse.ACCEPTED),
    "206": answered(BuyerResponse.CONDITIONALLY_ACCEPTED),
    "207": UNDER_QUERY,
    "208": UNDER_QUERY,
    "209": IGNORED,  # completed: by the seller
    "210": answered(BuyerResponse.REJECTED, "buyer_refused"),
    "211": answered(BuyerResponse.PAID),
    "212": answered(BuyerResponse.PAID, actor=Actor.US),  # cashed: the seller declares it
    "213": rejected("validation"),
    "214": IN_PROCESS,
    "220": IGNORED,  # cancelled: by the seller
    "221": failed("wrong_addressee"),
    "501": rejected("validation"),
}
"""224 to 228 (direct payment, factoring), 250 to 601 (reporting to the state, technical) are nobody's to map."""

REJECTIONS: dict[str, str] = {
    "DOUBLON": "duplicate",
    "REJ_UNI": "duplicate",
    "ADR_ERR": "invalid_recipient",
    "REJ_ADR": "invalid_recipient",
    "DEST_INC": "not_registered",
    "IRR_TAILLE_F": "too_large",
    "IRR_TAILLE_PJ": "too_large",
}
"""The codes under which a platform rejects for another reason than that the invoice is not valid."""


def meaning(code: str | None, reason_codes: list[str]) -> Meaning:
    found = CODES.get(code or "", IGNORED)
    if found.status is not Status.REJECTED:
        return found
    known = (REJECTIONS[name] for name in reason_codes if name in REJECTIONS)
    return found._replace(reason=next(known, found.reason))
