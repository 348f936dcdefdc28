"""What goes into the network: the UBL among the attachments, to whom, under which name."""

import pytest

from adapters.providers.peppol.parcel import Parcel, key_of, pack
from adapters.providers.peppol.parties import invoice_key, participant, split
from adapters.providers.port import Attachment, Outgoing, Refused, UnreadableError
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT
from tests.adapters.providers.kit_network import PDF, outgoing, ubl
from tests.adapters.providers.kit_peppol import BUYER, NUMBER, SELLER, invoice


def packed(told: Outgoing) -> Parcel:
    found = pack(told)
    assert isinstance(found, Parcel)
    return found


def test_the_document_is_the_xml_beside_whatever_else_there_is() -> None:
    found = packed(outgoing(PDF, ubl()))
    assert (found.document, found.name, found.receiver) == (invoice(), ATTEMPT, BUYER)
    assert (found.number, found.seller, found.country, found.is_credit_note) == (NUMBER, SELLER, "BE", False)
    assert packed(outgoing(ubl(invoice(root="CreditNote"), "text/xml; charset=utf-8"))).is_credit_note


@pytest.mark.parametrize(
    ("attachments", "reason"),
    [
        ([PDF], "document_missing"),
        ([Attachment("a.xml", "application/octet-stream", invoice())], "document_missing"),
        ([ubl(b"no xml")], "validation"),
        ([ubl(b"<!DOCTYPE a><a/>")], "validation"),
    ],
)
def test_without_a_document_nothing_is_sent(attachments: list[Attachment], reason: str) -> None:
    found = pack(outgoing(*attachments))
    assert isinstance(found, Refused)
    assert (found.reason, found.status) == (reason, Status.FAILED)


def test_the_invoice_names_its_buyer_where_nobody_else_does() -> None:
    assert packed(outgoing(to=None)).receiver == BUYER
    assert packed(outgoing(to="")).receiver == BUYER
    assert packed(outgoing(to="0088:9")).receiver == "0088:9"
    found = pack(outgoing(ubl(invoice(buyer=None)), to=None))
    assert isinstance(found, Refused)
    assert found.reason == "missing_contact"


def test_each_recipient_has_a_name_of_its_own_that_never_changes() -> None:
    first, second = packed(outgoing(number=1)), packed(outgoing(number=2))
    assert first.name == ATTEMPT
    assert second.name not in (ATTEMPT, packed(outgoing(number=3)).name)
    assert second.name == packed(outgoing(number=2)).name
    assert packed(outgoing(number=2, attempt="no-uuid")).name == "no-uuid"


def test_what_the_buyer_will_name() -> None:
    key = invoice_key(NUMBER, seller=SELLER, buyer=BUYER)
    assert packed(outgoing()).invoice_key == key == key_of(invoice())
    assert BUYER not in str(key)
    assert packed(outgoing(ubl(invoice(seller=None)))).invoice_key is None
    assert key_of(invoice(buyer=None)) is None
    with pytest.raises(UnreadableError):
        key_of(b"")


@pytest.mark.parametrize(
    ("address", "scheme", "name"),
    [
        ("0088:7300010000001", "0088", "7300010000001"),
        ("iso6523-actorid-upis::0088:7300010000001", "0088", "7300010000001"),
        ("9915:some:thing", "9915", "some:thing"),
        ("BE:EN:0123456749", "BE:EN", "0123456749"),
    ],
)
def test_participants(address: str, scheme: str, name: str) -> None:
    assert split(address) == (scheme, name)
    assert participant(address) == f"{scheme}:{name}"
