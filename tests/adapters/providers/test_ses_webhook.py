"""SES's events, each in our words: who, when, why."""

import json
from typing import Any

import pytest

from adapters.providers.port import ProviderReport, UnreadableError
from adapters.providers.ses.webhook import reports
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, NOON
from tests.adapters.providers.kit_ses import AT, MESSAGE, confirmation, event, sns

ADA, BEN = "ada@payer.example", "ben@payer.example"


def told(word: str, part: dict[str, Any] | None = None, **mail: Any) -> list[ProviderReport]:
    return reports(json.dumps(sns(json.dumps(event(word, part, **mail)))).encode())


def bounced(kind: str, sub: str, **more: Any) -> ProviderReport:
    part = {"bounceType": kind, "bounceSubType": sub, "timestamp": AT}
    (found,) = told("Bounce", part | {"bouncedRecipients": [{"emailAddress": ADA} | more]})
    return found


@pytest.mark.parametrize(
    ("word", "status", "reason", "counts"),
    [
        ("Send", Status.SENT, "processing", True),
        ("Delivery", Status.DELIVERED, None, True),
        ("DeliveryDelay", Status.SENDING, "deferred", True),
        ("Complaint", Status.COMPLAINED, "complaint", True),
        ("Reject", Status.REJECTED, "validation", True),
        ("Rendering Failure", Status.FAILED, "validation", True),
        ("Open", Status.READ, None, True),
        ("Click", Status.READ, None, True),
        ("Received", None, None, False),
        ("Something New", None, None, False),
    ],
)
def test_words(word: str, status: Status | None, reason: str | None, counts: bool) -> None:
    (found,) = told(word, {"timestamp": AT})
    assert (found.status, found.reason, not found.ignored) == (status, reason, counts)
    assert (found.message_id, found.recipient, found.provider_event) == (MESSAGE, "ap@payer.example", word)
    assert (found.occurred_at, found.attempt_id) == (NOON, ATTEMPT)
    assert found.is_open == (word in ("Open", "Click"))


@pytest.mark.parametrize(
    ("kind", "sub", "reason"),
    [
        ("Permanent", "General", "hard_bounce"),
        ("Permanent", "NoEmail", "hard_bounce"),
        ("Permanent", "Suppressed", "suppressed"),
        ("Permanent", "OnAccountSuppressionList", "suppressed"),
        ("Permanent", "UnsubscribedRecipient", "opted_out"),
        ("Permanent", "New", "hard_bounce"),
        ("Transient", "General", "soft_bounce"),
        ("Transient", "MailboxFull", "mailbox_full"),
        ("Transient", "MessageTooLarge", "content_rejected"),
        ("Transient", "ContentRejected", "content_rejected"),
        ("Transient", "AttachmentRejected", "content_rejected"),
        ("Transient", "CustomTimeoutExceeded", "expired"),
        ("Undetermined", "Undetermined", "soft_bounce"),
        ("New", "New", "soft_bounce"),
    ],
)
def test_bounces(kind: str, sub: str, reason: str) -> None:
    found = bounced(kind, sub)
    assert (found.status, found.reason) == (Status.FAILED, reason)


def test_a_bounce_says_everything_that_the_server_said() -> None:
    found = bounced("Permanent", "General", status="5.1.1", diagnosticCode="smtp; 550 5.1.1 user unknown")
    assert found.diagnostic_code == "5.1.1"
    assert found.diagnostic == "smtp; 550 5.1.1 user unknown\nPermanent\nGeneral"
    assert bounced("Permanent", "General", status="5.2.2").reason == "mailbox_full"


def test_complaints_that_are_none() -> None:
    (suppressed,) = told("Complaint", {"complaintSubType": "OnAccountSuppressionList"})
    assert (suppressed.status, suppressed.reason) == (Status.FAILED, "suppressed")
    (taken_back,) = told("Complaint", {"complaintFeedbackType": "not-spam"})
    assert (taken_back.status, taken_back.ignored) == (None, True)


