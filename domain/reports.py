"""Delivery reports: one claim by a provider, in our vocabulary, with its own words and clock beside it."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from domain.reasons import reason as describe
from domain.status import BUYER_ANSWERED, LOOK, Group, Precedence, Status, precedence, weight
from domain.values import Actor, Personal, Value


class BuyerResponse(StrEnum):
    """The business answer to an e-invoice: an axis of its own, beside delivery."""

    IN_PROCESS = "in_process"
    UNDER_QUERY = "under_query"
    CONDITIONALLY_ACCEPTED = "conditionally_accepted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PAID = "paid"


class DeliveryReport(Value, frozen=True):
    """`report_id` is the same on every repetition; `status` is None for a word that nobody mapped.

    `counts` is False for what is shown in the time line but never changes a status: unmapped words, machine
    opens, opens while tracking is off. `recipient` is the attempt's recipient number, None where none is named.
    `settles`: an answer after which, in its network, none counts but the payment of what was accepted.
    """

    report_id: str
    attempt_id: str
    provider_event: str
    occurred_at: datetime
    status: Status | None = None
    reason: str | None = None
    counts: bool = True
    recipient: int | None = None
    message_id: str | None = None
    actor: Actor | None = None
    detail: Personal | None = None
    diagnostic_code: str | None = None
    buyer_response: BuyerResponse | None = None
    settles: bool = False


class Standing(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The outcome that stands for one recipient and one provider message."""

    status: Status
    precedence: Precedence
    at: datetime
    reason: str | None = None
    actor: Actor | None = None
    detail: Personal | None = None
    diagnostic_code: str | None = None
    buyer_response: BuyerResponse | None = None
    settles: bool = False


def standing(report: DeliveryReport) -> Standing | None:
    """What the report claims, weighed; None where it never counts. A buyer who answers, however, has it: `read`."""
    answered = report.buyer_response is not None
    status = Status.READ if answered else report.status
    given = BUYER_ANSWERED if answered else weight(status, report.reason)
    if not report.counts or status is None or given is None:
        return None
    order = precedence(given, report.occurred_at, report.report_id)
    failed = LOOK[status].group is Group.FAILED
    actor = report.actor or (describe(report.reason).actor if failed else None)
    said = report.detail, report.diagnostic_code, report.buyer_response, report.settles
    return Standing(status, order, report.occurred_at, report.reason, actor, *said)


def highest(one: Standing, other: Standing) -> Standing:
    """The one that stands; the same whichever came first."""
    return other if other.precedence.outranks(one.precedence) else one


def last_word(answers: Iterable[Standing]) -> Standing | None:
    """The answer that stands, in whatever order they were heard: by time, each replaces the one before it.

    Except one that settles the matter: only a payment follows an acceptance, and nothing a refusal or a payment.
    """
    stands: Standing | None = None
    for answer in sorted(answers, key=lambda a: a.precedence.order):
        if stands is None or not stands.settles or _pays(answer, stands):
            stands = answer
    return stands


def _pays(answer: Standing, accepted: Standing) -> bool:
    return (accepted.buyer_response, answer.buyer_response) == (BuyerResponse.ACCEPTED, BuyerResponse.PAID)
