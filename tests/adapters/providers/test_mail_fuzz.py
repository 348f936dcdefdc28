"""Whatever stands in the fields that e-mail providers' webhooks and answers have is read, or unreadable."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.port import ProviderReport, RawAnswer, UnreadableError
from adapters.providers.registry import provider
from tests.adapters.providers.kit import ATTEMPT, connection, request

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(ATTEMPT),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def fields(names: str, **nested: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with any of these fields; the nested ones as told, or anything."""
    plain: dict[str, st.SearchStrategy[Any]] = dict.fromkeys(names.split(), ANY)
    return st.fixed_dictionaries({}, optional=plain | {name: ANY | inner for name, inner in nested.items()})


def words(*known: str) -> st.SearchStrategy[str]:
    return st.sampled_from(known)


SES_PERSON = fields("emailAddress status diagnosticCode action")
SES_PART = fields(
    "timestamp arrivalDate smtpResponse newTopicPreferences oldTopicPreferences complaintFeedbackType",
    bounceType=words("Permanent", "Transient"), bounceSubType=words("General", "MailboxFull"),
    bouncedRecipients=st.lists(SES_PERSON | ANY, max_size=3), recipients=st.lists(ANY, max_size=3),
)  # fmt: skip
SES_EVENT = fields(
    "mail", mail=fields("messageId timestamp destination tags headers"), bounce=SES_PART, complaint=SES_PART,
    delivery=SES_PART, subscription=SES_PART, open=SES_PART, notificationType=words("Delivery"),
    eventType=words("Bounce", "Complaint", "Delivery", "Subscription", "Open", "Rendering Failure", "New"),
)  # fmt: skip
SES = st.builds(
    lambda event, more: more | {"Type": "Notification", "Message": json.dumps(event)},
    SES_EVENT | ANY, fields("MessageId Timestamp TopicArn"),
) | SES_EVENT  # fmt: skip
POSTMARK = fields(
    "MessageID Email Recipient BouncedAt DeliveredAt ChangedAt ReceivedAt ID TypeCode Details Description OriginalLink"
    " FirstOpen SuppressionReason Origin",
    RecordType=words("Bounce", "Delivery", "SubscriptionChange", "Open", "New"), Type=words("HardBounce", "New"),
    SuppressSending=st.booleans(), Metadata=fields("attempt_id"),
)  # fmt: skip
MAILGUN_EVENT = fields(
    "id timestamp recipient reason user-variables tags message-headers Message-Id code error description",
    event=words("failed", "delivered", "opened", "rejected", "dropped", "bounced", "new"), severity=words("temporary"),
    message=fields("headers", headers=fields("to message-id")), reject=fields("reason description"),
)  # fmt: skip
MAILGUN = fields("parent-signature event", signature=fields("timestamp token signature")).flatmap(
    lambda told: st.builds(lambda event: told | {"event-data": event}, MAILGUN_EVENT)
)
RESEND = fields(
    "created_at", type=words("email.bounced", "email.failed", "email.sent", "new"),
    data=fields("email_id to tags", bounce=fields("type subType message diagnosticCode"), failed=fields("reason")),
)  # fmt: skip
STANDARD = fields(
    "timestamp created_at", type=words("a.bounced", "a.delivered", "a.opened", "new"),
    data=fields("message_id id recipient to attempt_id metadata reason message error machine"),
)  # fmt: skip
HOOKS = {"ses": SES, "postmark": POSTMARK, "mailgun": MAILGUN, "resend": RESEND, "standard_webhooks": STANDARD}
ANSWERS = {
    "ses": fields(
        "MessageId message __type EmailTags",
        Insights=st.lists(
            ANY | fields("Destination", Events=st.lists(ANY | fields("Timestamp Type Details"), max_size=3)), max_size=2
        ),
    ),
    "postmark": fields(
        "MessageID ErrorCode Message Status ReceivedAt Metadata",
        MessageEvents=st.lists(
            ANY | fields("Recipient ReceivedAt Details", Type=words("Bounced", "Opened"), Details=fields("Summary")),
            max_size=3,
        ),
    ),
    "mailgun": fields("id message", items=st.lists(ANY | MAILGUN_EVENT, max_size=3)),
    "resend": fields("id name message to tags", last_event=words("bounced", "opened", "new")),
}


@pytest.mark.parametrize("name", HOOKS)
@given(data=st.data(), headers=st.fixed_dictionaries({}, optional={"svix-id": st.text(), "webhook-id": st.text()}))
def test_webhooks(name: str, data: st.DataObject, headers: dict[str, str]) -> None:
    told = json.dumps(data.draw(HOOKS[name])).encode()
    signed = headers | {f"{n.partition('-')[0]}-{part}": "1" for n in headers for part in ("timestamp", "signature")}
    try:
        found = provider(name).reports(request(told, signed))
    except UnreadableError:
        return
    for one in found:
        _can_be_written(one)


@pytest.mark.parametrize("name", ANSWERS)
@given(data=st.data(), status=st.sampled_from([200, 400, 429, 500]), headers=st.dictionaries(st.text(), st.text()))
def test_answers(name: str, data: st.DataObject, status: int, headers: dict[str, str]) -> None:
    told = json.dumps(data.draw(ANSWERS[name])).encode()
    for one in provider(name).read_answer(RawAnswer(status, headers, told)):
        _can_be_written(one)


@given(settings=fields("events items_path event_path recipient_path", events=st.text(max_size=20)), body=STANDARD)
def test_settings(settings: dict[str, Any], body: dict[str, Any]) -> None:
    at = connection("standard_webhooks", {}, **settings)
    try:
        found = provider("standard_webhooks").configured_reports(  # type: ignore[attr-defined]
            request(json.dumps(body).encode(), {}), at
        )
    except UnreadableError:
        return
    for one in found:
        _can_be_written(one)


def _can_be_written(one: ProviderReport) -> None:
    assert 0 < len(one.event_id) <= 255
    assert 0 < len(one.provider_event) <= 255
    assert one.message_id is None or 0 < len(one.message_id) <= 255
    assert one.request_id is None or 0 < len(one.request_id) <= 255
    assert one.occurred_at is None or one.occurred_at.tzinfo
    assert (one.status is None) <= one.ignored
    assert one.attempt_id in (None, ATTEMPT)
    msgspec.json.encode(one)
