"""The codes of Peppol's answers in our words, and those of the AS4 messages below them."""

from adapters.providers.meaning import DELIVERED, SENT, Meaning, answered, failed, rejected
from domain.reports import BuyerResponse

MESSAGE_LEVEL = {
    "AP": DELIVERED,  # accepted: delivered to the end user, who confirmed
    "AB": DELIVERED,  # accepted blindly: delivered without confirmation
    "RE": rejected("validation"),
}
"""Message Level Status, and the older Message Level Response."""

NOT_HANDED_ON = "FD"
"""The reason code of a message level status for "could not be delivered to the end user"."""
WARNING = "BW"

IN_PROCESS = answered(BuyerResponse.IN_PROCESS)
UNDER_QUERY = answered(BuyerResponse.UNDER_QUERY, "under_query")
CONDITIONALLY_ACCEPTED = answered(BuyerResponse.CONDITIONALLY_ACCEPTED)
BUYER_REFUSED = answered(BuyerResponse.REJECTED, "buyer_refused")._replace(settles=True)
ACCEPTED = answered(BuyerResponse.ACCEPTED)._replace(settles=True)
PAID = answered(BuyerResponse.PAID)._replace(settles=True)
"""The network's rule: what comes after one of these does not count, but a payment after an acceptance."""

INVOICE_RESPONSE = {
    "AB": DELIVERED,
    "IP": IN_PROCESS,
    "UQ": UNDER_QUERY,
    "CA": CONDITIONALLY_ACCEPTED,
    "RE": BUYER_REFUSED,
    "AP": ACCEPTED,
    "PD": PAID,
}

TRANSIENT = frozenset({"EBMS:0005", "EBMS:0202", "EBMS:0301"})
"""No connection, not delivered, no receipt in time: another try may go through."""


def as4_error(code: str | None, detail: str | None) -> Meaning:
    """The receiving access point did not take the message."""
    if "NOT_SERVICED" in (detail or "").upper():
        return rejected("not_registered")
    return failed("undelivered") if code in TRANSIENT else rejected("provider_error")


AS4_RECEIPT = SENT
"""The receiving access point took it; whether its user has it, a message level status tells."""
