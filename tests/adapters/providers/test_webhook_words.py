"""What the words of the providers that are only heard mean, row by row."""

from typing import Any

import pytest

from adapters.providers.port import ProviderReport
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, NOON, Side, request
from tests.adapters.providers.kit_webhook_only import (
    MAILERSEND,
    MAILJET,
    MAILTRAP,
    MANDRILL,
    POSTAL,
    SPARKPOST,
    TO,
    UNISENDER_GO,
)

FAILED, SENDING, SENT, DELIVERED = Status.FAILED, Status.SENDING, Status.SENT, Status.DELIVERED
READ, COMPLAINED = (Status.READ, None), (Status.COMPLAINED, "complaint")
OPTED_OUT, NOTHING, DEFERRED = (None, "opted_out"), (None, None), (SENDING, "deferred")
Row = tuple[str, dict[str, Any], tuple[Status | None, str | None]]


def told(side: Side, word: str, **said: Any) -> ProviderReport:
    (found,) = side.provider.reports(request(side.body(word, **said), {}))
    return found


def rows(side: Side, *listed: Row) -> list[Any]:
    return [
        pytest.param(side, *row, id=f"{side.name}-{row[0]}-{'-'.join(map(str, row[1].values()))}") for row in listed
    ]


def failed(reason: str) -> tuple[Status, str]:
    return FAILED, reason


def err(word: str) -> dict[str, Any]:
    return {"delivery_info": {"delivery_status": word, "destination_response": "550 no"}}


