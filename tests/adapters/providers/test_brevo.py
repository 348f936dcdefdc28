"""Brevo: its events in our words, what it is asked, and what its answers mean."""

import base64
import json
from typing import Any

import httpx
import msgspec
import pytest

from adapters.providers.brevo.sending import message, outcome
from adapters.providers.brevo.webhook import reports
from adapters.providers.port import Connection, Lookup, ProviderReport, RawAnswer, Refused, Taken, TryLater, Unknown
from adapters.providers.registry import provider
from domain.status import Status
from domain.values import HandedMessage
from tests.adapters.providers.kit import ATTEMPT, NOON, NOON_UNIX, connection
from tests.adapters.providers.kit_webhook_only import TO, brevo_event, written
from tests.adapters.providers.scripted import Scripted, http
from tests.adapters.providers.test_sendgrid_sending import OUTGOING

BREVO = provider("brevo")
MESSAGE = "202601151200.40811@smtp-relay.brevo.example"


def told(word: str, **said: Any) -> ProviderReport:
    (found,) = reports(written(brevo_event(word, **said)))
    return found


def account(url: str = "https://api.brevo.com/v3", **settings: str) -> Connection:
    given = {"api_url": url, "from_email": "bills@seller.example", "from_name": "Seller"} | settings
    return connection("brevo", {"api_key": "key"}, **given)


@pytest.mark.parametrize(
    ("word", "reason", "status", "named"),
    [
        ("request", None, Status.SENT, "processing"),
        ("delivered", None, Status.DELIVERED, None),
        ("deferred", "450 4.2.1 busy", Status.SENDING, "deferred"),
        ("hard_bounce", "550 5.1.1 no", Status.FAILED, "hard_bounce"),
        ("soft_bounce", None, Status.FAILED, "soft_bounce"),
        ("soft_bounce", "552 5.2.2 full", Status.FAILED, "mailbox_full"),
        ("invalid_email", None, Status.FAILED, "invalid_recipient"),
        ("blocked", "blacklisted", Status.FAILED, "suppressed"),
        ("error", None, Status.FAILED, "provider_error"),
        ("spam", None, Status.COMPLAINED, "complaint"),
        ("complaint", None, Status.COMPLAINED, "complaint"),
        ("opened", None, Status.READ, None),
        ("unique_opened", None, Status.READ, None),
        ("click", None, Status.READ, None),
        ("unsubscribe", None, None, "opted_out"),
        ("unsubscribed", None, None, "opted_out"),
        ("list_addition", None, None, None),
    ],
)
def test_words(word: str, reason: str | None, status: Status | None, named: str | None) -> None:
    found = told(word, reason=reason)
    assert (found.status, found.reason, found.ignored) == (status, named, status is None)
    assert (found.message_id, found.recipient, found.attempt_id) == (MESSAGE, TO, ATTEMPT)
    assert (found.diagnostic, found.occurred_at) == (reason, NOON)


@pytest.mark.parametrize("word", ["proxy_open", "unique_proxy_open"])
def test_a_proxy_reads_nothing(word: str) -> None:
    found = told(word)
    assert (found.ignored, found.is_open) == (True, True)


def test_times() -> None:
    """Only the one whose zone is certain: `date` and `ts` follow the account's settings."""
    assert told("delivered", ts_epoch=None, ts=NOON_UNIX, ts_event=NOON_UNIX).occurred_at is None
    assert told("delivered", ts_epoch=True).occurred_at is None
    assert told("delivered", ts_epoch=10**400).occurred_at is None
    assert reports(b'{"event": "delivered", "ts_epoch": NaN}')[0].occurred_at is None


@pytest.mark.parametrize(
    "said",
    [
        {"attempt_id": f'{{"attempt_id": "{ATTEMPT}"}}'},
        {"attempt_id": "customer's own", "tags": ["invoices", ATTEMPT]},
        {"attempt_id": '{"attempt_id"', "tag": ATTEMPT},
    ],
)
def test_the_attempt_is_found_wherever_it_travelled(said: dict[str, Any]) -> None:
    assert told("delivered", **said).attempt_id == ATTEMPT


def test_batched() -> None:
    found = reports(written([brevo_event("delivered"), brevo_event("opened"), 7]))
    assert [r.status for r in found] == [Status.DELIVERED, Status.READ, None]


def test_the_request(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(201, {"messageId": f"<{MESSAGE}>"}))
    assert BREVO.send(OUTGOING, account(api.url + "/v3/"), client) == Taken([HandedMessage(MESSAGE)])
    (asked,) = api.received
    assert (asked.method, asked.target, asked.headers["api-key"]) == ("POST", "/v3/smtp/email", "key")
    assert asked.json == {
        "sender": {"email": "bills@seller.example", "name": "Seller"},
        "to": [{"email": "ap@payer.example", "name": "Ada Payer"}],
        "cc": [{"email": "boss@payer.example"}],
        "bcc": [{"email": "archive@seller.example"}],
        "subject": "Invoice 7 – März",
        "textContent": "Dear Ada,\nplease find <it> attached.",
        "headers": {"X-Mailin-custom": ATTEMPT},
        "tags": [ATTEMPT],
        "attachment": [{"name": "Rechnung 7.pdf", "content": base64.b64encode(b"%PDF-1.7\x00\xff").decode()}],
    }


