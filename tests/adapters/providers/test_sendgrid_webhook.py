"""SendGrid's events in our words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.providers.port import ProviderReport
from adapters.providers.sendgrid.webhook import BOUNCES, DROPS, EVENTS, message_id, report, reports
from domain.reasons import REASONS
from domain.status import Status
from domain.values import Actor
from tests.adapters.providers.kit import NOON, sendgrid_event, sendgrid_events


def told(word: str, **said: Any) -> ProviderReport:
    return report(sendgrid_event(word, **said))


@pytest.mark.parametrize(
    ("word", "status", "reason", "actor"),
    [
        ("processed", Status.SENT, "processing", Actor.PROVIDER),
        ("deferred", Status.SENDING, "deferred", Actor.RECIPIENT),
        ("delivered", Status.DELIVERED, None, None),
        ("open", Status.READ, None, Actor.RECIPIENT),
        ("click", Status.READ, None, Actor.RECIPIENT),
        ("bounce", Status.FAILED, "hard_bounce", Actor.RECIPIENT),
        ("dropped", Status.FAILED, "dropped", Actor.PROVIDER),
        ("spamreport", Status.COMPLAINED, "complaint", Actor.RECIPIENT),
        ("Delivered", Status.DELIVERED, None, None),
    ],
)
def test_what_counts(word: str, status: Status, reason: str | None, actor: Actor | None) -> None:
    found = told(word)
    assert (found.status, found.reason, found.actor, found.ignored) == (status, reason, actor, False)
    assert found.is_open == (word in ("open", "click"))


@pytest.mark.parametrize(
    "word", ["unsubscribe", "group_unsubscribe", "group_resubscribe", "account_status_change", "new"]
)
def test_what_is_shown_and_never_counts(word: str) -> None:
    found = told(word)
    assert (found.status, found.ignored, found.provider_event) == (None, True, word)


@pytest.mark.parametrize(
    ("said", "reason", "code"),
    [
        ({"type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 no such user"}, "hard_bounce", "5.1.1"),
        ({"reason": "500 unknown recipient", "status": "5.0.0"}, "hard_bounce", "5.0.0"),
        ({}, "hard_bounce", None),
        ({"type": "blocked", "reason": "550 5.7.1 refused by policy"}, "blocked", "5.7.1"),
        ({"type": "blocked", "reason": "unable to get mx info"}, "blocked", None),
        ({"type": "blocked", "status": "5.2.2", "reason": "552 5.2.2 over quota"}, "mailbox_full", "5.2.2"),
        ({"type": "bounce", "reason": "452 4.2.2 The mailbox is over its storage"}, "mailbox_full", "4.2.2"),
        ({"type": "bounce", "reason": "554 Mailbox for this user is full"}, "mailbox_full", None),
        ({"type": "blocked", "reason": "550 Mailbox quota exceeded"}, "mailbox_full", None),
        ({"type": "blocked", "bounce_classification": "Content", "reason": "554 spam"}, "content_rejected", None),
        ({"type": "blocked", "bounce_classification": "Reputation", "reason": "554 bad IP"}, "blocked", None),
        ({"type": "blocked", "reason": "550 5.4.5 Daily sending quota of this sender"}, "blocked", "5.4.5"),
        ({"type": "expired", "reason": "gave up after 72 hours"}, "expired", None),
        ({"type": 7, "status": 5, "reason": ["x"]}, "hard_bounce", None),
    ],
)
def test_why_it_bounced(said: dict[str, Any], reason: str, code: str | None) -> None:
    found = told("bounce", **said)
    assert (found.status, found.reason, found.diagnostic_code) == (Status.FAILED, reason, code)


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        ("Bounced Address", "suppressed"),
        ("Unsubscribed Address", "opted_out"),
        ("Spam Reporting Address", "complaint"),
        ("Invalid", "invalid_recipient"),
        ("Invalid SMTPAPI header", "validation"),
        ("Spam Content", "validation"),
        ("Recipient List over Package Quota", "account"),
        ("Something new", "dropped"),
        (None, "dropped"),
    ],
)
def test_why_it_was_dropped(why: str | None, reason: str) -> None:
    found = told("dropped", reason=why)
    assert (found.status, found.reason, found.diagnostic) == (Status.FAILED, reason, why)


def test_every_reason_is_one_that_people_can_read() -> None:
    named = {m.reason for m in EVENTS.values() if m.reason} | set(BOUNCES.values()) | set(DROPS.values())
    assert named <= REASONS.keys()


@pytest.mark.parametrize("machine", [True, "true", "True", 1])
@pytest.mark.parametrize("word", ["open", "click"])
def test_a_machine_reads_nothing(word: str, machine: object) -> None:
    found = told(word, sg_machine_open=machine)
    assert (found.ignored, found.is_open) == (True, True)
    assert not told(word, sg_machine_open=False).ignored


@pytest.mark.parametrize(
    ("whole", "known"),
    [
        ("tq8vGdWnQmy1.filterdrecv-p9abc1-6d4f7b9c5-q7w8e-2-65A51E2C-3.0", "tq8vGdWnQmy1"),
        ("tq8vGdWnQmy1.recvd-76f9c8d5b4-x2lkq-1-65A51E2C-7.0", "tq8vGdWnQmy1"),
        ("15a6b.e7f.77c2.filter0042.2211.65A51E2C1.0", "15a6b.e7f.77c2"),
        ("15a6b.e7f.recvd-1.filter2.0", "15a6b.e7f"),
        ("tq8vGdWnQmy1.elsewhere-1.0", "tq8vGdWnQmy1"),
        ("tq8vGdWnQmy1", "tq8vGdWnQmy1"),
        ("filter0042p9abc1.2211.65A51E2C1.0", None),
        (".recvd-1", None),
        (None, None),
    ],
)
def test_the_id_that_the_send_was_answered_with(whole: str | None, known: str | None) -> None:
    assert message_id(whole) == known


@pytest.mark.parametrize(
    ("event", "known"),
    [
        ({"smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>"}, "14c5d75ce93.dfd.64b469"),
        ({"smtp-id": "<wrfRRvF7@ismtpd0006p1sjc2.sendgrid.net>", "sg_message_id": "filter0199.4745.0"}, "wrfRRvF7"),
        ({"smtp-id": "<wrfRRvF7@ismtpd0006.sendgrid.net>", "sg_message_id": "u9Gvi3mz.filter1.0"}, "u9Gvi3mz"),
        ({"smtp-id": "<our-own-1@mail.acme.example>"}, None),
        ({"smtp-id": "@ismtpd-1"}, None),
        ({"smtp-id": 7}, None),
    ],
)
def test_the_message_is_known_by_the_smtp_id_that_sendgrid_made(event: dict[str, Any], known: str | None) -> None:
    assert report({"event": "dropped", **event}).message_id == known


@pytest.mark.parametrize("at", [1768478400, "1768478400", 1768478400.0, "1768478400.0", "2026-01-15T12:00:00Z"])
def test_its_clock(at: object) -> None:
    assert told("delivered", timestamp=at).occurred_at == NOON


@pytest.mark.parametrize("at", [None, "", "soon", True, 1e300, -1e300, 10**400, "9" * 40, [], "2026-01-15T12:00:00"])
def test_a_time_that_is_none_leaves_the_rest(at: object) -> None:
    found = told("delivered", timestamp=at)
    assert (found.occurred_at, found.status) == (None, Status.DELIVERED)


def test_an_event_may_lack_everything_but_its_name() -> None:
    (found,) = reports(b'[{"event":"processed"}]')
    assert (found.status, found.message_id, found.recipient, found.occurred_at) == (Status.SENT, None, None, None)


def test_without_an_id_what_identifies_the_event_is_its_id() -> None:
    one = sendgrid_event("bounce", sg_event_id=None, reason="550 no")
    assert report(one).event_id == report(dict(reversed(one.items())) | {"ip": "192.0.2.1"}).event_id
    for field, value in {"email": "x@b.example", "timestamp": 1, "sg_message_id": "m", "event": "dropped"}.items():
        assert report(one | {field: value}).event_id != report(one).event_id


def test_a_broken_event_costs_no_other() -> None:
    found = reports(
        sendgrid_events(sendgrid_event("delivered"), "what?", None, {}, {"event": []}, sendgrid_event("open"))
    )
    assert [f.status for f in found] == [Status.DELIVERED, None, None, None, None, Status.READ]
    assert [f.ignored for f in found] == [False, True, True, True, True, False]
    assert found[1].diagnostic == '"what?"'


def test_a_batch_is_read_in_its_order() -> None:
    batch = [sendgrid_event("delivered", sg_event_id=f"e{n}", email=f"p{n}@payer.example") for n in range(1000)]
    found = reports(sendgrid_events(*batch))
    assert [(f.event_id, f.recipient) for f in found] == [(f"e{n}", f"p{n}@payer.example") for n in range(1000)]


def test_one_event_without_its_array_is_not_lost() -> None:
    (found,) = reports(b'{"event":"delivered","email":"a@b.example"}')
    assert found.status is Status.DELIVERED


def test_words_are_kept_whole_and_in_their_letters() -> None:
    body = '[{"event":"deferred","response":"450 \\u003cœuvre\\u003e \\ud83d\\udc4d","reason":"später"}]'
    (found,) = reports(body.encode())
    assert found.diagnostic == "später\n450 <œuvre> 👍"


def test_a_text_cut_in_the_middle_of_a_character_loses_nothing_else() -> None:
    (found,) = reports(b'[{"event":"bounce","reason":"550 no \\ud83d","email":"a@b.example"}]')
    assert (found.status, found.recipient, found.diagnostic) == (Status.FAILED, "a@b.example", "550 no \ufffd")


def test_times_are_utc() -> None:
    found = told("delivered", timestamp=0)
    assert found.occurred_at == datetime(1970, 1, 1, tzinfo=UTC)
