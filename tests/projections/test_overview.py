"""The overview: every field of its answer, and the columns that lists filter, sort and search by."""

from typing import Any

import pytest

from domain.communication import InvoiceCommunication
from domain.reports import BuyerResponse
from domain.status import Group, Status
from domain.values import Cause, Channel, CustomerRef, DocumentFormat, Message, Role, SubjectDetails, SubjectType
from tests.projections.told import (
    A1,
    A2,
    A3,
    ANNA,
    TENANT,
    at,
    handed,
    invoice,
    order,
    report,
    seal,
    shown,
    to,
    z,
)

DETAILS = SubjectDetails(
    number="INV-12345",
    label="January",
    url="https://erp.example/invoices/12345",
    category="rent",
    document_status="open",
    total="121.00",
    balance_due="21.00",
    currency="EUR",
    issued_on="2026-01-14",
    customer=CustomerRef("c-9", seal("Payer BV")),
)
FIELDS = [
    "id", "subject", "status", "status_group", "color", "reason", "channel", "last_attempt_id", "attempt_count",
    "send_count", "last_sent_at", "last_recipient", "first_delivered_at", "buyer_response", "ignored", "error",
    "created_at", "updated_at",
]  # fmt: skip
SUBJECT_FIELDS = [
    "type", "external_id", "number", "label", "url", "category", "document_status", "total", "balance_due", "currency",
    "issued_on", "customer",
]  # fmt: skip


@pytest.fixture
def bounced() -> InvoiceCommunication:
    """Delivered at minute 10 and, after a resend to somebody else, bounced at minute 40."""
    communication = invoice()
    communication.revise_subject(DETAILS, at(0))
    handed(communication, order(message=Message(seal("Your INVOICE"))), 2)
    communication.record_report(report(Status.DELIVERED, 10, message_id="m"), at(11))
    asked = order(A2, cause=Cause.RESEND, previous_attempt_id=A1, recipients=[to(1, "New@Payer.example")])
    communication.resend(asked, at(30), at(90) - at(0))
    number = communication.start_dispatch(A2, [1], at(31))
    communication.fail_try(A2, number, "hard_bounce", at(40), detail=seal("550 no such user"))
    return communication


def test_every_field_in_the_order_of_the_api(bounced: InvoiceCommunication) -> None:
    found = shown(bounced).doc
    assert list(found) == FIELDS
    assert list(found["subject"]) == SUBJECT_FIELDS
    assert found == {
        "id": str(bounced.id),
        "subject": {
            "type": "invoice",
            "external_id": "12345",
            "number": "INV-12345",
            "label": "January",
            "url": "https://erp.example/invoices/12345",
            "category": "rent",
            "document_status": "open",
            "total": "121.00",
            "balance_due": "21.00",
            "currency": "EUR",
            "issued_on": "2026-01-14",
            "customer": {"id": "c-9", "name": "Payer BV"},
        },
        "status": "failed",
        "status_group": "failed",
        "color": "red",
        "reason": "hard_bounce",
        "channel": "email",
        "last_attempt_id": A2,
        "attempt_count": 2,
        "send_count": 1,
        "last_sent_at": z(3),
        "last_recipient": "New@Payer.example",
        "first_delivered_at": z(10),
        "buyer_response": None,
        "ignored": False,
        "error": {"code": "hard_bounce", "title": "Address does not exist"},
        "created_at": z(-1),
        "updated_at": z(40),
    }


def test_the_columns_are_those_of_the_attempt_that_shows(bounced: InvoiceCommunication) -> None:
    version = bounced.version
    row = shown(bounced).row
    assert row._replace(doc="") == row.__class__(
        communication_id=bounced.id,
        tenant_id=TENANT,
        sorted_at=at(30),
        subject_type=SubjectType.INVOICE,
        external_id="12345",
        category="rent",
        customer_id="c-9",
        status=Status.FAILED,
        status_group=Group.FAILED,
        reason="hard_bounce",
        channel=Channel.EMAIL,
        shipped_at=at(31),
        ignored=False,
        search="inv-12345\n12345\npayer bv\nyour invoice\nMBQ",
        search_recipient="new@payer.example",
        position=version,
        doc="",
    )


