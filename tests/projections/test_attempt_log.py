"""The log: every field of an attempt's answer, its columns, and which events make its row anew."""

from datetime import timedelta, timezone
from uuid import UUID

import pytest

from domain.communication import InvoiceCommunication
from domain.reports import BuyerResponse
from domain.status import Group, Status
from domain.values import (
    Actor,
    Cause,
    Channel,
    CustomerRef,
    DocumentFormat,
    HandedMessage,
    Message,
    Person,
    Role,
    SubjectDetails,
    SubjectType,
)
from tests.projections.told import (
    A1,
    A2,
    ANNA,
    CONNECTION,
    TENANT,
    at,
    handed,
    invoice,
    order,
    pdf,
    report,
    seal,
    shown,
    to,
    z,
)

FIELDS = [
    "id", "communication_id", "subject", "cause", "previous_attempt_id", "channel", "provider", "connection_id",
    "status", "status_group", "color", "reason", "recipient", "recipient_count", "recipients", "documents", "message",
    "language", "requested_by", "created_at", "scheduled_at", "shipped_at", "sent_at", "delivered_at", "read_at",
    "failed_at", "complained_at", "tries", "buyer_response", "error",
]  # fmt: skip


SHOWN = {
    "id": A1,
    "cause": "first",
    "previous_attempt_id": None,
    "channel": "email",
    "provider": "sendgrid",
    "connection_id": CONNECTION,
    "status": "complained",
    "status_group": "failed",
    "color": "red",
    "reason": "complaint",
    "recipient": "Anna@Payer.example",
    "recipient_count": 2,
    "recipients": [
        {
            "number": 1,
            "address": "Anna@Payer.example",
            "name": "Anna",
            "role": "to",
            "status": "complained",
            "reason": "complaint",
            "at": z(8),
        },
        {
            "number": 2,
            "address": "bob@payer.example",
            "name": None,
            "role": "cc",
            "status": "sent",
            "reason": None,
            "at": z(5),
        },
    ],
    "documents": [{"id": "d-1", "format": "pdf", "filename": "Invoice 12345.pdf", "sha256": "ab" * 32, "size": 1234}],
    "message": {"subject": "Invoice INV-7", "text": "Please find attached."},
    "language": "en",
    "requested_by": {"id": "u-7", "name": "Anna Berg"},
    "created_at": z(0),
    "scheduled_at": z(1),
    "shipped_at": z(1),
    "sent_at": z(5),
    "delivered_at": z(6),
    "read_at": z(7),
    "failed_at": None,
    "complained_at": z(8),
    "tries": [
        {"number": 1, "at": z(1), "outcome": "failed", "next_at": z(4)},
        {"number": 2, "at": z(4), "outcome": "handed_over", "next_at": None},
    ],
    "buyer_response": None,
    "error": {
        "code": "complaint",
        "title": "Marked as spam by the recipient",
        "detail": "ARF",
        "actor": "recipient",
        "diagnostic_code": "abuse",
        "next_step": "Do not write to this address again; call the customer.",
    },
}
"""All but whose it is, and the subject."""


@pytest.fixture
def told() -> InvoiceCommunication:
    """To Anna with a copy to Bob: put off once, taken, delivered, read, then marked as spam."""
    communication = invoice()
    communication.revise_subject(SubjectDetails(number="INV-7", customer=CustomerRef("c-9", seal("Payer BV"))), at(0))
    communication.add_document(pdf(), at(0))
    asked = order(
        recipients=[to(1, "Anna@Payer.example", name=seal("Anna")), to(2, "bob@payer.example", role=Role.CC)],
        formats=[DocumentFormat.PDF],
        message=Message(seal("Invoice INV-7"), seal("Please find attached.")),
        connection_id=CONNECTION,
        provider="sendgrid",
        language="en",
        scheduled_at=at(1),
        requested_by=ANNA,
    )
    communication.send(asked, at(0))
    communication.start_dispatch(A1, [1, 2], at(1))
    communication.fail_try(A1, 1, "rate_limited", at(2), next_at=at(4))
    communication.start_dispatch(A1, [1, 2], at(4))
    communication.hand_over(A1, 2, [HandedMessage("m")], at(5))
    for status, minute in ((Status.DELIVERED, 6), (Status.READ, 7), (Status.COMPLAINED, 8)):
        detail = {"reason": "complaint", "detail": seal("ARF"), "diagnostic_code": "abuse"}
        more = detail if status is Status.COMPLAINED else {}
        communication.record_report(report(status, minute, recipient=1, message_id="m", **more), at(9))
    return communication


def test_every_field_in_the_order_of_the_api(told: InvoiceCommunication) -> None:
    found = shown(told).attempts[A1]
    assert list(found) == FIELDS
    subject = found.pop("subject")
    assert (subject["number"], subject["customer"]) == ("INV-7", {"id": "c-9", "name": "Payer BV"})
    assert found.pop("communication_id") == str(told.id)
    assert found == SHOWN