def test_html_only_where_opens_are_tracked() -> None:
    body = message(OUTGOING, msgspec.structs.replace(account(), open_tracking=True))
    assert "&lt;it&gt;" in body["htmlContent"]
    assert "htmlContent" not in message(OUTGOING, account())


@pytest.mark.parametrize(
    ("status", "code", "reason", "shown"),
    [
        (400, "invalid_parameter", "validation", Status.REJECTED),
        (400, "missing_parameter", "validation", Status.REJECTED),
        (400, "not_enough_credits", "account", Status.REJECTED),
        (402, "code_of_tomorrow", "account", Status.REJECTED),
        (401, "unauthorized", "authentication", Status.REJECTED),
        (403, "permission_denied", "account", Status.REJECTED),
        (400, "duplicate_request", "duplicate", Status.REJECTED),
        (404, "document_not_found", "misconfigured", Status.FAILED),
        (406, "not_acceptable", "validation", Status.REJECTED),
        (400, 7, "validation", Status.REJECTED),
    ],
)
def test_refusals(status: int, code: object, reason: str, shown: Status) -> None:
    answer = outcome(RawAnswer(status, {}, msgspec.json.encode({"code": code, "message": "why"})))
    assert isinstance(answer, Refused)
    assert (answer.reason, answer.status) == (reason, shown)
    assert answer.detail.endswith(": why")


@pytest.mark.parametrize(
    ("headers", "wait"),
    [({"x-sib-ratelimit-reset": "45"}, 45.0), ({"retry-after": "7", "x-sib-ratelimit-reset": "45"}, 7.0), ({}, None)],
)
def test_rate_limits(headers: dict[str, str], wait: float | None) -> None:
    answer = outcome(RawAnswer(429, headers, b'{"code": "too_many_requests"}'))
    assert isinstance(answer, TryLater)
    assert (answer.reason, answer.after) == ("rate_limited", wait)


def test_answers_that_prove_nothing() -> None:
    for status, body in [
        (500, b'{"code": "invalid_parameter"}'),
        (201, b""),
        (201, b"[]"),
        (201, b'{"messageId": "<>"}'),
    ]:
        assert isinstance(outcome(RawAnswer(status, {}, body)), Unknown)


def event(word: str, **said: str) -> dict[str, str]:
    given = {"email": TO, "date": "2026-01-15T13:00:00.000+01:00", "messageId": f"<{MESSAGE}>", "event": word}
    return given | said


def test_asking(api: Scripted, client: httpx.Client) -> None:
    words = ["requests", "delivered", "hardBounces", "softBounces", "loadedByProxy", "ofTomorrow"]
    api.answers(http(200, {"events": [*map(event, words), event("opened", messageId="<other@x>")]}))
    found = BREVO.status(Lookup(ATTEMPT, MESSAGE), account(api.url), client)
    assert api.received[0].path == "/smtp/statistics/events"
    assert api.received[0].query == {"limit": "100", "days": "30", "messageId": f"<{MESSAGE}>"}
    assert [(r.status, r.reason, r.ignored) for r in found] == [
        (Status.SENT, "processing", False),
        (Status.DELIVERED, None, False),
        (Status.FAILED, "hard_bounce", False),
        (Status.FAILED, "soft_bounce", False),
        (Status.READ, None, True),
        (None, None, True),
    ]
    assert {(r.message_id, r.attempt_id, r.recipient, r.occurred_at) for r in found} == {(MESSAGE, ATTEMPT, TO, NOON)}
    (read,) = BREVO.read_answer(RawAnswer(200, {}, written({"events": [event("blocked")]})))
    assert (read.status, read.reason) == (Status.FAILED, "suppressed")


def test_asking_without_a_message_id(api: Scripted, client: httpx.Client) -> None:
    api.answers(http(200, {"events": [event("delivered"), event("delivered", messageId="<another-attempts@x>")]}))
    lookup = Lookup(ATTEMPT, None, TO, NOON, frozenset({"another-attempts@x"}))
    assert [r.message_id for r in BREVO.status(lookup, account(api.url), client)] == [MESSAGE]
    assert json.loads(api.received[0].query["tags"]) == [ATTEMPT]


def test_asking_in_vain(api: Scripted, client: httpx.Client) -> None:
    for nothing in (http(200, {}), http(200, {"events": []}), http(404, {"code": "document_not_found"})):
        api.answers(nothing)
        assert BREVO.status(Lookup(ATTEMPT, MESSAGE), account(api.url), client) == []
    for wrong in (http(500), http(200, b"<html>"), http(200, {"events": 7})):
        api.answers(wrong)
        with pytest.raises(httpx.HTTPError):
            BREVO.status(Lookup(ATTEMPT, MESSAGE), account(api.url), client)