def test_a_subject_that_was_never_sent_has_no_status() -> None:
    found = shown(invoice())
    assert (found.row.status, found.row.status_group, found.row.sorted_at) == (None, "never_sent", at(-1))
    nothing = ["status", "reason", "channel", "last_attempt_id", "last_sent_at", "last_recipient", "error"]
    assert {name: found.doc[name] for name in nothing} == dict.fromkeys(nothing)
    assert (found.doc["status_group"], found.doc["color"], found.doc["attempt_count"]) == ("not_sent", "grey", 0)
    assert found.doc["subject"]["category"] == "invoice"
    assert found.doc["subject"]["customer"] is None


def test_collecting_is_in_the_hidden_group() -> None:
    communication = invoice()
    communication.send(order(formats=[DocumentFormat.PDF]), at(0))
    row = shown(communication).row
    assert (row.status, row.status_group, row.reason) == ("collecting", "hidden", "document_missing")


def test_a_skip_says_why_and_is_no_error() -> None:
    communication = invoice()
    communication.send(order(), at(0))
    communication.skip(A1, "opted_out", at(1))
    found = shown(communication)
    assert (found.doc["status"], found.doc["reason"], found.doc["error"]) == ("skipped", "opted_out", None)
    assert (found.doc["color"], found.row.shipped_at) == ("green", at(1))


def test_an_error_without_a_reason_is_titled_all_the_same() -> None:
    communication = handed(invoice(), order())
    communication.record_report(report(Status.REJECTED), at(5))
    assert shown(communication).doc["error"] == {"code": "other", "title": "Other reason"}


def test_ignored_and_the_buyers_answer_show() -> None:
    communication = handed(invoice(), order(channel=Channel.E_INVOICING, recipients=[]))
    communication.record_report(report(None, buyer_response=BuyerResponse.PAID), at(6))
    communication.ignore(ANNA, None, at(7))
    found = shown(communication)
    assert (found.doc["buyer_response"], found.doc["ignored"], found.row.ignored) == ("paid", True, True)
    assert found.doc["last_recipient"] is None


def test_a_skipped_newer_attempt_does_not_move_the_row() -> None:
    communication = handed(invoice(), order())
    communication.send(order(A3), at(50))
    communication.skip(A3, "opted_out", at(51))
    found = shown(communication)
    assert (found.row.sorted_at, found.doc["last_attempt_id"], found.doc["attempt_count"]) == (at(0), A1, 2)


@pytest.mark.parametrize(
    ("channel", "address", "one_line"),
    [
        (Channel.POST, "Payer BV\nDam 1 \n1000 AA Amsterdam\n", "Payer BV, Dam 1, 1000 AA Amsterdam"),
        (Channel.SMS, "+31612345678", "+31612345678"),
        (Channel.E_INVOICING, "0106:12345678", None),
    ],
)
def test_the_recipient_is_one_line_or_none(channel: Channel, address: str, one_line: str | None) -> None:
    copy = to(1, "copy@payer.example", role=Role.CC)
    found = shown(handed(invoice(), order(channel=channel, recipients=[copy, to(2, address)])))
    assert found.doc["last_recipient"] == one_line
    assert found.row.search_recipient.startswith(f"copy@payer.example\n{address}".lower())


@pytest.mark.parametrize("name", ["external_id", "category", "customer_id", "search"])
def test_the_character_that_postgresql_cannot_hold_stays_in_the_answer_alone(name: str) -> None:
    communication = invoice("1\x002")
    communication.revise_subject(SubjectDetails(category="a\x00b", customer=CustomerRef("c\x00d")), at(0))
    found: Any = shown(communication)
    assert "\x00" not in getattr(found.row, name)
    assert found.doc["subject"]["external_id"] == "1\x002"
