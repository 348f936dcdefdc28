"""Reason codes: what they are called, who stands behind them, what a person can do next, and whether they are final."""

from typing import NamedTuple

from domain.values import Actor


class Reason(NamedTuple):
    title: str
    actor: Actor
    next_step: str
    final: bool = True
    """A final failure outweighs a delivery reported at any time; a recoverable one yields to a later delivery."""


_US, _PROVIDER, _RECIPIENT = Actor.US, Actor.PROVIDER, Actor.RECIPIENT
_CHECK_ADDRESS = "Check the address with the customer, correct it and send again."
_OTHER_CHANNEL = "Send over another channel or ask the customer for another address."

REASONS: dict[str, Reason] = {
    # the recipient's side
    "hard_bounce": Reason("Address does not exist", _RECIPIENT, _CHECK_ADDRESS),
    "soft_bounce": Reason("Mail server refused for now", _RECIPIENT, "Wait a while, then send again.", final=False),
    "mailbox_full": Reason("Mailbox is full", _RECIPIENT, _OTHER_CHANNEL, final=False),
    "blocked": Reason(
        "Blocked by the receiving side", _RECIPIENT, "Ask the customer to allow your sender.", final=False
    ),
    "content_rejected": Reason(
        "Content refused by the receiving side", _RECIPIENT, "Change the message and send again.", final=False
    ),
    "undelivered": Reason("Could not be delivered", _RECIPIENT, _OTHER_CHANNEL, final=False),
    "unreachable": Reason("Handset or place cannot be reached", _RECIPIENT, _OTHER_CHANNEL, final=False),
    "expired": Reason("Gave up after trying for too long", _PROVIDER, "Send again.", final=False),
    "invalid_recipient": Reason("Not a valid address for this channel", _RECIPIENT, _CHECK_ADDRESS),
    "not_registered": Reason("Recipient is not registered in the network", _RECIPIENT, _OTHER_CHANNEL),
    "wrong_addressee": Reason(
        "Sent to the wrong addressee", _RECIPIENT, "Correct the addressee and send again.", final=False
    ),
    "returned": Reason("Returned to sender", _RECIPIENT, _CHECK_ADDRESS),
    "complaint": Reason(
        "Marked as spam by the recipient", _RECIPIENT, "Do not write to this address again; call the customer."
    ),
    "opted_out": Reason("Recipient opted out", _RECIPIENT, _OTHER_CHANNEL),
    "under_query": Reason("The buyer asks for something", _RECIPIENT, "Answer the buyer, or complete what is missing."),
    "buyer_refused": Reason(
        "Refused by the buyer", _RECIPIENT, "Read the buyer's reason, then correct it with a new invoice."
    ),
    # the provider
    "dropped": Reason(
        "Dropped by the provider before it was tried",
        _PROVIDER,
        "Look at the provider's suppression list, then send again.",
    ),
    "suppressed": Reason(
        "On the provider's suppression list",
        _PROVIDER,
        "Remove the address from the suppression list, then send again.",
    ),
    "validation": Reason("Refused as invalid", _PROVIDER, "Correct what the details name, then send again."),
    "duplicate": Reason("Refused as a duplicate", _PROVIDER, "The earlier one stands; nothing to do."),
    "authentication": Reason(
        "Provider refused our credentials", _PROVIDER, "Renew the connection's credentials, then send again."
    ),
    "account": Reason(
        "Provider account cannot send", _PROVIDER, "Check balance, limits and permissions at the provider."
    ),
    "too_large": Reason("Too large for the provider", _PROVIDER, "Make the message or its attachments smaller."),
    "provider_error": Reason("Failed at the provider", _PROVIDER, "Read the details, then send again.", final=False),
    "provider_outage": Reason(
        "Provider was out of order for too long", _PROVIDER, "Send again, or over another connection."
    ),
    "rate_limited": Reason("Provider asked us to slow down", _PROVIDER, "Nothing: it is tried again by itself."),
    "processing": Reason("In the provider's own queue", _PROVIDER, "Nothing: wait."),
    "deferred": Reason("Deferred; the provider still tries", _RECIPIENT, "Nothing: wait."),
    # us
    "outcome_unknown": Reason(
        "Nobody knows whether the provider took it", _US, "Look it up at the provider; resend only if it is not there."
    ),
    "missing_contact": Reason("No address for this channel", _US, "Add an address and send again."),
    "no_connection": Reason("No connection for this channel", _US, "Set up a connection, then send again."),
    "manual_channel": Reason("To be sent by hand", _US, "Send it yourself, then mark it as sent."),
    "document_missing": Reason("Waiting for its document", _US, "Upload the document."),
    "document_lost": Reason("Its document can no longer be read", _US, "Upload the document again and resend."),
    "erased": Reason("The recipient's data was erased", _US, "Nothing can be sent to an erased customer."),
    "cancelled": Reason("Cancelled", _US, "Send again if it is still wanted."),
    "skipped": Reason("Deliberately not sent", _US, "Send again if it is still wanted."),
    "misconfigured": Reason(
        "The connection is not set up completely", _US, "Complete the connection, then send again."
    ),
}

UNLISTED = Reason("Other reason", Actor.PROVIDER, "Read the details.")


def reason(code: str | None) -> Reason:
    """The entry of a code; one that is not listed reads as final and is shown with its details."""
    return REASONS.get(code or "", UNLISTED)
