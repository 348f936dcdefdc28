"""Asking SendGrid's Email Activity."""

from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from adapters.providers.port import Connection, Lookup, MisconfiguredError, ProviderReport, RawAnswer, UnreadableError
from adapters.providers.registry import provider
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, connection
from tests.adapters.providers.scripted import HANG, Scripted, http, nobody

AT = datetime(2026, 1, 15, 12, 0, 5, tzinfo=UTC)
WHOLE = "tq8vGdWnQmy1.recvd-76f9-1-65A51E2C-7.0"


def account(url: str) -> Connection:
    return connection("sendgrid", {"api_key": "SG.key"}, api_url=url)


def activity(status: str = "delivered", **said: Any) -> dict[str, Any]:
    return {
        "msg_id": WHOLE,
        "to_email": "ap@payer.example",
        "from_email": "bills@seller.example",
        "status": status,
        "last_event_time": "2026-01-15T12:00:05Z",
        "opens_count": 1,
    } | said


def ask(api: Scripted, client: httpx.Client, lookup: Lookup) -> list[ProviderReport]:
    return provider("sendgrid").status(lookup, account(api.url), client)


def test_by_its_message_id(api: Scripted, client: httpx.Client) -> None:
    """The activity's id is longer than the one that the send was answered with, so a search follows."""
    api.answers(http(404, {"errors": []}), http(200, {"messages": [activity()]}))
    (found,) = ask(api, client, Lookup(ATTEMPT, "tq8vGdWnQmy1"))
    assert (found.status, found.message_id, found.attempt_id) == (Status.DELIVERED, "tq8vGdWnQmy1", ATTEMPT)
    assert (found.recipient, found.occurred_at) == ("ap@payer.example", AT)
    direct, search = api.received
    assert (direct.method, direct.target) == ("GET", "/v3/messages/tq8vGdWnQmy1")
    assert (search.path, search.query) == ("/v3/messages", {"query": "msg_id LIKE 'tq8vGdWnQmy1%'", "limit": "1000"})
    assert {r.headers["authorization"] for r in api.received} == {"Bearer SG.key"}


def test_by_our_attempt_id(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, {"messages": [activity(), activity(msg_id="other.recvd-1", to_email="b@payer.example")]}))
    found = ask(api, client, Lookup(ATTEMPT, known=frozenset({"other"})))
    assert [f.message_id for f in found] == ["tq8vGdWnQmy1"]
    assert api.received[0].query["query"] == f"(unique_args['attempt_id']=\"{ATTEMPT}\")"


def test_its_events_where_it_tells_them(api: Scripted, client: httpx.Client) -> None:
    events = [
        {"event_name": "processed", "processed": "2026-01-15T12:00:01Z"},
        {"event_name": "deferred", "processed": "2026-01-15T12:00:02Z", "reason": "450 busy", "attempt_num": 1},
        {"event_name": "bounced", "processed": "2026-01-15T12:00:03Z", "reason": "550 5.1.1 no", "bounce_type": "hard"},
        {"event_name": "bounced", "processed": "2026-01-15T12:00:03Z", "reason": "450 4.7.1", "bounce_type": "soft"},
        {"event_name": "opened", "processed": "2026-01-15T12:00:04Z", "http_user_agent": "x"},
        {"event_name": "spam_report", "processed": "2026-01-15T12:00:05Z"},
        {"event_name": "dropped", "processed": "2026-01-15T12:00:05Z", "reason": "Bounced Address"},
        {"event_name": "teleported", "processed": "2026-01-15T12:00:05Z"},
        "junk",
        {},
    ]
    api.answers(http(200, activity(events=events)))
    found = ask(api, client, Lookup(ATTEMPT, "tq8vGdWnQmy1"))
    assert [(f.status, f.reason) for f in found if not f.ignored] == [
        (Status.SENT, "processing"),
        (Status.SENDING, "deferred"),
        (Status.FAILED, "hard_bounce"),
        (Status.FAILED, "soft_bounce"),
        (Status.COMPLAINED, "complaint"),
        (Status.FAILED, "suppressed"),
    ]
    assert len({f.event_id for f in found}) == len(found) == 9
    assert found[-4].occurred_at == AT


def test_its_opens_never_count(api: Scripted, client: httpx.Client) -> None:
    """It does not tell a person's from a machine's."""
    api.answers(http(200, activity(events=[{"event_name": "opened", "processed": "2026-01-15T12:00:04Z"}])))
    (found,) = ask(api, client, Lookup(ATTEMPT, "m"))
    assert (found.status, found.ignored) == (Status.READ, True)


@pytest.mark.parametrize(
    ("word", "status", "reason"),
    [
        ("processed", Status.SENT, "processing"),
        ("delivered", Status.DELIVERED, None),
        ("not_delivered", Status.FAILED, "undelivered"),
        ("new", None, None),
    ],
)
def test_its_statuses(
    word: str, status: Status | None, reason: str | None, api: Scripted, client: httpx.Client
) -> None:
    api.answers(http(200, {"messages": [activity(word)]}))
    (found,) = ask(api, client, Lookup(ATTEMPT))
    assert (found.status, found.reason, found.provider_event) == (status, reason, word)


def test_asking_again_says_nothing_new(api: Scripted, client: httpx.Client) -> None:
    api.answers(
        http(200, {"messages": [activity()]}),
        http(200, {"messages": [activity(last_event_time="2026-01-16T08:00:00Z")]}),
    )
    first, again = ask(api, client, Lookup(ATTEMPT)), ask(api, client, Lookup(ATTEMPT))
    assert first[0].event_id == again[0].event_id


def test_what_is_not_there_yet_is_no_error(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(404), http(200, {"messages": []}))
    assert ask(api, client, Lookup(ATTEMPT, "m")) == []


@pytest.mark.parametrize("wrong", [http(403), http(429), http(500), http(200, b"<html>"), HANG, http(302)])
def test_what_cannot_be_asked_now(wrong: object, api: Scripted, client: httpx.Client) -> None:
    api.answers(wrong)
    with pytest.raises(httpx.HTTPError) as failed:
        ask(api, client, Lookup(ATTEMPT))
    assert "attempt_id" not in str(failed.value)


def test_nobody_there(client: httpx.Client) -> None:
    with nobody() as url, pytest.raises(httpx.HTTPError):
        provider("sendgrid").status(Lookup(ATTEMPT), account(url), client)
    with pytest.raises(MisconfiguredError):
        provider("sendgrid").status(Lookup(ATTEMPT), account("http://in.example:port/"), client)


def test_an_answer_as_reports() -> None:
    sendgrid = provider("sendgrid")
    for body in ({"messages": [activity()]}, activity()):
        (found,) = sendgrid.read_answer(RawAnswer(200, {}, msgspec.json.encode(body)))
        assert found.status is Status.DELIVERED
    assert sendgrid.read_answer(RawAnswer(200, {}, b'{"messages": null}')) == []
    with pytest.raises(UnreadableError):
        sendgrid.read_answer(RawAnswer(200, {}, b"<html>"))
