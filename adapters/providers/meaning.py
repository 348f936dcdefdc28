"""What a provider's word means in ours: providers keep tables of these."""

from typing import Any, NamedTuple

from adapters.providers.port import ProviderReport
from domain.reasons import reason as describe
from domain.reports import BuyerResponse
from domain.status import Status
from domain.values import Actor


class Meaning(NamedTuple):
    """`counts` False: kept and shown, and never part of a status. `settles`: an answer that ends all answering."""

    status: Status | None
    reason: str | None = None
    actor: Actor | None = None
    counts: bool = True
    is_open: bool = False
    buyer_response: BuyerResponse | None = None
    settles: bool = False


IGNORED = Meaning(None, counts=False)
PROCESSING = Meaning(Status.SENT, "processing")
SENT = Meaning(Status.SENT)
DEFERRED = Meaning(Status.SENDING, "deferred")
DELIVERED = Meaning(Status.DELIVERED)
OPENED = Meaning(Status.READ, actor=Actor.RECIPIENT, is_open=True)
OPENED_BY_MACHINE = OPENED._replace(actor=None, counts=False)
COMPLAINED = Meaning(Status.COMPLAINED, "complaint")
OPTED_OUT = Meaning(None, "opted_out", Actor.RECIPIENT, counts=False)


def failed(reason: str) -> Meaning:
    return Meaning(Status.FAILED, reason)


def rejected(reason: str) -> Meaning:
    return Meaning(Status.REJECTED, reason)


def answered(response: BuyerResponse, reason: str | None = None, actor: Actor = Actor.RECIPIENT) -> Meaning:
    """The buyer answered an e-invoice, so it has arrived."""
    return Meaning(Status.READ, reason, actor, buyer_response=response)


def report(told: Meaning, **said: Any) -> ProviderReport:
    """The report of something with this meaning; `said` is the rest of its fields."""
    return ProviderReport(
        status=told.status,
        reason=told.reason,
        actor=told.actor or (describe(told.reason).actor if told.reason else None),
        ignored=not told.counts,
        is_open=told.is_open,
        buyer_response=told.buyer_response,
        settles=told.settles,
        **said,
    )
