"""The query language of the Email Activity feed."""

from datetime import UTC, datetime

import pytest

from adapters.simulator.behaviour import Event
from adapters.simulator.messages import Message
from adapters.simulator.sendgrid_query import QueryError, matcher

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def message() -> Message:
    found = Message(
        id="abc_DEF-1.recvd-5f-1.0",
        provider="sendgrid",
        account="key",
        address="anna@buyer.example",
        sender="billing@seller.example",
        received_at=NOON,
        subject='Invoice "17"',
        arguments={"attempt_id": "a-1"},
    )
    found.happen(Event.SENT, NOON)
    found.happen(Event.DELIVERED, NOON)
    return found


@pytest.mark.parametrize(
    "query",
    [
        "",
        'to_email="anna@buyer.example"',
        "to_email = 'anna@buyer.example'",
        "msg_id LIKE 'abc_DEF-1%'",
        'msg_id like "%RECVD%"',
        'subject="Invoice ""17"""',
        "unique_args['attempt_id']=\"a-1\"",
        "(unique_args[\"attempt_id\"]='a-1')",
        'status="processed" OR status="delivered"',
        'status="delivered" AND (to_email="x" OR from_email="billing@seller.example")',
        'status="x" AND to_email="x" OR status="delivered"',
        'status IN ("processed","delivered")',
        'status!="processed"',
        'last_event_time BETWEEN TIMESTAMP "2026-01-15T00:00:00Z" AND TIMESTAMP "2026-01-15T23:59:59Z"',
        'last_event_time > TIMESTAMP "2026-01-14T00:00:00Z"',
    ],
)
def test_what_matches(query: str) -> None:
    assert matcher(query)(message())


@pytest.mark.parametrize(
    "query",
    [
        'to_email="anna"',
        "msg_id LIKE 'DEF%'",
        "unique_args['attempt_id']=\"a-2\"",
        "unique_args['other']=\"a-1\"",
        'status="delivered" AND to_email="x"',
        'status IN ("processed")',
        'last_event_time < TIMESTAMP "2026-01-15T00:00:00Z"',
        "msg_id LIKE 'abcXDEF-1%'",
    ],
)
def test_what_does_not_match(query: str) -> None:
    assert not matcher(query)(message())


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ('colour="red"', "'colour' is not a known field"),
        ("status", "ends too early"),
        ('status="delivered" status="x"', "is not expected"),
        ('status ~ "x"', "cannot be read"),
        ("status=delivered", "is not a quoted value"),
        ('(status="delivered"', "')' is missing"),
        ('status CONTAINS "x"', "'CONTAINS' is not a known operator"),
    ],
)
def test_what_cannot_be_read_says_where(query: str, says: str) -> None:
    with pytest.raises(QueryError, match=says.replace("(", r"\(").replace(")", r"\)")):
        matcher(query)
