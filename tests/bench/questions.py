"""What the lists bench asks: every filter alone, pairs, triples, what is rare, long ago, or searched for."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from adapters.database.queries import load
from adapters.database.session import statement
from domain.status import Group, Status
from domain.values import Channel, SubjectType
from projections.queries.asking import Ask
from projections.queries.filters import Filters
from projections.queries.lists import counts, page
from projections.queries.pieces import LOG, OVERVIEW, List, Place

SQL = load(__file__)
DEPTHS = (0.0, 0.01, 0.5, 0.99)
"""How far down the list a page begins, as a share of its time."""
PAGE = 50


class Span(NamedTuple):
    """The largest tenant, the time from its oldest to its newest attempt; and how many attempts all tenants have."""

    rows: int
    tenant: UUID
    oldest: datetime
    newest: datetime

    def ago(self, share: float) -> datetime:
        return self.newest - (self.newest - self.oldest) * share


class Question(NamedTuple):
    name: str
    kind: str
    put: Callable[[Ask], Awaitable[object]]


def span(connection: "Connection[Any]") -> Span:
    found = connection.execute(statement(SQL["span"])).fetchone()
    assert found is not None, "there is nothing to ask"
    return Span(*found)


def filters(of: Span) -> dict[str, Filters]:
    """By name, those without words."""
    day = {"sent_from": of.ago(0.8), "sent_to": of.ago(0.8) + timedelta(days=1)}
    year = {"sent_from": of.ago(0.9), "sent_to": of.ago(0.4)}
    groups = {g.value: {"status_group": g} for g in (Group.FAILED, Group.NOT_SENT, Group.IN_PROGRESS, Group.COMPLETED)}
    given: dict[str, dict[str, Any]] = groups | {
        "everything shown": {},
        "delivered": {"status": (Status.DELIVERED,)},
        "complained": {"status": (Status.COMPLAINED,)},
        "sms": {"channel": (Channel.SMS,)},
        "reminders": {"subject_type": (SubjectType.REMINDER,)},
        "a category": {"category": ("rent",)},
        "mailbox full": {"reason": ("mailbox_full",)},
        "a reason nobody has": {"reason": ("unheard_of",)},
        "ignored too": {"show_ignored": True},
        "collecting too": {"include_collecting": True},
        "never sent too": {"never_sent": True, "show_ignored": True, "include_collecting": True},
        "failed, sms": {"status_group": Group.FAILED, "channel": (Channel.SMS,)},
        "two statuses, a category": {"status": (Status.FAILED, Status.READ), "category": ("rent",)},
        "returned, post, reminders": {
            "reason": ("returned",), "channel": (Channel.POST,), "subject_type": (SubjectType.REMINDER,),
        },
        "the largest customer": {"customer_id": ("c-0",)},
        "a usual customer": {"customer_id": ("c-15000",)},
        "the largest customer, complained": {"customer_id": ("c-0",), "status": (Status.COMPLAINED,)},
        "five customers, failed": {
            "customer_id": tuple(f"c-{n * 1000}" for n in range(5)), "status_group": Group.FAILED,
        },
        "the last month": {"sent_from": of.ago(0.04)},
        "a day long ago": day,
        "a day long ago, failed": day | {"status_group": Group.FAILED},
        "a year": year,
        "a year, sms, a category": year | {"channel": (Channel.SMS,), "category": ("rent",)},
        "the largest customer, a year": year | {"customer_id": ("c-0",)},
    }  # fmt: skip
    return {name: Filters(**values) for name, values in given.items()}


def searches(of: Span) -> dict[str, Filters]:
    """By name: every kind of words, with every kind of other filter."""
    others: dict[str, dict[str, Any]] = {
        "": {},
        ", failed": {"status_group": Group.FAILED},
        ", complained": {"status": (Status.COMPLAINED,)},
        ", a year": {"sent_from": of.ago(0.9), "sent_to": of.ago(0.4)},
        ", a day long ago": {"sent_from": of.ago(0.8), "sent_to": of.ago(0.8) + timedelta(days=1)},
        ", the largest customer": {"customer_id": ("c-0",)},
        ", a usual customer": {"customer_id": ("c-15000",)},
    }
    return {
        f"q {kind}{also}": Filters(q=q, in_recipients=True, **given)
        for kind, q in words(of).items()
        for also, given in others.items()
    }


def words(of: Span) -> dict[str, str]:
    """By kind: how many have them, and when."""
    number = f"{of.ago(0.5).year}-00000123"
    return {
        "nowhere": "xyzzy-xyzzy",
        "a number": number,
        "a number of zeros": f"{of.ago(0.5).year}-00000100",
        "a name": "rossi 2",
        "a name once common": "rossi 211",
        "in every row": "your invoice",
        "three digits": "123",
        "the beginning of a number": number[:8],
        "part of an address": "@payer20.ex",
    }


def questions(of: Span) -> Iterator[Question]:
    for listed in (LOG, OVERVIEW):
        for name, chosen in filters(of).items():
            yield from _pages(listed, name, chosen, of)
            yield Question(f"{listed.listed}: {name}", "counts", partial(counts, of=listed, filters=chosen))
        # To count what many rows have, many rows are read: that would tell nothing new, and leave memory empty.
        for name, chosen in searches(of).items():
            yield from _pages(listed, name, chosen, of)


def _pages(listed: List, name: str, chosen: Filters, of: Span) -> Iterator[Question]:
    for depth in DEPTHS:
        after = Place(of.ago(depth), UUID(int=0)) if depth else None
        put = partial(page, of=listed, filters=chosen, after=after, limit=PAGE)
        yield Question(f"{listed.listed}: {name}", "page", put)