MAILJET_ROWS = rows(
    MAILJET,
    ("sent", {}, (DELIVERED, None)),
    ("open", {}, READ),
    ("click", {"url": "https://a.example"}, READ),
    ("spam", {"source": "JMRPP"}, COMPLAINED),
    ("unsub", {}, OPTED_OUT),
    ("bounce", {}, failed("soft_bounce")),
    ("bounce", {"hard_bounce": True}, failed("hard_bounce")),
    ("bounce", {"hard_bounce": True, "error": "user unknown"}, failed("hard_bounce")),
    ("bounce", {"error": "quota exceeded"}, failed("mailbox_full")),
    ("bounce", {"error": "greylisted", "hard_bounce": False}, DEFERRED),
    ("bounce", {"error": "greylisted", "hard_bounce": True}, failed("hard_bounce")),
    ("bounce", {"error": "content blocked"}, failed("content_rejected")),
    ("blocked", {}, failed("dropped")),
    ("blocked", {"error": "preblocked"}, failed("suppressed")),
    ("blocked", {"error": "duplicate in campaign"}, failed("duplicate")),
    ("blocked", {"error": "typofix"}, failed("invalid_recipient")),
)
SPARKPOST_ROWS = rows(
    SPARKPOST,
    ("injection", {}, (SENT, "processing")),
    ("delivery", {}, (DELIVERED, None)),
    ("delay", {"bounce_class": "21"}, DEFERRED),
    ("bounce", {"bounce_class": "10"}, failed("hard_bounce")),
    ("bounce", {"bounce_class": 22}, failed("mailbox_full")),
    ("bounce", {"bounce_class": "70"}, failed("soft_bounce")),
    ("bounce", {"bounce_class": "51"}, failed("blocked")),
    ("bounce", {"bounce_class": "60"}, NOTHING),
    ("bounce", {"bounce_class": "90"}, OPTED_OUT),
    ("bounce", {"bounce_class": "999"}, failed("undelivered")),
    ("out_of_band", {"bounce_class": "24"}, failed("expired")),
    ("policy_rejection", {"bounce_class": "25"}, failed("dropped")),
    ("generation_failure", {}, failed("validation")),
    ("generation_rejection", {}, failed("dropped")),
    ("spam_complaint", {}, COMPLAINED),
    ("open", {}, READ),
    ("initial_open", {}, READ),
    ("amp_click", {}, READ),
    ("list_unsubscribe", {}, OPTED_OUT),
    ("link_unsubscribe", {}, OPTED_OUT),
)
MAILERSEND_ROWS = rows(
    MAILERSEND,
    ("sent", {}, (SENT, None)),
    ("deferred", {}, DEFERRED),
    ("soft_bounced", {"bounce_code": 450}, failed("soft_bounce")),
    ("soft_bounced", {"bounce_reason": "552 5.2.2 over quota"}, failed("mailbox_full")),
    ("hard_bounced", {"bounce_code": 550}, failed("hard_bounce")),
    ("suppressed", {"suppression_reason": "hard bounced"}, failed("suppressed")),
    ("opened", {}, READ),
    ("clicked_unique", {"url": "https://a.example"}, READ),
    ("unsubscribed", {"unsubscribe_reason": "no_longer_want"}, OPTED_OUT),
    ("spam_complaints", {}, COMPLAINED),
    ("spam_complaint", {}, COMPLAINED),
)
MAILTRAP_ROWS = rows(
    MAILTRAP,
    ("soft bounce", {"bounce_category": "unavailable"}, DEFERRED),
    ("bounce", {"bounce_category": "hard"}, failed("hard_bounce")),
    ("bounce", {"bounce_category": "quota-issues"}, failed("mailbox_full")),
    ("bounce", {"bounce_category": "spam-related"}, failed("blocked")),
    ("suspension", {"reason": "Hourly sending limit exceeded"}, DEFERRED),
    ("reject", {"reason": "Recipient in suppression list"}, failed("dropped")),
    ("open", {}, READ),
    ("click", {"url": "https://a.example"}, READ),
    ("spam", {}, COMPLAINED),
    ("unsubscribe", {}, OPTED_OUT),
)
MANDRILL_ROWS = rows(
    MANDRILL,
    ("send", {}, (SENT, None)),
    ("deferral", {"diag": "451 4.3.5 later"}, DEFERRED),
    ("hard_bounce", {"bounce_description": "bad_mailbox"}, failed("hard_bounce")),
    ("soft_bounce", {"bounce_description": "mailbox_full"}, failed("mailbox_full")),
    ("soft_bounce", {"bounce_description": "general"}, failed("soft_bounce")),
    ("reject", {}, failed("dropped")),
    ("reject", {"reject": {"reason": "hard-bounce"}}, failed("suppressed")),
    ("open", {}, READ),
    ("click", {"url": "https://a.example"}, READ),
    ("spam", {}, COMPLAINED),
    ("unsub", {}, OPTED_OUT),
)
POSTAL_ROWS = rows(
    POSTAL,
    ("MessageSent", {"status": "Sent"}, (DELIVERED, None)),
    ("MessageDelayed", {"status": "SoftFail"}, DEFERRED),
    ("MessageDeliveryFailed", {"status": "HardFail"}, failed("hard_bounce")),
    ("MessageDeliveryFailed", {"status": "HardFail", "output": "552 5.2.2 full"}, failed("mailbox_full")),
    ("MessageHeld", {"status": "Held"}, (SENT, "processing")),
    ("MessageBounced", {"kept_as": "original_message", "bounce": {"id": 9}}, failed("undelivered")),
    ("MessageLoaded", {}, READ),
    ("MessageLinkClicked", {"url": "https://a.example"}, READ),
    ("MessageDeliveryFailed", {"status": "HardFail", "direction": "incoming"}, NOTHING),
    ("SendLimitExceeded", {}, NOTHING),
)
UNISENDER_GO_ROWS = rows(
    UNISENDER_GO,
    ("sent", {}, (SENT, "processing")),
    ("opened", {}, READ),
    ("clicked", {"url": "https://a.example"}, READ),
    ("spam", {}, COMPLAINED),
    ("unsubscribed", {"comment": "too many"}, OPTED_OUT),
    ("subscribed", {}, NOTHING),
    ("soft_bounced", {}, failed("soft_bounce")),
    ("soft_bounced", err("err_will_retry"), DEFERRED),
    ("soft_bounced", err("err_mailbox_full"), failed("mailbox_full")),
    ("hard_bounced", err("err_user_unknown"), failed("hard_bounce")),
    ("hard_bounced", err("err_spam_rejected"), failed("blocked")),
    ("hard_bounced", err("err_unsubscribed"), failed("suppressed")),
    ("hard_bounced", err("err_of_tomorrow"), failed("hard_bounce")),
)


@pytest.mark.parametrize(
    ("side", "word", "said", "meant"),
    [
        *MAILJET_ROWS, *SPARKPOST_ROWS, *MAILERSEND_ROWS, *MAILTRAP_ROWS, *MANDRILL_ROWS, *POSTAL_ROWS,
        *UNISENDER_GO_ROWS,
    ],
)  # fmt: skip
def test_words(side: Side, word: str, said: dict[str, Any], meant: tuple[Status | None, str | None]) -> None:
    found = told(side, word, **said)
    assert (found.status, found.reason) == meant
    assert found.ignored == (found.status is None)
    assert found.is_open == (found.status is Status.READ)
    assert (found.recipient, found.attempt_id, found.occurred_at) == (TO, ATTEMPT, NOON)
