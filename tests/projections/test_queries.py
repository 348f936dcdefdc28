"""What each filter finds, on both lists; the rows differ from each other in one thing at a time."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from psycopg import Connection

from domain.status import Group, Status
from domain.values import Channel, SubjectType
from projections.queries.filters import Filters
from projections.queries.pieces import LOG, OVERVIEW, List
from tests.conftest import Pool
from tests.support.asking import Asking
from tests.support.read_rows import OTHER_TENANT, Row, at, attempt, put_attempts, put_communications, row

Put = Callable[["Connection[Any]", Iterable[Row]], None]

PLAIN: list[dict[str, Any]] = [
    {},  # 1
    {"status": "failed", "reason": "hard_bounce"},
    {"status": "rejected", "reason": "validation"},
    {"status": "queued", "shipped_at": None},
    {"status": "sending"},  # 5
    {"status": "collecting", "shipped_at": None},
    {"ignored": True},
    {"status": "failed", "reason": "mailbox_full", "ignored": True},
    {"channel": "sms", "recipient": "+32470123478"},
    {"subject_type": "credit_note", "category": "correction"},  # 10
    {"customer_id": "c-1", "customer": "Müller & Söhne", "number": "2026-0042"},
    {"customer_id": "c-2", "title": "Reminder 100%_sure", "recipient": "ap@payer.example"},
    {"status": "skipped", "reason": "skipped"},
    {"tenant_id": OTHER_TENANT, "customer_id": "c-1", "customer": "Müller & Söhne", "recipient": "ap@payer.example"},
]
NEVER_SENT = {"status": None, "external_id": "never", "customer_id": "c-2"}  # 15, in the overview alone
SHOWN = [1, 2, 3, 4, 5, 9, 10, 11, 12, 13]

MATRIX: list[tuple[dict[str, Any], list[int]]] = [
    ({}, SHOWN),
    ({"status_group": Group.FAILED}, [2, 3]),
    ({"status_group": Group.NOT_SENT}, [4]),
    ({"status_group": Group.IN_PROGRESS}, [5]),
    ({"status_group": Group.COMPLETED}, [1, 9, 10, 11, 12, 13]),
    ({"status": (Status.FAILED,)}, [2]),
    ({"status": (Status.FAILED, Status.REJECTED)}, [2, 3]),
    ({"status": (Status.FAILED, Status.QUEUED)}, [2, 4]),
    ({"status": (Status.COLLECTING,)}, []),
    ({"status": (Status.COLLECTING,), "include_collecting": True}, [6]),
    ({"status": (Status.FAILED,), "status_group": Group.COMPLETED}, []),
    ({"channel": (Channel.SMS,)}, [9]),
    ({"channel": (Channel.SMS, Channel.POST)}, [9]),
    ({"channel": (Channel.POST,)}, []),
    ({"subject_type": (SubjectType.CREDIT_NOTE,)}, [10]),
    ({"category": ("correction", "nothing")}, [10]),
    ({"reason": ("hard_bounce", "skipped")}, [2, 13]),
    ({"customer_id": ("c-1",)}, [11]),
    ({"customer_id": ("c-1", "c-2")}, [11, 12]),
    ({"customer_id": ("c-1",), "status": (Status.FAILED,)}, []),
    ({"sent_from": at(3)}, [3, 5, 9, 10, 11, 12, 13]),
    ({"sent_to": at(3)}, [1, 2]),
    ({"sent_from": at(2), "sent_to": at(5)}, [2, 3]),
    ({"sent_from": at(5), "sent_to": at(2)}, []),
    ({"show_ignored": True}, sorted([*SHOWN, 7, 8])),
    ({"include_collecting": True}, sorted([*SHOWN, 6])),
    ({"include_collecting": True, "show_ignored": True}, sorted([*SHOWN, 6, 7, 8])),
    ({"show_ignored": True, "reason": ("mailbox_full",)}, [8]),
    ({"q": "müller"}, [11]),
    ({"q": "MÜLLER & SÖ"}, [11]),
    ({"q": "026-00"}, [11]),
    ({"q": "ext-1"}, [1, 10, 11, 12, 13]),
    ({"q": "100%_"}, [12]),
    ({"q": "0%_s"}, [12]),
    ({"q": "100_%"}, []),
    ({"q": "a%e"}, []),
    ({"q": "\\%%"}, []),
    ({"q": "payer.example"}, []),
    ({"q": "PAYER.example", "in_recipients": True}, [12]),
    ({"q": "4701234", "in_recipients": True}, [9]),
    ({"q": "ext-1", "in_recipients": True, "status_group": Group.COMPLETED}, [1, 10, 11, 12, 13]),
]
OVERVIEW_ONLY: list[tuple[dict[str, Any], list[int]]] = [
    ({"never_sent": True}, [*SHOWN, 15]),
    ({"never_sent": True, "status_group": Group.NOT_SENT}, [4, 15]),
    ({"never_sent": True, "status_group": Group.FAILED}, [2, 3]),
    ({"never_sent": True, "customer_id": ("c-2",)}, [12, 15]),
    ({"never_sent": True, "q": "never"}, [15]),
    ({"never_sent": True, "status": (Status.QUEUED,)}, [4]),
    ({"never_sent": True, "sent_from": at(0)}, [1, 2, 3, 5, 9, 10, 11, 12, 13]),
    ({"q": "never"}, []),
]


@pytest.fixture
def filled(worker_pool: Pool) -> None:
    with worker_pool.connection() as connection:
        put_communications(connection, [row(n, **given) for n, given in enumerate([*PLAIN, NEVER_SENT], 1)])
        put_attempts(connection, [attempt(n, **given) for n, given in enumerate(PLAIN, 1)])


def found(ask: Asking, of: List, filters: Filters) -> list[int]:
    """The numbers of the rows, and a check that they come newest first."""
    shown = ask.page(of, filters)
    ids = [int(doc.split('"')[3].rpartition("-")[2], 16) for doc in shown.docs]
    assert shown.last is None
    assert ids == sorted(ids, reverse=True)
    return ids[::-1]


@pytest.mark.usefixtures("filled")
def test_every_filter_finds_what_it_names_and_nothing_else(ask: Asking) -> None:
    for given, expected in MATRIX:
        for of in (OVERVIEW, LOG):
            assert found(ask, of, Filters(**given)) == expected, (of.table, given)
    for given, expected in OVERVIEW_ONLY:
        assert found(ask, OVERVIEW, Filters(**given)) == expected, given


@pytest.mark.usefixtures("filled")
def test_counts_are_the_lengths_of_the_lists(ask: Asking) -> None:
    cases = [(of, given) for given, _ in MATRIX for of in (OVERVIEW, LOG)] + [(OVERVIEW, g) for g, _ in OVERVIEW_ONLY]
    for of, given in cases:
        plain = {name: value for name, value in given.items() if name != "status_group"}
        counted = ask.counts(of, Filters(**plain))
        assert counted.pop("all") == len(found(ask, of, Filters(**plain))), (of.table, plain)
        for group, number in counted.items():
            listed = found(ask, of, Filters(**plain, status_group=Group(group)))
            assert number == len(listed), (of.table, plain, group)


@pytest.mark.usefixtures("filled")
def test_collecting_counts_only_where_it_is_asked_for(ask: Asking) -> None:
    without = ask.counts(LOG, Filters())
    with_it = ask.counts(LOG, Filters(include_collecting=True))
    assert without == {"failed": 2, "not_sent": 1, "in_progress": 1, "completed": 6, "all": 10}
    assert with_it == without | {"all": 11}


@pytest.mark.usefixtures("filled")
def test_a_tenant_finds_its_own_rows_alone(ask: Asking) -> None:
    wide = Filters(show_ignored=True, include_collecting=True, never_sent=True)
    for of in (OVERVIEW, LOG):
        assert len(ask.page(of, wide, tenant=OTHER_TENANT).docs) == 1
        for q in ("müller", "payer.example", "ext-"):
            seen = Filters(q=q, in_recipients=True)
            assert len(ask.page(of, seen, tenant=OTHER_TENANT).docs) == 1
            assert ask.counts(of, seen, OTHER_TENANT)["all"] == 1


@pytest.mark.usefixtures("filled")
def test_without_a_tenant_nothing_is_found(ask: Asking) -> None:
    async def nobody() -> list[Any]:
        rows = []
        for table in ("communication", "attempt", "communication_of_tenant", "attempt_of_tenant"):
            rows += await (await ask.connection.execute(f"SELECT * FROM read.{table}")).fetchall()
        return rows

    assert ask.runner.run(nobody()) == []
