"""Under row-level security no list reads more than a little, whatever a large tenant has and however deep the page."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from adapters.database.pool import connect
from domain.status import Group, Status
from domain.values import Channel, SubjectType
from projections.queries import changes, searching
from projections.queries.filters import Filters
from projections.queries.lists import counts_query, page_query
from projections.queries.pieces import LOG, OVERVIEW, List, Place, Query
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
            owner.execute("VACUUM ANALYZE read.communication, read.attempt, read.facet")
        yield url


@pytest.fixture
def filled(large: str) -> Iterator["Connection[Any]"]:
    with connect(large, "sendtrail_api") as api:
        api.execute("SELECT set_config('app.tenant', %s, true)", (str(TENANT),))
        yield api


class Plan:
    """What a query did: the indexes that it used, and how many rows it read of the table that is listed."""

    def __init__(self, connection: "Connection[Any]", sql: str, values: dict[str, Any]) -> None:
        row = connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values).fetchone()
        assert row is not None
        self.nodes = list(_nodes(row[0][0]["Plan"]))
        self.indexes = {node["Index Name"] for node in self.nodes if "Index Name" in node and node["Actual Loops"]}
        read = [node for node in self.nodes if node.get("Relation Name") in ("communication", "attempt")]
        self.rows = sum(_rows(node) for node in read)
        self.walks_all = any("Seq Scan" in node["Node Type"] for node in read if node["Actual Loops"])


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)


def _rows(node: dict[str, Any]) -> float:
    return float(node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)))


def planned(connection: "Connection[Any]", query: Query) -> Plan:
    return Plan(connection, query.sql, query.values)


def named(of: List, *indexes: str) -> set[str]:
    return {f"{of.listed}_{index}" for index in indexes}


LITTLE = 1500
"""Rows: some steps, some heads of each facet, and a page."""
OLD: dict[str, Any] = {"sent_from": at(500), "sent_to": at(600)}
CASES: list[tuple[Filters, str]] = [
    (Filters(), "newest"),
    (Filters(show_ignored=True, include_collecting=True, never_sent=True), "newest"),
    (Filters(status=(Status.SENT,)), "newest"),
    (Filters(status_group=Group.FAILED), "facet"),
    (Filters(status=(Status.FAILED, Status.REJECTED)), "facet"),
    (Filters(status=(Status.QUEUED,), show_ignored=True), "facet"),
    (Filters(subject_type=(SubjectType.CREDIT_NOTE,), include_collecting=True), "facet"),
    (Filters(category=("rare",), status_group=Group.COMPLETED), "facet"),
    (Filters(channel=(Channel.SMS,)), "facet"),
    (Filters(customer_id=("c-7",)), "customer"),
    (Filters(customer_id=("c-7", "c-8"), status_group=Group.FAILED), "customer"),
    (Filters(customer_id=("most",), category=("rare",)), "customer"),
    (Filters(sent_from=at(ROWS - 600)), "facet"),
    (Filters(**OLD), "facet"),
    (Filters(sent_to=at(600)), "facet"),
    (Filters(**OLD, status_group=Group.FAILED, channel=(Channel.SMS,)), "facet"),
    (Filters(**OLD, customer_id=("most",)), "customer"),
]


@pytest.mark.parametrize("of", BOTH, ids=lambda of: of.listed)
def test_a_page_reads_little_however_rare_its_rows_and_however_deep_it_is(filled: "Connection[Any]", of: List) -> None:
    for filters, index in CASES:
        for minute in (None, ROWS - 300, ROWS // 2, 550, 20):
            after = None if minute is None else Place(at(minute), TENANT)
            plan = planned(filled, page_query(of, filters, after, 50))
            assert plan.rows < LITTLE, (filters, minute)
            assert not plan.walks_all, (filters, minute)
            # Far down, where nothing follows, the facets are asked to make sure.
            assert minute == 20 or index != "newest" or named(of, "facet").isdisjoint(plan.indexes), (filters, minute)
            assert named(of, index) <= plan.indexes, (filters, minute)


RARE, COMMON = "9f61408e3a", "number"
SEARCHES: list[tuple[Filters, str]] = [
    (Filters(q=COMMON), "searched"),
    (Filters(q=COMMON, in_recipients=True), "searched"),
    (Filters(q=COMMON, **OLD), "searched"),
    (Filters(q=COMMON, category=("rare",)), "searched"),
    (Filters(q=COMMON, status_group=Group.FAILED), "failed"),
    (Filters(q=RARE), "searched"),
    (Filters(q=RARE, in_recipients=True), "searched"),
    (Filters(q=RARE, status=(Status.REJECTED,)), "failed"),
    (Filters(q=RARE, customer_id=("most",)), "searched"),
]


@pytest.mark.parametrize("of", BOTH, ids=lambda of: of.listed)
def test_a_search_reads_little_and_by_its_own_indexes_alone(filled: "Connection[Any]", of: List) -> None:
    own = named(of, "searched", "failed", "sampled", "sampled_thinly")
    for filters, index in SEARCHES:
        for minute in (None, ROWS - 300, ROWS // 2, 550, 20):
            after = None if minute is None else Place(at(minute), TENANT)
            plan = planned(filled, searching.page_query(of, filters, after, 51))
            assert plan.rows < LITTLE, (filters, minute)
            assert not plan.walks_all, (filters, minute)
            assert plan.indexes <= own, (filters, minute)
            # Further down there is so little that the words alone are looked up.
            assert minute is not None or named(of, index) <= plan.indexes, (filters, minute)


def test_counts_read_no_rows_where_facets_tell_them_and_no_others_where_not(filled: "Connection[Any]") -> None:
    for of in BOTH:
        for filters in (Filters(), Filters(status=(Status.SENT,)), Filters(category=("rare",), show_ignored=True)):
            assert Plan(filled, *counts_query(of, filters)[:2]).rows == 0, filters
        day = Plan(filled, *counts_query(of, Filters(**OLD))[:2])
        assert (day.rows < 200, day.walks_all) == (True, False)
        customer = Plan(filled, *counts_query(of, Filters(customer_id=("c-7",)))[:2])
        assert (customer.rows < 200, customer.walks_all) == (True, False)


def test_changes_are_read_in_the_order_of_positions(filled: "Connection[Any]") -> None:
    plan = Plan(filled, changes.SQL["changes"], {"after": ROWS - 100, "most": 50})
    assert plan.indexes >= {"communication_changed", "attempt_changed"}
    assert not plan.walks_all