@pytest.mark.parametrize(
    ("word", "listed", "entries"),
    [
        ("Bounce", "bouncedRecipients", [{"emailAddress": ADA}, {"emailAddress": BEN}]),
        ("Complaint", "complainedRecipients", [{"emailAddress": ADA}, {"emailAddress": BEN}, {"emailAddress": ADA}]),
        ("DeliveryDelay", "delayedRecipients", [{"emailAddress": ADA}, {"emailAddress": BEN}, None, {}]),
        ("Delivery", "recipients", [ADA, BEN]),
    ],
)
def test_one_report_for_each_whom_it_is_about(word: str, listed: str, entries: list[object]) -> None:
    found = told(word, {listed: entries}, destination=[ADA, BEN, "third@payer.example"])
    assert [r.recipient for r in found] == [ADA, BEN]
    assert len({r.event_id for r in found}) == 2


def test_what_is_about_all_is_told_of_each_and_an_open_of_nobody() -> None:
    assert [r.recipient for r in told("Send", destination=[ADA, BEN])] == [ADA, BEN]
    (opened,) = told("Open", destination=[ADA, BEN])
    assert opened.recipient is None
    (nobody,) = told("Delivery", destination=None)
    assert nobody.recipient is None


def test_the_events_own_clock_unless_it_is_far_from_the_envelopes() -> None:
    (near,) = told("Delivery", {"timestamp": "2026-01-15T11:59:00.500Z"})
    assert near.occurred_at is not None
    assert near.occurred_at.isoformat() == "2026-01-15T11:59:00.500000+00:00"
    for wrong in ("2017-01-15T11:59:00.500Z", "never", None):
        (far,) = told("Delivery", {"timestamp": wrong})
        assert far.occurred_at == NOON


def test_unsubscribing_and_subscribing() -> None:
    changes: list[tuple[dict[str, Any], str | None]] = [
        ({"newTopicPreferences": {"unsubscribeAll": True}}, "opted_out"),
        ({"newTopicPreferences": {"unsubscribeAll": False}}, None),
        ({"newTopicPreferences": {"topicSubscriptionStatus": [{"subscriptionStatus": "OptOut"}]}}, "opted_out"),
        ({"newTopicPreferences": {"topicSubscriptionStatus": [{"subscriptionStatus": "OptIn"}]}}, None),
        ({}, None),
    ]
    for part, reason in changes:
        (found,) = told("Subscription", part)
        assert (found.status, found.ignored, found.reason) == (None, True, reason)


def test_identity_notifications_name_the_attempt_in_a_header() -> None:
    about = event("Delivery", tags=None, headers=[{"name": "X-Sendtrail-Attempt", "value": ATTEMPT}, "?"])
    about["notificationType"] = about.pop("eventType")
    (found,) = reports(json.dumps(sns(json.dumps(about))).encode())
    assert (found.status, found.attempt_id) == (Status.DELIVERED, ATTEMPT)


def test_what_is_kept_of_raw_delivery_can_be_read() -> None:
    (found,) = reports(json.dumps(event("Delivery", {"timestamp": AT})).encode())
    assert (found.status, found.occurred_at) == (Status.DELIVERED, NOON)


def test_what_tells_nothing_of_a_message() -> None:
    assert reports(json.dumps(confirmation()).encode()) == []
    assert reports(json.dumps(sns("bye", "UnsubscribeConfirmation")).encode()) == []
    assert reports(json.dumps(sns("Successfully validated SNS topic for Amazon SES event publishing.")).encode()) == []
    (odd,) = reports(json.dumps(sns("{}")).encode())
    assert (odd.provider_event, odd.ignored) == ("malformed", True)
    for unreadable in (sns("[]"), sns("7"), sns("{}", Message=None), {"Type": "Other"}):
        with pytest.raises(UnreadableError):
            reports(json.dumps(unreadable).encode())
