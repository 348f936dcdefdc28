"""Which attempt a report is about that names a message which several attempts may have gone out as."""

from datetime import datetime
from operator import itemgetter

from domain.attempt import Attempt
from domain.communication import InvoiceCommunication


def meant(communication: InvoiceCommunication, attempt: Attempt, message_id: str | None, at: datetime) -> Attempt:
    """Which attempt a report of that moment is about that names `message_id`, where `attempt` goes by that name.

    A buyer's answer names the invoice, which has the same name however often it is sent over a connection: the newest
    attempt is meant whose message was on its way by then; the first, if none was.
    """
    if len(communication.attempts) == 1:
        return attempt
    over = attempt.order.connection_id
    sent = [
        (one.at, other)
        for other in communication.attempts.values()
        for one in other.tries
        if message_id and other.order.connection_id == over and one.sent_as(message_id)
    ]
    if not any(other is attempt for _, other in sent):
        return attempt
    before = [one for one in sent if one[0] <= at]
    _, found = max(before, key=itemgetter(0)) if before else min(sent, key=itemgetter(0))
    return found
