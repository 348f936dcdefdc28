"""The address that a simulated letter behaves by is read in its PDF."""

import pytest

from adapters.simulator import printed
from adapters.simulator.behaviour import Channel, find
from tests.adapters.simulator.pages import pdf

LINES = ["Ada Payer", "Main Street 7 (back)", "1000 Brussels", "", "Invoice 17", "EUR 12.00", "Thank you"]


@pytest.mark.parametrize("compressed", [True, False])
def test_lines_are_read_in_their_order(compressed: bool) -> None:
    assert printed.lines(pdf(LINES, compressed=compressed)) == [line for line in LINES if line]


def test_the_first_lines_are_the_address() -> None:
    assert printed.address(pdf(LINES)) == ["Ada Payer", "Main Street 7 (back)", "1000 Brussels", *LINES[4:7]]


def test_care_of_marks_the_address_wherever_it_stands() -> None:
    found = printed.address(pdf(["Seller Ltd", "Invoice 17", "Ada Payer", "c/o Returned", "Main Street 7"]))
    assert found == ["Ada Payer", "c/o Returned", "Main Street 7"]
    assert printed.address(pdf(["c/o Returned", "Main Street 7"])) == ["c/o Returned", "Main Street 7"]


@pytest.mark.parametrize("content", [b"", b"%PDF-", b"%PDF-1.7\x00stream\nendstream", b"stream\n(a) Tj"])
def test_what_has_no_text_has_no_address(content: bytes) -> None:
    assert printed.address(content) == []


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("Ada Payer, c/o Returned, 1000 Brussels", "returned"),
        ("Ada Payer, C/O  late-return", "late-return"),
        ("Ada Payer, Returned Street 3, 1000 Brussels", "anything else"),
        ("Ada Payer, c/o Grace, returned", "anything else"),
        ("", "anything else"),
    ],
)
def test_the_word_after_care_of_decides(address: str, name: str) -> None:
    assert find(Channel.POST, address).name == name
