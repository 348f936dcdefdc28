"""Message Level Status, Message Level Response and Invoice Response, each with its codes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.peppol import documents
from adapters.providers.peppol.parties import invoice_key
from adapters.providers.port import ProviderReport, UnreadableError
from domain.reports import BuyerResponse
from domain.status import Status
from domain.values import Actor
from tests.adapters.providers.kit import ATTEMPT, NOON
from tests.adapters.providers.kit_peppol import (
    BUYER,
    INVOICE_RESPONSE,
    MLR,
    MLS,
    NUMBER,
    SELLER,
    answer,
    application_response,
    enveloped,
    invoice,
    line,
    status,
)

KEY = invoice_key(NUMBER, seller=SELLER, buyer=BUYER)


def one(body: bytes) -> ProviderReport:
    (found,) = documents.reports(body)
    return found


def mls(code: str, lines: str = "", words: str = "") -> ProviderReport:
    parts = {"kind": MLS, "sender": "0242:000123", "receiver": "0242:000456"}
    return one(application_response(answer(code, lines=lines, words=words), **parts))


def responded(code: str, statuses: str = "") -> ProviderReport:
    return one(application_response(answer(code, NUMBER, statuses=statuses), kind=INVOICE_RESPONSE))


@pytest.mark.parametrize(
    ("code", "expected"),
    [("AP", Status.DELIVERED), ("AB", Status.DELIVERED), ("RE", Status.REJECTED), (" re ", Status.REJECTED)],
)
@pytest.mark.parametrize("kind", [MLS, MLR])
def test_a_message_level_answer_names_the_message(code: str, expected: Status, kind: str) -> None:
    told = one(application_response(answer(code), kind=kind))
    assert (told.status, told.ignored, told.buyer_response) == (expected, False, None)
    assert (told.message_id, told.attempt_id, told.occurred_at) == (ATTEMPT, ATTEMPT, NOON)
    assert told.provider_event == f"{'mls' if kind == MLS else 'mlr'}:{code.strip()}"
    assert (told.reason, told.actor) == (
        ("validation", Actor.PROVIDER) if expected is Status.REJECTED else (None, None)
    )


@pytest.mark.parametrize(
    "kind",
    [
        f"  {MLS}  ",
        "urn:peppol:edec:mls:1.7",
        "urn:fdc:peppol.eu:poacc:trns:mlr:3.1",
        "urn:www.cenbii.eu:transaction:biitrns071:ver2.0:extended:urn:www.peppol.eu:bis:peppol36a:ver1.0",
    ],
)
def test_versions_and_the_older_spelling(kind: str) -> None:
    assert one(application_response(answer("AB"), kind=kind)).status is Status.DELIVERED


def test_why_a_message_was_rejected_is_kept_whole() -> None:
    told = mls(
        "RE", line("/Invoice/cbc:ID", ("BW", "unusual"), ("BV", "BR-01 is broken")) + line("NA", ("SV", "no ID"))
    )
    assert told.diagnostic == "BW: unusual (/Invoice/cbc:ID)\nBV: BR-01 is broken (/Invoice/cbc:ID)\nSV: no ID"
    assert (told.diagnostic_code, told.reason) == ("BV", "validation")


@pytest.mark.parametrize(
    ("findings", "reason"),
    [
        ([("FD", "mailbox gone")], "undelivered"),
        ([("FD", "mailbox gone"), ("BW", "unusual")], "undelivered"),
        ([("FD", "mailbox gone"), ("SV", "no ID")], "validation"),
        ([], "validation"),
    ],
)
def test_a_rejection_because_nobody_could_deliver_it(findings: list[tuple[str, str]], reason: str) -> None:
    told = mls("RE", line("NA", *findings) if findings else "", "see below")
    assert (told.status, told.reason) == (Status.REJECTED, reason)
    assert (told.diagnostic or "").startswith("see below")


def test_a_warning_beside_a_delivery_is_only_kept() -> None:
    told = mls("AP", line("/a", ("BW", "unusual")))
    assert (told.status, told.reason, told.diagnostic) == (Status.DELIVERED, None, "BW: unusual (/a)")


def test_an_access_point_is_no_recipient() -> None:
    assert mls("AP").recipient is None
    assert one(application_response(answer("AP"))).recipient == BUYER


@pytest.mark.parametrize(
    ("code", "expected", "buyer", "reason"),
    [
        ("AB", Status.DELIVERED, None, None),
        ("IP", Status.READ, BuyerResponse.IN_PROCESS, None),
        ("UQ", Status.READ, BuyerResponse.UNDER_QUERY, "under_query"),
        ("CA", Status.READ, BuyerResponse.CONDITIONALLY_ACCEPTED, None),
        ("RE", Status.READ, BuyerResponse.REJECTED, "buyer_refused"),
        ("AP", Status.READ, BuyerResponse.ACCEPTED, None),
        ("PD", Status.READ, BuyerResponse.PAID, None),
    ],
)
def test_what_the_buyer_answers(code: str, expected: Status, buyer: BuyerResponse | None, reason: str | None) -> None:
    told = responded(code)
    assert (told.status, told.buyer_response, told.reason) == (expected, buyer, reason)
    assert (told.provider_event, told.recipient) == (f"invoice_response:{code}", BUYER)
    assert (told.message_id, told.attempt_id) == (KEY, None)
    assert (told.actor is Actor.RECIPIENT) == (buyer is not None)


@pytest.mark.parametrize(
    ("code", "settles"),
    [
        ("AB", False),
        ("IP", False),
        ("UQ", False),
        ("CA", False),
        ("RE", True),
        ("AP", True),
        ("PD", True),
        ("?", False),
    ],
)
def test_which_answers_end_the_matter(code: str, settles: bool) -> None:
    assert responded(code).settles is settles
    assert mls(code).settles is False


def test_reasons_actions_and_conditions_of_the_buyer() -> None:
    given = status("PAY", "sixty days", (("BT-9", "2026-12-31"), ("BT-20", "60 days")), "OPStatusReason")
    told = responded("CA", given + status("NOA", "", (), "OPStatusAction"))
    assert told.diagnostic == "PAY: sixty days\ncondition BT-9 = 2026-12-31\ncondition BT-20 = 60 days\nNOA"
    assert told.diagnostic_code == "PAY"


def test_a_partial_payment_says_so() -> None:
    assert responded("PD", status("PPD", "the first half")).diagnostic == "PPD: the first half"


@pytest.mark.parametrize("kind", [MLS, INVOICE_RESPONSE, "urn:something:else"])
def test_a_code_that_nobody_knows_is_kept_and_never_counts(kind: str) -> None:
    told = one(application_response(answer("ZZ"), kind=kind))
    assert (told.status, told.ignored, told.buyer_response) == (None, True, None)
    assert told.provider_event.endswith(":ZZ")


@pytest.mark.parametrize(
    ("day", "time", "at"),
    [
        ("2026-01-15", "12:00:00Z", NOON),
        ("2026-01-15", "13:00:00+01:00", NOON),
        ("2026-01-15", "12:00:00.000Z", NOON),
        ("2026-01-15", "12:00:00", NOON),
        ("2026-01-15+01:00", "13:00:00", NOON),
        ("2026-01-15Z", "13:00:00+01:00", NOON),
        ("2026-01-15", None, None),
        (None, "12:00:00Z", None),
        ("2026-13-45", "12:00:00Z", None),
        ("soon", "later", None),
    ],
)
def test_times(day: str | None, time: str | None, at: datetime | None) -> None:
    """A date alone would put answers of one day in no order."""
    assert one(application_response(answer("AP"), day=day, time=time)).occurred_at == at


def test_the_same_document_has_the_same_id_in_and_out_of_its_envelope() -> None:
    body = application_response(answer("AP"))
    assert documents.reports(body) == documents.reports(enveloped(body)) == documents.reports(b"\xef\xbb\xbf" + body)


def test_each_answer_is_an_occurrence_of_its_own() -> None:
    ids = {
        one(application_response(answer(code, reference), name=name, sender=sender)).event_id
        for code, reference, name, sender in [
            ("AP", "m-1", "a-1", BUYER),
            ("AB", "m-1", "a-1", BUYER),
            ("AP", "m-2", "a-1", BUYER),
            ("AP", "m-1", "a-2", BUYER),
            ("AP", "m-1", "a-1", "0088:9"),
        ]
    }
    assert len(ids) == 5
    first, second = documents.reports(application_response(answer("AP", "m-1"), answer("AP", "m-1")))
    assert first.event_id != second.event_id


def test_somebodys_invoice_answers_nothing() -> None:
    assert documents.reports(invoice()) == []
    assert documents.reports(enveloped(invoice())) == []


@pytest.mark.parametrize(
    "body", [application_response(), b"<ApplicationResponse/>", b"<html/>", b"[]", b"{}", b'{"a": 1}']
)
def test_what_is_no_answer_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        documents.reports(body)


@given(number=st.text(min_size=1), seller=st.text(), buyer=st.text())
def test_an_invoices_key_can_be_kept_and_ignores_case(number: str, seller: str, buyer: str) -> None:
    key = invoice_key(number, seller=seller, buyer=buyer)
    assert key is not None
    assert 0 < len(key) <= 255
    assert key.isascii()
    assert invoice_key(number, seller=seller, buyer=f"{buyer}0") != key
    assert invoice_key("f 17", seller="0088:A", buyer="9915:b") == invoice_key("F  17", seller="0088:a", buyer="9915:B")


def test_times_are_utc() -> None:
    told = one(application_response(answer("AP"), time="23:30:00-02:00"))
    assert told.occurred_at == datetime(2026, 1, 16, 1, 30, tzinfo=UTC)