def test_the_columns(told: InvoiceCommunication) -> None:
    row = shown(told).attempt_rows[A1]
    assert row._replace(doc="") == row.__class__(
        attempt_id=UUID(A1),
        tenant_id=TENANT,
        communication_id=told.id,
        created_at=at(0),
        subject_type=SubjectType.INVOICE,
        external_id="12345",
        category="invoice",
        customer_id="c-9",
        status=Status.COMPLAINED,
        status_group=Group.FAILED,
        reason="complaint",
        channel=Channel.EMAIL,
        shipped_at=at(1),
        ignored=False,
        search="inv-7\n12345\npayer bv\ninvoice inv-7\nMBQ",
        search_recipient="anna@payer.example\nbob@payer.example",
        position=11,
        doc="",
    )


def test_an_attempt_with_next_to_nothing() -> None:
    communication = invoice()
    communication.mark_as_sent(A1, ANNA, at(-60), seal("by courier"), at(0))
    found = shown(communication).attempts[A1]
    empty = ["message", "provider", "connection_id", "recipient", "scheduled_at", "delivered_at", "error", "language"]
    assert {name: found[name] for name in empty} == dict.fromkeys(empty)
    assert (found["recipients"], found["documents"], found["tries"], found["recipient_count"]) == ([], [], [], 0)
    assert (found["status"], found["shipped_at"], found["sent_at"]) == ("sent", z(-60), z(-60))


def test_a_resend_names_what_it_repeats() -> None:
    communication = handed(invoice(), order())
    communication.resend(order(A2, cause=Cause.RESEND, previous_attempt_id=A1), at(9), timedelta(days=90))
    found = shown(communication).attempts[A2]
    assert (found["cause"], found["previous_attempt_id"], found["status"]) == ("resend", A1, "queued")


def test_the_error_of_a_refusal_is_ours_to_explain() -> None:
    communication = invoice()
    communication.send(order(channel=Channel.SMS), at(0))
    communication.start_dispatch(A1, [1], at(1))
    communication.fail_try(A1, 1, "authentication", at(2), status=Status.REJECTED, detail=seal("401"))
    found = shown(communication).attempts[A1]
    assert (found["status"], found["failed_at"]) == ("rejected", z(2))
    assert (found["error"]["code"], found["error"]["actor"], found["error"]["detail"]) == (
        "authentication",
        "provider",
        "401",
    )


def test_a_report_may_name_another_actor_than_its_reason() -> None:
    communication = handed(invoice(), order())
    communication.record_report(report(Status.FAILED, reason="blocked", actor=Actor.PROVIDER), at(5))
    assert shown(communication).attempts[A1]["error"]["actor"] == "provider"


def test_times_of_other_zones_are_told_in_utc() -> None:
    communication = handed(invoice(), order())
    there = at(6).astimezone(timezone(timedelta(hours=5, minutes=30)))
    communication.record_report(report(Status.DELIVERED, occurred_at=there), at(7))
    found = shown(communication)
    assert found.attempts[A1]["delivered_at"] == found.doc["first_delivered_at"] == z(6)
    assert found.timeline[-1]["at"] == z(6)


def test_the_buyers_answer() -> None:
    communication = handed(invoice(), order(channel=Channel.E_INVOICING, recipients=[]))
    communication.record_report(report(None, buyer_response=BuyerResponse.REJECTED), at(6))
    found = shown(communication).attempts[A1]
    assert (found["buyer_response"], found["status"], found["error"]) == ("rejected", "read", None)


def test_an_api_key_alone_is_nobody_who_asked() -> None:
    communication = invoice()
    communication.send(order(requested_by=Person(api_key="api-1")), at(1))
    assert shown(communication).attempts[A1]["requested_by"] is None


def test_only_what_an_event_touched_is_written() -> None:
    communication = handed(invoice(), order())
    communication.send(order(A2), at(9))
    before = communication.version
    assert {key: row.position for key, row in shown(communication).attempt_rows.items()} == {A1: 4, A2: before}


@pytest.mark.parametrize("everything", ["ignore", "revise", "document"])
def test_what_concerns_the_subject_touches_every_attempt(everything: str) -> None:
    communication = handed(invoice(), order())
    communication.send(order(A2), at(9))
    if everything == "ignore":
        communication.ignore(ANNA, None, at(10))
    elif everything == "revise":
        communication.revise_subject(SubjectDetails(number="8"), at(10))
    else:
        communication.add_document(pdf(), at(10))
    found = shown(communication).attempt_rows
    assert {row.position for row in found.values()} == {communication.version}
    assert {row.ignored for row in found.values()} == {everything == "ignore"}
