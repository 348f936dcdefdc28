"""What the overview shows of one communication: one row for all its attempts."""

from collections.abc import Mapping
from datetime import datetime
from functools import reduce

import msgspec

from domain.attempt import Attempt, View
from domain.communication import InvoiceCommunication
from domain.reports import BuyerResponse, highest
from domain.status import LOOK, NEVER_SENT, Group, Status
from domain.values import Channel, Personal


class Overview(msgspec.Struct, frozen=True, gc=False):
    """Status, reason, channel, `shipped_at` and the addressee are those of `shown`, the newest attempt that counts.

    Never sent: no `shown`, no status, in the group `not_sent` and grey; lists leave it out unless asked for.
    Counts and times are over all attempts: `send_count` those that a provider has (not what went out by hand),
    `first_delivered_at` the earliest sign of an arrival, whatever came after, `buyer_response` the latest answer.
    """

    shown: Attempt | None
    status: Status | None
    status_group: Group
    color: str
    reason: str | None
    channel: Channel | None
    last_attempt_id: str | None
    last_recipient: Personal | None
    shipped_at: datetime | None
    attempt_count: int
    send_count: int
    last_sent_at: datetime | None
    first_delivered_at: datetime | None
    buyer_response: BuyerResponse | None


def overview(communication: InvoiceCommunication, views: Mapping[str, View] | None = None) -> Overview:
    """A pure fold; addresses stay sealed. `views` are those of all attempts by id, where they are known."""
    views = views or communication.views()
    shown = communication.shown(views)
    outcome = views[shown.order.attempt_id].outcome if shown else None
    look = LOOK[outcome.status] if outcome else NEVER_SENT
    sent, arrived, answers, by_hand = [], [], [], 0
    for attempt_id, attempt in communication.attempts.items():
        view = views[attempt_id]
        if view.times.sent:
            sent.append(view.times.sent)
            by_hand += attempt.marked_sent_at is not None
        if at := view.times.arrived:
            arrived.append(at)
        if view.answer:
            answers.append(view.answer)
    addressee = shown.addressee if shown else None
    return Overview(  # by place: by name it takes several times as long
        shown,
        outcome.status if outcome else None,
        look.group,
        look.color,
        outcome.reason if outcome else None,
        shown.order.channel if shown else None,
        shown.order.attempt_id if shown else None,
        addressee.address if addressee else None,
        shown.shipped_at if shown else None,
        len(communication.attempts),
        len(sent) - by_hand,
        max(sent) if sent else None,
        min(arrived) if arrived else None,
        reduce(highest, answers).buyer_response if answers else None,
    )
