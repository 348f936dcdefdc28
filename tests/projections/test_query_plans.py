"""The indexes are used under row-level security: no list walks through all rows of a large tenant."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from adapters.database.pool import connect
from domain.status import Group, Status
from projections.queries import changes
from projections.queries.filters import Filters
from projections.queries.lists import LOG, OVERVIEW, List, Place, counts_query, page_query
from projections.sql import load
from tests.support.database import Server, fresh_database
from tests.support.read_rows import OTHER_TENANT, START, TENANT, at

SQL = load(__file__)
ROWS = 20_000
BOTH = (OVERVIEW, LOG)


@pytest.fixture(scope="module")
def large(server: Server, template: str) -> Iterator[str]:
    """The URL of a database with many rows."""
    with fresh_database(server, template) as url:
        given = {"tenant": TENANT, "other": OTHER_TENANT, "start": START, "rows": ROWS}
        with connect(url, "sendtrail_worker") as worker:
            for statement in SQL.values():
                worker.execute(statement, given)
            worker.execute("INSERT INTO read.checkpoint VALUES ('overview', %s)", (ROWS,))
        with connect(url, "sendtrail_owner", autocommit=True) as owner:
            owner.execute("VACUUM ANALYZE read.communication, read.attempt")
        yield url


@pytest.fixture
def filled(large: str) -> Iterator["Connection[Any]"]:
    with connect(large, "sendtrail_api") as api:
        api.execute("SELECT set_config('app.tenant', %s, true)", (str(TENANT),))
        yield api


class Plan:
    """What a query's plan is made of: kinds of nodes, and the names of indexes."""

    def __init__(self, connection: "Connection[Any]", sql: str, values: dict[str, Any]) -> None:
        row = connection.execute(f"EXPLAIN (FORMAT JSON) {sql}", values).fetchone()
        assert row is not None
        self.nodes = list(_nodes(row[0][0]["Plan"]))
        self.kinds = {node["Node Type"] for node in self.nodes}
        self.indexes = {node["Index Name"] for node in self.nodes if "Index Name" in node}

    def walks_all(self) -> bool:
        return any("Seq Scan" in kind for kind in self.kinds)


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)


def named(of: List, *indexes: str) -> set[str]:
    return {f"{of.table.removeprefix('read.')}_{index}" for index in indexes}


def test_lists_walk_an_index_in_their_order(filled: "Connection[Any]") -> None:
    cases: list[tuple[Filters, tuple[str, ...]]] = [
        (Filters(), ("newest",)),
        (Filters(status_group=Group.FAILED), ("group",)),
        (Filters(status=(Status.FAILED, Status.REJECTED)), ("group",)),
        (Filters(customer_id=("c-7",)), ("customer",)),
        (Filters(show_ignored=True), ("newest", "hidden")),
        (Filters(never_sent=True, include_collecting=True), ("newest", "hidden")),
    ]
    for of in BOTH:
        for filters, indexes in cases:
            for after in (None, Place(at(ROWS // 2), TENANT)):
                plan = Plan(filled, *page_query(of, filters, after, 50))
                assert plan.indexes == named(of, *indexes), (of.table, filters, after)
                assert not plan.kinds & {"Sort", "Seq Scan"}, (of.table, filters, after)


def test_searches_use_the_index_of_trigrams(filled: "Connection[Any]") -> None:
    for of in BOTH:
        plain = Plan(filled, *page_query(of, Filters(q="9f61408e3a"), None, 50))
        assert plain.indexes == named(of, "search")
        wide = Plan(filled, *page_query(of, Filters(q="9f61408e3a", in_recipients=True), None, 50))
        assert wide.indexes == named(of, "search", "search_recipient")
        assert not plain.walks_all()
        assert not wide.walks_all()


def test_a_few_days_of_a_long_history_are_found_by_index(filled: "Connection[Any]") -> None:
    for of in BOTH:
        plan = Plan(filled, *page_query(of, Filters(sent_from=at(500), sent_to=at(600)), None, 50))
        assert plan.indexes == named(of, "shipped"), of.table


def test_counts_never_touch_the_rows_themselves(filled: "Connection[Any]") -> None:
    cases = (
        Filters(),
        Filters(status=(Status.SENT,)),
        Filters(reason=("hard_bounce",)),
        Filters(show_ignored=True),
    )
    for of in BOTH:
        for filters in cases:
            plan = Plan(filled, *counts_query(of, filters))
            assert plan.indexes == named(of, "group"), (of.table, filters)
            assert "Index Only Scan" in plan.kinds, (of.table, filters)


def test_changes_are_read_in_the_order_of_positions(filled: "Connection[Any]") -> None:
    plan = Plan(filled, changes.SQL["changes"], {"after": ROWS - 100, "most": 50})
    assert plan.indexes >= {"communication_changed", "attempt_changed"}
    assert not {node.get("Relation Name") for node in plan.nodes if "Seq Scan" in node["Node Type"]} - {"checkpoint"}
