"""Asking Twilio for Message resources."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import msgspec
import pytest

from adapters.providers.port import Connection, Lookup, ProviderReport, RawAnswer, UnreadableError
from adapters.providers.registry import provider
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, connection, request, twilio_form
from tests.adapters.providers.scripted import CUT, HANG, Scripted, http

SENT_AT = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
TO = "+32470123456"


def account(url: str, **settings: str) -> Connection:
    given = {"api_url": url, "account_sid": "AC1", "from_number": "+32460000001"} | settings
    return connection("twilio", {"auth_token": "token"}, **given)


def resource(sid: str = "SM1", status: str = "delivered", made: datetime = SENT_AT, **said: Any) -> dict[str, Any]:
    return {
        "sid": sid,
        "status": status,
        "to": TO,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "date_created": format_datetime(made),
        "date_updated": format_datetime(made + timedelta(seconds=9)),
    } | said


def ask(api: Scripted, client: httpx.Client, lookup: Lookup, **settings: str) -> list[ProviderReport]:
    return provider("twilio").status(lookup, account(api.url, **settings), client)


def test_by_its_sid(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, resource(status="undelivered", error_code=30003, error_message="Unreachable")))
    (found,) = ask(api, client, Lookup(ATTEMPT, "SM1"))
    assert (found.status, found.reason, found.diagnostic_code) == (Status.FAILED, "unreachable", "30003")
    assert (found.diagnostic, found.recipient, found.attempt_id) == ("Unreachable", TO, ATTEMPT)
    assert found.occurred_at == SENT_AT + timedelta(seconds=9)
    assert api.received[0].target == "/2010-04-01/Accounts/AC1/Messages/SM1.json"


def test_it_says_the_same_as_the_callback(api: Scripted, client: httpx.Client) -> None:
    """So asking after a callback records nothing twice."""
    api.answers(http(200, resource("SM9", "undelivered", error_code=30003)))
    (asked,) = ask(api, client, Lookup(ATTEMPT, "SM9"))
    body = twilio_form("undelivered", MessageSid="SM9", ErrorCode="30003")
    (called,) = provider("twilio").reports(request(body, {}))
    assert asked.event_id == called.event_id


def test_by_number_and_day(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, {"messages": [resource()]}))
    (found,) = ask(api, client, Lookup(ATTEMPT, None, TO, SENT_AT))
    assert (found.message_id, found.status) == ("SM1", Status.DELIVERED)
    (asked,) = api.received
    assert asked.path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert asked.query == {"To": TO, "From": "+32460000001", "DateSent": "2026-01-15"}


def test_around_midnight_both_days_are_asked(api: Scripted, client: httpx.Client) -> None:
    late = datetime(2026, 1, 15, 23, 55, tzinfo=UTC)
    api.answers(http(200, {"messages": []}), http(200, {"messages": [resource(made=late + timedelta(minutes=10))]}))
    (found,) = ask(api, client, Lookup(ATTEMPT, None, TO, late), messaging_service_sid="MG1")
    assert found.message_id == "SM1"
    assert [r.query for r in api.received] == [
        {"To": TO, "DateSent": "2026-01-15"},
        {"To": TO, "DateSent": "2026-01-16"},
    ]


@pytest.mark.parametrize(
    "others",
    [
        [resource("SM2", made=SENT_AT + timedelta(minutes=3))],
        [resource("SM2"), resource("SM3")],
    ],
)
def test_of_several_that_it_may_be_none_is_claimed(
    others: list[dict[str, Any]], api: Scripted, client: httpx.Client
) -> None:
    api.answers(http(200, {"messages": [resource(), *others]}))
    assert ask(api, client, Lookup(ATTEMPT, None, TO, SENT_AT)) == []


@pytest.mark.parametrize(
    "other",
    [
        resource("SM2", made=SENT_AT - timedelta(hours=1)),
        resource("SM2", made=SENT_AT + timedelta(hours=1)),
        resource("SM2", direction="inbound"),
        resource("KNOWN"),
        resource("SM2", body="Another invoice"),
    ],
)
def test_what_it_cannot_be_is_left_out(other: dict[str, Any], api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, {"messages": [other, resource()]}))
    lookup = Lookup(ATTEMPT, None, TO, SENT_AT, known=frozenset({"KNOWN"}), text="Invoice 7 ")
    assert [f.message_id for f in ask(api, client, lookup)] == ["SM1"]


@pytest.mark.parametrize("body", ["Invoice 7", "Sent from a trial account - Invoice 7", "", None])
def test_a_text_that_it_may_be(body: str | None, api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, {"messages": [resource(body=body)]}))
    assert ask(api, client, Lookup(ATTEMPT, None, TO, SENT_AT, text="Invoice 7"))
    assert ask(api, client, Lookup(ATTEMPT, None, TO, SENT_AT))


def test_without_number_or_time_nothing_is_searched(api: Scripted, client: httpx.Client) -> None:
    assert ask(api, client, Lookup(ATTEMPT)) == ask(api, client, Lookup(ATTEMPT, None, TO)) == []
    assert api.received == []


def test_what_is_not_there_is_no_error(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(404, {"code": 20404, "message": "not found", "status": 404}))
    assert ask(api, client, Lookup(ATTEMPT, "SM1")) == []


@pytest.mark.parametrize("wrong", [http(401), http(429), http(500), http(200, b"<html>"), http(200, {}), HANG, CUT])
def test_what_cannot_be_asked_now(wrong: object, api: Scripted, client: httpx.Client) -> None:
    """And the error does not repeat the number that was asked about."""
    api.answers(wrong)
    with pytest.raises(httpx.HTTPError) as failed:
        ask(api, client, Lookup(ATTEMPT, None, TO, SENT_AT))
    assert TO[1:] not in str(failed.value)


@pytest.mark.parametrize(
    ("said", "status", "reason"),
    [
        ({"status": "canceled"}, Status.FAILED, "cancelled"),
        ({"status": "scheduled"}, Status.SENT, "processing"),
        ({"status": "sent", "error_code": 30008}, Status.FAILED, "undelivered"),
        ({"status": "failed", "error_code": "21614"}, Status.REJECTED, "invalid_recipient"),
        ({"status": "received", "direction": "inbound"}, None, None),
        ({"status": "delivered", "direction": "inbound"}, None, None),
        ({"status": "new"}, None, None),
    ],
)
def test_resources_as_reports(said: dict[str, Any], status: Status | None, reason: str | None) -> None:
    for body in (resource(**said), {"messages": [resource(**said)]}, [resource(**said)]):
        (found,) = provider("twilio").read_answer(RawAnswer(200, {}, msgspec.json.encode(body)))
        assert (found.status, found.reason, found.ignored) == (status, reason, status is None)


def test_an_empty_page_and_a_page_that_is_none() -> None:
    assert provider("twilio").read_answer(RawAnswer(200, {}, b'{"messages": [], "page": 0}')) == []
    with pytest.raises(UnreadableError):
        provider("twilio").read_answer(RawAnswer(200, {}, b"<html>"))
