"""What stays of an answer for a reader who may not see addresses."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.masking import mask_address, masked

ATTEMPT: dict[str, Any] = {
    "id": "a-1",
    "recipient": "jane.doe@payer.example",
    "recipient_count": 2,
    "recipients": [
        {"number": 1, "address": "jane.doe@payer.example", "name": "Jane Doe", "role": "to", "status": "failed"},
        {"number": 2, "address": None, "name": None, "role": "cc", "status": "sent"},
    ],
    "message": {"subject": "Invoice 2026-0042", "text": "Dear Jane, write to jane.doe@payer.example"},
    "error": {"code": "hard_bounce", "title": "No such address", "detail": "550 <jane.doe@payer.example>: unknown"},
    "subject": {"number": "2026-0042", "customer": {"id": "c-1", "name": "Payer Ltd"}},
}
ENTRY = {"kind": "status_reported", "recipient": "+32470123478", "detail": "unknown subscriber +32470123478"}
HIDDEN = ("jane", "Jane", "Doe", "doe@", "470123")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("jane.doe@payer.example", "j***@payer.example"),
        ("j@payer.example", "***@payer.example"),
        ('"jane doe"@payer.example', "***"),
        ("+32470123478", "+32*****78"),
        ("+14155550123", "+1*****23"),
        ("+0", "***"),
        ("Jane Doe, Rue Haute 1, 1000 Brussels, Belgium", "***, Belgium"),
        ("Jane Doe\nRue Haute 1\n1000 Brussels", "***, 1000 Brussels"),
        ("Jane Doe", "***"),
        ("", "***"),
        ("[erased]", "[erased]"),
    ],
)
def test_an_address_keeps_what_tells_its_kind(address: str, shown: str) -> None:
    assert mask_address(address) == shown


@given(st.emails())
def test_of_a_local_part_only_the_first_letter_is_shown(address: str) -> None:
    local, _, domain = address.rpartition("@")
    assert mask_address(address) == f"{local[0] if len(local) > 1 else ''}***@{domain}"


def test_a_whole_answer_holds_no_address() -> None:
    communication = {"last_recipient": "jane.doe@payer.example", "attempts": [ATTEMPT], "timeline": [ENTRY]}
    for answer in (ATTEMPT, communication, {"data": [ATTEMPT, communication], "has_more": False}):
        text = masked(msgspec.json.encode(answer)).decode()
        assert not [word for word in HIDDEN if word in text]


def test_all_else_stays() -> None:
    found = msgspec.json.decode(masked(msgspec.json.encode({**ATTEMPT, "timeline": [ENTRY]})))
    first, second = found["recipients"]
    assert first == {"number": 1, "address": "j***@payer.example", "name": "J***", "role": "to", "status": "failed"}
    assert second == ATTEMPT["recipients"][1]
    assert found["recipient_count"] == 2
    assert found["message"] == {"subject": "Invoice 2026-0042", "text": None}
    assert found["error"] == {"code": "hard_bounce", "title": "No such address", "detail": None}
    assert found["timeline"] == [{"kind": "status_reported", "recipient": "+32*****78", "detail": None}]
    assert found["subject"] == ATTEMPT["subject"]
